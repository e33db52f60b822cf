"""What a hub of a transcript has accepted, and whom it must have told, from the draft alone.

draft-ietf-mimi-protocol-06, sections 5.3 to 5.5: the hub accepts what is of the epoch, each thing
at a later time, and says how many proposals are pending; every provider that takes part is told of
it once, in that order, as it was submitted, with the hub's frank.
"""

import hmac
from typing import Any

from naive import naive_extensions as ext
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, must, unhex
from naive.naive_components import component_data, dictionary_in, read_safe_aad
from naive.naive_extended_tree import read_tree
from naive.naive_policy_wire import participants_of
from naive.naive_protocol_wire import kind_of_message, read_body
from naive.naive_public import (
    check_group_info,
    open_message,
    receive_commit,
    receive_proposal,
    start,
)
from naive.naive_transcript_device import FULL_TREE, tree_in
from naive.naive_transcript_room import (
    FRANK_AAD,
    LOGICS,
    PARTICIPANTS,
    franking_context,
    opener,
    user_of,
)
from naive.naive_transcript_rules import BANNED, check_answer, may_send, staying
from naive.naive_wire import decode


def provider_of(uri: str) -> str:
    return uri.removeprefix("mimi://").partition("/")[0]


def message_of(octets: str) -> dict:
    return decode(ext.MLS_MESSAGE, unhex(octets))


def epoch_of(message: dict) -> int:
    body: dict[str, Any] = message["body"]
    return body["epoch"] if "epoch" in body else body["content"]["epoch"]


class Room:
    """A room at its hub: what is told, ``told`` by provider, ``stapled`` by the epoch opened."""

    def __init__(self, uri: str, hub: dict, new: dict) -> None:
        self.uri, self.hub, self.host, self.time = uri, hub, provider_of(uri), 0
        info = decode(ext.MLS_MESSAGE, new["group_info"])["body"]
        self.public = start(info, LOGICS, new["ratchet_tree"])
        self.closed_at: int | None = None
        self.events: list[dict] = []
        self.stapled: dict[int, list[str]] = {}
        self.told: dict[str, list[dict]] = {}

    @property
    def epoch(self) -> int:
        return self.public.context["epoch"]

    def form(self) -> dict:
        """What a step says of a room at its hub, but for what is pending."""
        context = self.public.context
        listed = component_data(dictionary_in(context["extensions"]), PARTICIPANTS)
        return {
            "room": self.uri,
            "epoch": context["epoch"],
            "tree_hash": context["tree_hash"].hex(),
            "confirmed_transcript_hash": context["confirmed_transcript_hash"].hex(),
            "participants": participants_of(listed or b"\0"),
        }

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    # What is accepted

    def audience(self) -> set[str]:
        """The providers of active participants: of those that have clients in the group."""
        nodes = self.public.nodes
        leaves = [tree.leaf_at(nodes, one) for one in tree.occupied_leaves(nodes)]
        users = {user_of(leaf["credential"]) for leaf in leaves}
        listed = {user for user, role in self.form()["participants"] if role != BANNED}
        return {provider_of(user) for user in users & listed}

    def happened(self, event: dict, audience: set[str]) -> None:
        must("it is not before what was accepted", holds=event["timestamp"] >= self.time)
        self.time = event["timestamp"]
        self.events.append({"event": event, "audience": audience - {self.host}})

    def propose(self, *wires: str) -> None:
        for octets in map(unhex, wires):
            opened = open_message(self.public, octets, opener)
            self.public = receive_proposal(self.public, opened)

    def update(self, body: bytes, response: dict) -> None:
        """Take an update and the hub's answer."""
        bundle, code = read_body("UpdateRequest", body)["bundle"], response["response_code"]
        octets, attached = bundle["proposal_or_commit"], bundle["attached"]
        message = message_of(octets)
        epoch, details = epoch_of(message), response["details"]
        if code == "wrongEpoch":
            agree("current_epoch", self.epoch, details["current_epoch"])
            must("another epoch", holds=epoch != self.epoch)
            return
        agree("the epoch", epoch, self.epoch)
        must("the room is open", holds=not self.is_closed)
        check_answer(self.public, open_message(self.public, unhex(octets), opener), response)
        if code != "success":
            return
        accepted = details["accepted_timestamp"]
        must("it is accepted after everything before", holds=accepted > self.time)
        if kind_of_message(message) == "proposal":
            self.propose(octets, *attached["more_proposals"])
            event = {"timestamp": accepted, "message": octets, "attached": attached}
            self.happened(event, self.audience())
            self.closed_at = None if staying(self.public) else accepted
        else:
            self.commit(octets, attached, accepted)

    def commit(self, octets: str, attached: dict, accepted: int) -> None:
        before, opened = self.audience(), open_message(self.public, unhex(octets), opener)
        self.public = receive_commit(self.public, opened).public
        self.check_given(attached)
        event = {
            "timestamp": accepted,
            "message": octets,
            "attached": {"external_proposals": list[str]()},
        }
        self.happened(event, before | self.audience())
        if attached["welcome"] is not None:
            octets = "0001" + "0003" + attached["welcome"]
            option = {"ratchet_tree_option": attached["ratchet_tree_option"]}
            welcome = {"timestamp": accepted, "message": octets, "attached": option}
            self.happened(welcome, set())

    def check_given(self, attached: dict) -> None:
        """Check the tree and the group info that come with a commit, where they come whole."""
        option, given = attached["ratchet_tree_option"], attached["group_info_option"]
        if unhex(option)[0] == FULL_TREE:
            agree("the tree of the commit", self.public.nodes, read_tree(tree_in(option)))
        if given["representation"] == "full":
            info = decode(wire.GROUP_INFO_STRUCT, unhex(given["group_info"]))
            agree("the group context", self.public.context, info["group_context"])
            check_group_info(self.public.suite, info, self.public.nodes)

    def submit(self, request: dict, status: dict) -> None:
        """Take a message and the hub's answer."""
        octets, code = request["app_message"], status["code"]
        message = message_of(octets)
        epoch = epoch_of(message)
        if code == "epochTooOld":
            agree("current_epoch", self.epoch, status["current_epoch"])
            must("it is of an epoch before", holds=epoch < self.epoch)
            return
        agree("the epoch", epoch, self.epoch)
        allowed = may_send(self.public, request["sending_uri"])
        expected = "accepted" if allowed else "notAllowed"
        agree("whether it may be sent", expected, code)
        if code != "accepted":
            return
        accepted, frank = status["accepted_timestamp"], status["frank"]
        must("it is accepted after everything before", holds=accepted > self.time)
        if frank is not None:
            self.check_frank(message["body"], request["sending_uri"], accepted, frank)
        event = {"timestamp": accepted, "message": octets, "attached": {"frank": frank}}
        self.happened(event, self.audience())

    def check_frank(self, body: dict, sender: str, accepted: int, frank: dict) -> None:
        """Make the frank again from what the hub sees (section 5.4.1)."""
        items = read_safe_aad(body["authenticated_data"])
        (tag,) = (one["aad_item_data"] for one in items if one["component_id"] == FRANK_AAD)
        tagged = tag + franking_context(sender, self.uri, accepted)
        made = hmac.digest(unhex(self.hub["hub_key"]), tagged, "sha256")
        agree("server_frank", made.hex(), frank["server_frank"])

    def time_of(self, proposal: str) -> int | None:
        """Give when a proposal of this epoch was accepted."""
        for one in self.events:
            event = one["event"]
            commit = kind_of_message(message_of(event["message"])) == "commit"
            own = epoch_of(message_of(event["message"])) + 1 if commit else None
            told = [event["message"], *event["attached"].get("more_proposals", [])]
            if proposal in told or (own and proposal in self.stapled.get(own, [])):
                return event["timestamp"]
        return None

    def pendings(self) -> dict[int, list[int]]:
        """Count, of every epoch, what is pending at its beginning and after each proposal."""
        counts = {at: [len(self.stapled.get(at, []))] for at in range(self.epoch + 1)}
        for one in self.events:
            event, message = one["event"], message_of(one["event"]["message"])
            if kind_of_message(message) == "proposal":
                listed = counts[epoch_of(message)]
                listed.append(listed[-1] + 1 + len(event["attached"]["more_proposals"]))
        if self.is_closed:
            counts[self.epoch].pop()
        return counts

    # What is told

    def hears(self, provider: str, events: list[dict]) -> None:
        """Note what a provider is told for the first time."""
        for event in events:
            self.note_own(event)
            self.check_known(event)
            told = self.told.setdefault(provider, [])
            must("it is told once", holds=event not in told)
            late = bool(told) and told[-1]["timestamp"] > event["timestamp"]
            must("it is told in order", holds=not late)
            told.append(event)

    def check_known(self, event: dict) -> None:
        known = [one for one in self.events if one["event"] == self.unstapled(event)]
        must("what is told was accepted so", holds=len(known) == 1)

    def unstapled(self, event: dict) -> dict:
        """Give an event without what the hub has stapled to a commit, which is checked."""
        stapled = event["attached"].get("external_proposals", [])
        for one in map(message_of, stapled):
            content = one["body"]["content"]
            agree("who proposes", content["sender"]["sender_type"], wire.EXTERNAL)
            agree("for which epoch", content["epoch"], epoch_of(message_of(event["message"])) + 1)
        return {**event, "attached": {"external_proposals": []}} if stapled else event

    def note_own(self, event: dict) -> None:
        """Note what the hub itself proposes: it stands in no request."""
        stapled = event["attached"].get("external_proposals", [])
        self.propose(*(one for one in stapled if epoch_of(message_of(one)) == self.epoch))
        message = message_of(event["message"])
        if kind_of_message(message) == "commit":
            known = self.stapled.setdefault(epoch_of(message) + 1, stapled)
            agree("what is stapled", known, stapled)
        if message["wire_format"] != wire.PUBLIC_MESSAGE:
            return
        sender = message["body"]["content"]["sender"]["sender_type"]
        if sender == wire.EXTERNAL and all(event != one["event"] for one in self.events):
            self.propose(event["message"], *event["attached"]["more_proposals"])
            self.happened(event, self.audience())

    def check_told(self) -> None:
        """Check that everybody was told everything that was for them."""
        for one in self.events:
            if not one["audience"]:
                continue
            told = {
                at
                for at, events in self.told.items()
                if one["event"] in map(self.unstapled, events)
            }
            agree("who is told", told - {self.host}, one["audience"])
