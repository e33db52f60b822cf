"""A device of a transcript: what it knows of its rooms after every step, from the drafts alone."""

from typing import Any

from naive import naive_crypto as crypto
from naive import naive_extensions as ext
from naive import naive_transcript_room as rooms
from naive import naive_wire as wire
from naive.naive_agree import agree, must, unhex
from naive.naive_crypto import Suite
from naive.naive_extended_member import Member, take_commit, take_proposal
from naive.naive_protocol_wire import kind_of_message, read_body
from naive.naive_public import committed, leaf_of, open_message, proposal_reference
from naive.naive_transcript_rules import staying
from naive.naive_wire import OPAQUE, Reader, decode, encode, struct

NEW_ROOM = struct(("group_info", OPAQUE), ("ratchet_tree", OPAQUE))
FULL_TREE = 1
TAKEN = {"commit": "roomChanged", "join": "joined"}
"""What is said of one's own commit that takes effect."""


def tree_in(option: str) -> bytes:
    """The tree of a RatchetTreeOption that holds it."""
    octets = unhex(option)
    agree("the representation of the tree", octets[0], FULL_TREE)
    return octets[1:]


class View:
    """A room on a device; ``past`` by epoch, ``sent`` by the octets of its own messages."""

    def __init__(self, member: Member, *, active: bool = True) -> None:
        self.member, self.active = member, active
        self.past: dict[int, Member] = {}
        self.underway: tuple[str, bytes, Member | None] | None = None
        self.sent: dict[bytes, dict] = {}
        self.shown: set[bytes] = set()
        self.waiting: list[dict] = []
        self.is_over = False

    @property
    def is_in(self) -> bool:
        return self.active and not self.is_over

    @property
    def leaves_nobody(self) -> bool:
        """Whether all are to go, by what the hub has taken: nobody is left to commit that."""
        is_asked = self.underway is not None and self.underway[0] == "proposals"
        return not is_asked and not staying(self.member.public)

    @property
    def epoch(self) -> int:
        return self.member.public.context["epoch"]

    def enter(self, member: Member) -> None:
        self.past[self.epoch] = self.member
        self.member, self.underway = member, None


class Device:
    """A device; ``packages`` by reference, ``calls`` by number."""

    def __init__(self, suite: Suite, uri: str) -> None:
        self.suite, self.uri = suite, uri
        self.packages: dict[bytes, dict] = {}
        self.views: dict[str, View] = {}
        self.calls: dict[int, dict] = {}
        self.private: dict[str, bytes] = {}
        self.infos: dict[str, dict] = {}
        self.seen: dict[str, dict] = {}
        self.messages: list[dict] = []
        self.events: list[str] = []

    def outcome(self) -> tuple[list[dict], list[dict], list[str]]:
        """What rooms are not as they were, what messages came, and what happened."""
        changed = []
        for uri, view in self.views.items():
            waiting = len(view.waiting)
            form = rooms.form_of(view.member, uri, active=view.is_in, waiting=waiting)
            if self.seen.get(uri) != form:
                self.seen[uri] = form
                changed.append(form)
        messages, self.messages = self.messages, []
        events, self.events = self.events, []
        return changed, messages, events

    # What it sends

    def call(self, step: dict) -> None:
        self.calls[step["call"]] = step
        body, own, about = unhex(step["body"]), step["secrets"], step["about"]
        if step["name"] == "offerKeys":
            self.offer(body, own["key_packages"])
        elif step["name"] == "createRoom":
            new = decode(NEW_ROOM, body)
            info = decode(ext.MLS_MESSAGE, new["group_info"])["body"]
            private = crypto.full_private_key(self.suite, unhex(own["encryption_priv"]))
            secret = unhex(own["epoch_secret"])
            self.views[about] = View(rooms.founded(info, new["ratchet_tree"], secret, private))
        elif step["name"] == "update":
            self.update(about, read_body("UpdateRequest", body)["bundle"], own)
        elif step["name"] == "submitMessage":
            self.say(about, body, own)
        elif step["name"] == "groupInfo":
            self.private[about] = crypto.full_private_key(self.suite, unhex(own["group_info_priv"]))

    def offer(self, body: bytes, keys: list[dict]) -> None:
        reader = Reader(body)
        for own in keys:
            package = ext.KEY_PACKAGE.read(reader)
            octets = encode(ext.KEY_PACKAGE, package)
            reference = crypto.key_package_ref(self.suite, octets)
            self.packages[reference] = {**own, "package": package}
        must("there are keys for every key package", holds=reader.at_end())

    def update(self, about: str, bundle: dict, own: dict) -> None:
        wires = [unhex(bundle["proposal_or_commit"])]
        message = decode(ext.MLS_MESSAGE, wires[0])
        if kind_of_message(message) == "proposal":
            view = self.views[about]
            wires += [unhex(one) for one in bundle["attached"]["more_proposals"]]
            for octets in wires:
                view.member = take_proposal(view.member, octets)
            view.underway = ("proposals", wires[0], None)
        elif own["joiner_secret"] is None:
            return
        elif message["body"]["content"]["sender"]["sender_type"] == wire.NEW_MEMBER_COMMIT:
            self.enter(about, wires[0], own)
        else:
            view = self.views[about]
            view.underway = ("commit", wires[0], rooms.own_commit(view.member, wires[0], own))

    def enter(self, about: str, octets: bytes, own: dict) -> None:
        given = self.infos[about]
        info = decode(wire.GROUP_INFO_STRUCT, unhex(given["group_info"]))
        pending = [unhex(one["proposal"]) for one in given["pending_proposals"]]
        leaving = [one for one in pending if is_self_remove(one)]
        nodes = tree_in(given["ratchet_tree_option"])
        before = self.views.get(about)
        view = View(rooms.own_entry(info, nodes, leaving, octets, own), active=False)
        if before is not None:
            view.shown, view.sent = before.shown, before.sent
            view.waiting = [one for one in before.waiting if epoch_of(one) >= view.epoch]
        view.underway = ("join", octets, None)
        self.views[about] = view

    def say(self, about: str, octets: bytes, own: dict) -> None:
        view = self.views[about]
        said = rooms.read_application(view.member, decode(ext.MLS_MESSAGE, octets)["body"])
        agree("the sender's leaf", said["leaf"], view.member.leaf)
        agree("content", said["content"], unhex(own["content"]))
        agree("message_id", rooms.id_of(said, about), unhex(own["message_id"]))
        view.sent[octets] = {"said": said, "member": view.member}

    # What it is told

    def answer(self, step: dict) -> None:
        call = self.calls.pop(step["call"])
        if step["status"] != 200:
            self.unanswered(call)
            return
        body, about = unhex(step["body"]), call["about"]
        if call["name"] == "groupInfo":
            self.granted(about, read_body("GroupInfoResponse", body))
        elif call["name"] == "update":
            self.updated(about, call, read_body("UpdateRoomResponse", body))
        elif call["name"] == "submitMessage":
            view, sent = self.views[about], unhex(call["body"])
            status = read_body("SubmitMessageResponse", body)["status"]
            if sent not in view.sent:
                self.events.append("passed")
            elif status["code"] != "accepted":
                self.events.append("notSent")
            else:
                self.own_message(about, sent, status["accepted_timestamp"], status["frank"])
            view.sent.pop(sent, None)

    def unanswered(self, call: dict) -> None:
        """What comes of no answer: the request stays, unless the hub has told of it."""
        if call["name"] == "update":
            view = self.views[call["about"]]
            is_open = view.underway is not None and view.underway[1] == sent_by(call)
            self.events.append("changeRefused" if is_open else "passed")
        elif call["name"] == "submitMessage":
            is_open = unhex(call["body"]) in self.views[call["about"]].sent
            self.events.append("notSent" if is_open else "passed")

    def granted(self, about: str, response: dict) -> None:
        status = response["status"]
        if status["code"] != "success":
            return
        sealed = status["encrypted_groupinfo_and_tree"]
        opened = crypto.decrypt_with_label(
            self.suite,
            self.private[about],
            "GroupInfo and ratchet_tree encryption",
            about.encode(),
            (unhex(sealed["kem_output"]), unhex(sealed["ciphertext"])),
        )
        self.infos[about] = read_body("GroupInfoRatchetTreeTBE", opened)

    def updated(self, about: str, call: dict, response: dict) -> None:
        view, code = self.views[about], response["response_code"]
        if view.underway is None or view.underway[1] != sent_by(call):
            self.events.append("passed")
            return
        kind, _, member = view.underway
        if code == "success":
            self.taken(about, view, kind, member)
            return
        self.events.append("changeRefused")
        if code != "wrongEpoch" or response["details"]["current_epoch"] <= view.epoch:
            view.underway = None

    def taken(self, about: str, view: View, kind: str, member: Member | None) -> None:
        if kind == "commit" and member is not None:
            view.enter(member)
        if kind != "proposals":
            self.events.append(TAKEN[kind])
        view.active, view.underway = True, None
        self.settle(about, view)
        self.end(view)

    def own_message(self, about: str, octets: bytes, accepted: int, frank: dict | None) -> None:
        view = self.views[about]
        found = view.sent.pop(octets)
        self.show(about, view, found["member"], found["said"], accepted, frank)

    def show(
        self,
        about: str,
        view: View,
        member: Member,
        said: dict,
        accepted: int,
        frank: dict | None,
    ) -> None:
        name = rooms.id_of(said, about)
        view.shown.add(name)
        self.events.append("messageShown")
        franked = rooms.is_franked(member, said, frank, about, accepted)
        self.messages.append(
            {
                "room": about,
                "message_id": name.hex(),
                "sender": said["sender"],
                "accepted": accepted,
                "content": said["content"].hex(),
                "franked": franked,
            }
        )

    # What the hub hands on

    def deliver(self, step: dict) -> None:
        (event,) = read_body("NotifyRequest", unhex(step["body"]))
        about, message = step["about"], decode(ext.MLS_MESSAGE, unhex(event["message"]))
        if kind_of_message(message) == "welcome":
            nodes = tree_in(event["attached"]["ratchet_tree_option"])
            member = rooms.welcomed(self.packages, message["body"], nodes, self.suite)
            must("the Welcome is for the device", holds=member is not None)
            before, view = self.views.get(about), View(member)
            view.shown = before.shown if before else set()
            self.views[about] = view
        elif about in self.views:
            view = self.views[about]
            self.happen(about, view, event)
            self.settle(about, view)
            self.end(view)

    def end(self, view: View) -> None:
        """Say so where a room is over."""
        if view.leaves_nobody and not view.is_over:
            self.events.append("roomOver")
        view.is_over = view.leaves_nobody

    def settle(self, about: str, view: View) -> None:
        """Take what has waited for the epoch that has come."""
        while ready := [one for one in view.waiting if epoch_of(one) <= view.epoch]:
            view.waiting.remove(ready[0])
            self.happen(about, view, ready[0])

    def happen(self, about: str, view: View, event: dict) -> None:
        if not view.active and view.underway is None:
            return
        epoch = epoch_of(event)
        if epoch > view.epoch:
            view.waiting = sorted([*view.waiting, event], key=lambda one: one["timestamp"])
            self.events.append("kept")
            return
        octets, attached = unhex(event["message"]), event["attached"]
        message = decode(ext.MLS_MESSAGE, octets)
        kind = kind_of_message(message)
        if kind == "application":
            self.hear(about, view, octets, message["body"], event)
        elif epoch == view.epoch and kind == "commit":
            self.follow(view, octets)
        elif epoch == view.epoch:
            self.propose(view, octets)
        else:
            self.events.append("passed")
        more = attached.get("more_proposals", attached.get("external_proposals", []))
        for one in map(unhex, more):
            if decode(ext.MLS_MESSAGE, one)["body"]["content"]["epoch"] == view.epoch:
                self.propose(view, one)
            else:
                self.events.append("passed")

    def hear(self, about: str, view: View, octets: bytes, message: dict, event: dict) -> None:
        member = view.member if message["epoch"] == view.epoch else view.past.get(message["epoch"])
        if member is None:
            self.events.append("passed")
            return
        accepted, frank = event["timestamp"], event["attached"]["frank"]
        if octets in view.sent:
            self.own_message(about, octets, accepted, frank)
            return
        said = rooms.read_application(member, message)
        if rooms.id_of(said, about) in view.shown:
            self.events.append("passed")
        else:
            self.show(about, view, member, said, accepted, frank)

    def propose(self, view: View, octets: bytes) -> None:
        public = view.member.public
        opened = open_message(public, octets, rooms.opener, view.member.secrets["membership_key"])
        is_known = proposal_reference(self.suite, opened) in public.pending
        self.events.append("passed" if is_known else "proposed")
        if not is_known:
            view.member = take_proposal(view.member, octets)

    def follow(self, view: View, octets: bytes) -> None:
        if view.underway is not None and view.underway[1] == octets:
            kind, _, member = view.underway
            must("the commit is the device's own", holds=member is not None)
            view.enter(member)
            view.active = True
            self.events.append(TAKEN[kind])
            return
        key = view.member.secrets["membership_key"]
        opened = open_message(view.member.public, octets, rooms.opener, key)
        listed = committed(view.member.public, opened["content"])
        if view.member.leaf in {leaf_of(one) for one in listed}:
            view.active, view.underway, view.waiting = False, None, []
            self.events.append("removedMe")
        else:
            self.events.append("roomChanged")
            if view.underway is not None:
                self.events.append("changeRefused")
            view.enter(take_commit(view.member, octets))


def sent_by(call: dict) -> bytes:
    """The commit of an update, or its first proposal."""
    return unhex(read_body("UpdateRequest", unhex(call["body"]))["bundle"]["proposal_or_commit"])


def is_self_remove(octets: bytes) -> bool:
    body = decode(ext.MLS_MESSAGE, octets)["body"]["content"]["body"]
    return body["proposal_type"] == ext.SELF_REMOVE


def epoch_of(event: dict) -> int:
    body: dict[str, Any] = decode(ext.MLS_MESSAGE, unhex(event["message"]))["body"]
    return body["epoch"] if "epoch" in body else body["content"]["epoch"]
