"""Transcripts of several providers and devices, checked from the drafts alone.

HTTP and its bodies (draft-ietf-mimi-protocol-06, sections 4.1 and 5), what hubs accept and tell
(`naive_transcript_ledger`) and refuse (`naive_transcript_rules`), what the other endpoints answer
(`naive_transcript_services`), what followers hand on, what devices see (`naive_transcript_device`)
and show (`naive_transcript_end`); and that all who are in an epoch of a room are in the same one.
"""

from typing import Any

from naive import naive_crypto as crypto
from naive import naive_identity, naive_policy_wire
from naive.naive_agree import agree, checking, must, unhex
from naive.naive_protocol_http import OCTETS, RESPONSES, accepts, read_directory, read_request
from naive.naive_protocol_wire import read_body, write_body
from naive.naive_transcript_device import NEW_ROOM, Device
from naive.naive_transcript_end import conversation
from naive.naive_transcript_ledger import Room, provider_of
from naive.naive_transcript_room import user_of
from naive.naive_transcript_rules import users_with
from naive.naive_transcript_services import Services
from naive.naive_wire import decode

WELL_KNOWN = "/.well-known/mimi-protocol-directory"
MOST_OCTETS = 1 << 24
REFUSED = (
    AssertionError,
    ValueError,
    LookupError,
    naive_identity.Refused,
    naive_policy_wire.Refused,
)
OWN_CALLS = ("update", "submitMessage")
ANSWERED = (*OWN_CALLS, "keyMaterial", "groupInfo", "identifierQuery")


class Transcript:
    """All who take part.

    ``asked`` by who has asked and the number of the exchange; ``given`` are the bodies that were
    asked, each with the one that answered it.
    """

    def __init__(self, case: dict) -> None:
        suite = crypto.suite_of(case["cipher_suite"])
        self.providers = {one["domain"]: one for one in case["providers"]}
        self.devices = {one["uri"]: Device(suite, one["uri"]) for one in case["devices"]}
        self.steps = case["steps"]
        self.services = Services(case)
        self.rooms: dict[str, Room] = {}
        self.pendings: dict[tuple[str, int], list[int]] = {}
        self.closed: dict[str, int] = {}
        self.heard: dict[tuple[str, str], list[dict]] = {}
        self.asked: dict[tuple[str, int], dict] = {}
        self.given: set[tuple[str, str]] = set()
        self.calls: dict[tuple[str, int], dict] = {}
        self.hosted: dict[tuple[str, int], list[dict]] = {}
        self.accepted: dict[tuple[str, bytes], dict] = {}
        self.taken: set[tuple[str, str]] = set()
        self.sent: set[tuple[str, str]] = set()
        self.epochs: dict[tuple[str, int], dict[str, Any]] = {}
        for one in self.providers.values():
            read_directory(unhex(one["directory"]))

    def take(self, number: int, step: dict) -> None:
        kind, self.services.opened = step["kind"], None
        if kind == "request" and step["to"] in self.providers:
            self.request(number, step)
        elif kind == "response" and step["from"] in self.providers:
            self.response(step)
        elif kind == "call":
            self.call(step)
        elif kind == "answer":
            self.answer(step)
        elif kind == "notice":
            self.services.notice(step)
        if step.get("repeats") is None:
            agree("opened", self.services.opened, step.get("opened"))
        else:
            self.repeated(step)
        self.host(step)
        self.services_of(step)
        if kind == "delivery" and step["from"] == provider_of(step["about"]):
            for event in read_body("NotifyRequest", unhex(step["body"])):
                self.rooms[step["about"]].note_own(event)
                self.rooms[step["about"]].check_known(event)
        if not step.get("is_lost") and kind in ("call", "answer", "delivery"):
            self.at_device(step)

    def repeated(self, step: dict) -> None:
        """Check that what comes again is what came, but for when and what becomes of it."""
        first = self.steps[step["repeats"]]
        for name in (
            "kind",
            "from",
            "to",
            "exchange",
            "call",
            "target",
            "status",
            "body",
            "opened",
        ):
            agree(f"{name} again", first.get(name), step.get(name))

    # Providers

    def request(self, number: int, step: dict) -> None:
        """Check a request; of a notification, what is told by it, and what becomes of it."""
        self.asked[step["from"], step["exchange"]] = step
        if step["target"] == WELL_KNOWN:
            agree("the method", step["method"], "GET")
            return
        found = self.read(step)
        body = unhex(step["body"])
        self.services.request(step, found["endpoint"], found["parameter"])
        if found["endpoint"] == "notify":
            events = read_body("NotifyRequest", body)
            agree("the body, written again", write_body("NotifyRequest", events), body)
            self.notify(step, found["parameter"], events)

    def read(self, step: dict) -> dict:
        directory = unhex(self.providers[step["to"]]["directory"]).decode()
        headers = [["From", f"mimi@{step['from']}"]]
        if step["method"] == "POST":
            headers.append(["Content-Type", OCTETS])
        agree("the headers", step["headers"][1:], headers)
        context = {"authenticated": [step["from"]], "most_octets": MOST_OCTETS}
        return read_request({**step, **context, "directory": directory})

    def notify(self, step: dict, about: str, events: list[dict]) -> None:
        sent = (step["to"], step["body"])
        if sent not in self.sent:
            self.sent.add(sent)
            self.rooms[about].hears(step["to"], events)
        if step["is_lost"]:
            return
        delivered = [self.steps[at] for at in step["sends"]][1:]
        bodies = [write_body("FanoutMessage", event).hex() for event in events]
        if sent in self.taken:
            agree("what comes of a notification that came before", delivered, [])
        for one in delivered:
            must("what is delivered was told", holds=one["body"] in bodies)
            agree("the room", one["about"], about)
        self.taken.add(sent)

    def response(self, step: dict) -> None:
        """Check a response; at the hub it decides about what was asked."""
        asked = self.asked[step["to"], step["exchange"]]
        agree("who answers", step["from"], asked["to"])
        self.given.add((asked["body"], step["body"]))
        status, body = step["status"], unhex(step["body"])
        if asked["target"] == WELL_KNOWN:
            agree("the directory", step["body"], self.providers[step["from"]]["directory"])
            return
        found = self.read(asked)
        endpoint = found["endpoint"]
        if not accepts(endpoint, status):
            must("a status of refusal", holds=status >= 400)
            agree("the body of a refusal", body, b"")
        elif endpoint in RESPONSES:
            read = read_body(RESPONSES[endpoint], body)
            agree("the body, written again", write_body(RESPONSES[endpoint], read), body)
            if step["repeats"] is None:
                self.served(step, endpoint, found["parameter"], unhex(asked["body"]))
            if endpoint in OWN_CALLS and step["repeats"] is None:
                self.decided(endpoint, found["parameter"], unhex(asked["body"]), read)
        elif endpoint != "proxyDownload":
            agree("the body", body, b"")

    def served(self, step: dict, name: str, about: str, body: bytes) -> None:
        if self.services.decides(step, name, about, body):
            self.services.answered(step, name, about, body, self.rooms.get(about))
        else:
            self.services.handed_on(step, name, body)

    def decided(self, endpoint: str, about: str, body: bytes, response: dict) -> None:
        room = self.rooms[about]
        if (about, body) in self.accepted:
            agree("the answer to what comes again", response, self.accepted[about, body])
            return
        code = response["response_code"] if endpoint == "update" else response["status"]["code"]
        if code in ("success", "accepted"):
            self.accepted[about, body] = response
        if endpoint == "update":
            room.update(body, response)
        else:
            room.submit(read_body("SubmitMessageRequest", body), response["status"])
        for form in self.hosted.get((about, room.epoch), []):
            agree("what the hub knows", room.form(), form)

    def host(self, step: dict) -> None:
        """Note what hubs say of their rooms: of a commit they say so before it is answered."""
        for form in step.get("hosted", []):
            self.same_epoch(form)
            counts = self.pendings.setdefault((form["room"], form["epoch"]), [])
            counts.append(form["pending"])
            known = {name: value for name, value in form.items() if name != "pending"}
            self.hosted.setdefault((form["room"], form["epoch"]), []).append(known)

    def services_of(self, step: dict) -> None:
        """Check what a hub makes of a report that comes to it; note which rooms it closes."""
        for room in step.get("closed", []):
            agree("who hosts it", provider_of(room), step["to"])
            must("it is closed once", holds=room not in self.closed)
            self.closed[room] = step["at"]
        reported: list[list[bool]] = []
        endpoint, about = "", ""
        if step["kind"] == "call" and step["name"] == "reportAbuse":
            endpoint, about = step["name"], step["about"]
        elif step["kind"] == "request" and step["to"] in self.providers and step["body"]:
            found = self.read(step)
            endpoint, about = found["endpoint"], found["parameter"]
        if endpoint == "reportAbuse" and provider_of(about) == step["to"]:
            new = step["repeats"] is None if "repeats" in step else True
            if new and not step.get("is_lost"):
                reported = [self.services.report(unhex(step["body"]), self.rooms[about])]
        agree("reported", reported, step.get("reported", []))

    # Devices

    def call(self, step: dict) -> None:
        self.calls[step["from"], step["call"]] = step
        self.services.call(step)
        if step["name"] == "createRoom":
            host = self.providers[step["to"]]
            must("the provider hosts rooms", holds=host["hub"] is not None)
            agree("the host", provider_of(step["about"]), step["to"])
            new = decode(NEW_ROOM, unhex(step["body"]))
            self.rooms[step["about"]] = Room(step["about"], host["hub"], new)

    def answer(self, step: dict) -> None:
        """Check what a provider answers its device: as the hub it decides, else it hands on."""
        call = self.calls[step["to"], step["call"]]
        if call["name"] not in ANSWERED or step["status"] != 200:
            return
        body = unhex(call["body"])
        self.served(step, call["name"], call["about"], body)
        if call["name"] == "submitMessage":
            sender = user_of({"identity": call["from"].encode()})
            request = {"protocol": 1, "app_message": call["body"], "sending_uri": sender}
            body = write_body("SubmitMessageRequest", request)
        if self.services.decides(step, call["name"], call["about"], body):
            if call["name"] not in OWN_CALLS:
                return
            response = read_body(RESPONSES[call["name"]], unhex(step["body"]))
            self.decided(call["name"], call["about"], body, response)
            return
        handed_on = (body.hex(), step["body"]) in self.given
        must("the hub's answer is handed on", holds=handed_on)

    def at_device(self, step: dict) -> None:
        uri = step["from"] if step["kind"] == "call" else step["to"]
        device = self.devices[uri]
        takes = {"call": device.call, "answer": device.answer, "delivery": device.deliver}
        takes[step["kind"]](step)
        changed, messages, events = device.outcome()
        agree("rooms", changed, step["rooms"])
        agree("messages", messages, step["messages"])
        agree("events", events, step["events"])
        for form in step["rooms"]:
            self.same_epoch(form)
        for one in messages:
            self.heard.setdefault((uri, one["room"]), []).append(one)

    def same_epoch(self, form: dict) -> None:
        """Check that all who are in an epoch of a room have the same one."""
        known = self.epochs.setdefault((form["room"], form["epoch"]), {})
        for name in ("tree_hash", "confirmed_transcript_hash", "epoch_authenticator"):
            if name in form:
                agree(f"{name} of all", known.setdefault(name, form[name]), form[name])
        agree("participants", known.setdefault("list", form["participants"]), form["participants"])

    def check_end(self, end: list[dict]) -> None:
        closed = {uri: room.closed_at for uri, room in self.rooms.items() if room.is_closed}
        agree("which rooms are closed, and when", closed, self.closed)
        for room in self.rooms.values():
            room.check_told()
            for epoch, counts in room.pendings().items():
                agree(f"pending in {epoch}", counts, self.pendings.get((room.uri, epoch), []))
        for one in end:
            view = self.devices[one["device"]].views[one["room"]]
            agree("epoch at the end", view.epoch, one["epoch"])
            agree("member at the end", view.is_in, one["member"])
            secret = view.member.secrets["epoch_authenticator"].hex()
            agree("epoch_authenticator at the end", secret, one["epoch_authenticator"])
            moderators = users_with(self.rooms[one["room"]].public, "canDeleteOtherMessage")
            shown = conversation(self.heard.get((one["device"], one["room"]), []), moderators)
            agree("the conversation", shown, one["conversation"])
        known = {(uri, room) for uri, device in self.devices.items() for room in device.views}
        agree("who shows what", known, {(one["device"], one["room"]) for one in end})


def replay(transcript: Transcript, case: dict, start: int = 0) -> None:
    """Check a transcript from a step on, which is the next one of those who take part."""
    for number, step in enumerate(case["steps"][start:], start):
        try:
            transcript.take(number, step)
        except REFUSED as error:
            raise AssertionError(f"step {number}: {type(error).__name__}: {error}") from error
    transcript.check_end(case["end"])


@checking
def check_transcript(case: dict) -> None:
    replay(Transcript(case), case)
