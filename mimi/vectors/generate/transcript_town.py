"""Providers and devices, and the carrier between them, while a transcript is written.

Messages arrive in order, one at a time, but for what the scenario lets be lost, be late or come
twice. What a device sends goes first, so that it is taken before anything else comes to the device.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from mimi import content
from mimi.codec import encode
from mimi.content.model import Message
from mimi.crypto import SeededEntropy, Suite
from mimi.identity import RoomUri
from mimi.policy.components import Rooms
from mimi.protocol.directory import Directory
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import ExternalSender
from mimi.vectors.case import Case
from mimi.vectors.form import Form
from mimi.vectors.generate.transcript_phone import Phone
from mimi.vectors.generate.written import Vector
from mimi.vectors.transcript_device import Seen, form_of_end
from mimi.vectors.transcript_provider import Station, Taken, provider_in

START = 1_800_000_000_000
"""When a transcript begins, in milliseconds since 1970-01-01T00:00Z."""
LATENCY = 10
"""How long each message is on its way, in milliseconds."""
MINUTE = 60_000

NOTHING: Form = {"sends": [], "hosted": [], "closed": [], "reported": []}

Matches = Callable[[Form], bool]


def none(_: Form) -> bool:
    """Match no message."""
    return False


def is_notify(to: str) -> Matches:
    """Match notifications to a provider."""
    return lambda each: (
        each["kind"] == "request" and each["to"] == to and "notify" in each["target"]
    )


def is_asked(to: str, *endpoints: str) -> Matches:
    """Match requests to a provider at some endpoints."""
    return lambda each: (
        each["kind"] == "request"
        and each["to"] == to
        and any(f"/{endpoint}/" in each["target"] for endpoint in endpoints)
    )


def is_response(to: str) -> Matches:
    """Match the responses to a provider."""
    return lambda each: each["kind"] == "response" and each["to"] == to


def is_delivery(*to: str) -> Matches:
    """Match what is delivered to some devices."""
    return lambda each: each["kind"] == "delivery" and each["to"] in to


@attrs.define
class Sent:
    """A message on its way.

    Attributes:
        message: The message.
        sends: The list of steps that the sender has sent with it; None for a device's.
        at: Its place in the list.
        repeats: Which step it repeats; None for none.
    """

    message: Form
    sends: list[int] | None = None
    at: int = 0
    repeats: int | None = None


@attrs.frozen
class Profile:
    """Who is found by a query, encoded."""

    query: bytes
    found: bytes


class Town:
    """Providers and devices.

    Args:
        suite: The cipher suite of all.
        entropy: The source of all randomness.
        domains: The providers' domains; whether they give out key packages unasked.
        host: Which of them hosts the rooms.
        profiles: From domains to who is found there.
    """

    def __init__(
        self,
        suite: Suite,
        entropy: SeededEntropy,
        domains: Mapping[str, bool],
        host: str,
        profiles: Mapping[str, Iterable[Profile]] | None = None,
    ) -> None:
        self.suite, self.entropy, self.now = suite, entropy, START
        self.host = host
        self.providers: list[Form] = []
        self.stations: dict[str, Station] = {}
        self.phones: dict[str, Phone] = {}
        self.assets: dict[str, bytes] = {}
        self.steps: list[Form] = []
        self.lost: Matches = none
        self.held: Matches = none
        self._seen: dict[str, Seen] = {}
        self._kept: list[Sent] = []
        self._waiting: deque[Sent] = deque()
        for domain, is_open in domains.items():
            self._open(domain, is_open, (profiles or {}).get(domain, ()))

    def _open(self, domain: str, is_open: bool, profiles: Iterable[Profile]) -> None:  # noqa: FBT001 - it is told of each
        entropy = self.entropy.fork(domain.encode())
        header = {
            "domain": domain,
            "directory": Directory.at(f"https://mimi.{domain}/v1").encode(),
            "hub": self._hub(domain, entropy) if domain == self.host else None,
            "is_open": is_open,
            "profiles": [attrs.asdict(each) for each in profiles],
        }
        self.providers.append(header)
        rooms = Rooms()
        provider = provider_in(
            Case(json.loads(json.dumps(header, default=bytes.hex))),
            self.suite,
            rooms,
            entropy.fork(b"sealing"),
        )
        self.stations[domain] = Station(provider)

    def _hub(self, domain: str, entropy: SeededEntropy) -> Form:
        return {
            "signature_priv": self.suite.generate_signature_key(entropy).reveal(),
            "credential": encode(BasicCredential(f"mimi://{domain}".encode()), Credential),
            "hub_key": entropy(32),
        }

    @property
    def hub(self) -> ExternalSender:
        """The host as an external sender of its rooms."""
        return self.stations[self.host].provider.hub.sender

    def buy(
        self, *names: str, count: int = 2, last_resort: bool = True, is_partial: bool = False
    ) -> None:
        """Let users have new devices, which offer key packages: ``alice/phone@a.example``."""
        for name in names:
            device, _, provider = name.partition("@")
            uri = f"mimi://{provider}/d/{device}"
            entropy = self.entropy.fork(uri.encode())
            phone = Phone(uri, self.suite, Rooms(), entropy, is_partial=is_partial)
            self.phones[device], self._seen[uri] = phone, Seen()
            self.do(phone.offers(self.now, count, last_resort=last_resort))

    def phone(self, name: str) -> Phone:
        """Return a device, by its short name: ``alice/phone``."""
        return self.phones[name]

    # What happens

    def text(self, words: str) -> Message:
        """Return a message of words, whose salt follows from them."""
        return content.text(words, entropy=self.entropy.fork(words.encode()))

    def do(self, *messages: list[Form]) -> None:
        """Let devices send something, and everybody do what comes of it."""
        self._waiting += (Sent(each) for sent in messages for each in sent)
        self._carry()

    def wait(self, provider: str, milliseconds: int) -> None:
        """Let time pass, and a provider do what is due then."""
        self.now += milliseconds
        self._waiting.append(Sent({"from": provider, "to": provider, "kind": "clock"}))
        self._carry()

    def silence(self, step: int) -> None:
        """Let a provider give up to wait for the response to its request, which a step was."""
        request = self.steps[step]
        place = {"from": request["from"], "to": request["from"], "kind": "silence"}
        self._waiting.append(Sent({**place, "exchange": request["exchange"]}))
        self._carry()

    def again(self, step: int) -> None:
        """Let a message arrive once more."""
        known = self.steps[step]
        outcome = {*NOTHING, "rooms", "messages", "events", "at", "is_lost", "repeats"}
        message = {name: value for name, value in known.items() if name not in outcome}
        self._waiting.append(Sent(message, repeats=step))
        self._carry()

    def release(self, *, reverse: bool = False) -> None:
        """Let arrive what was kept back."""
        kept, self._kept, self.held = self._kept, [], none
        self._waiting += reversed(kept) if reverse else kept
        self._carry()

    def last(self, matches: Matches) -> int:
        """Return the last step that was something."""
        return max(at for at, each in enumerate(self.steps) if matches(each))

    def _carry(self) -> None:
        while self._waiting:
            sent = self._waiting.popleft()
            if self.held(sent.message):
                self._kept.append(sent)
            else:
                self._arrive(sent)

    def _arrive(self, sent: Sent) -> None:
        self.now += LATENCY
        message, place = sent.message, len(self.steps)
        step: Form = {"at": self.now, **message}
        self.steps.append(step)
        if sent.sends is not None:
            sent.sends[sent.at] = place
        if message["kind"] in ("response", "answer"):
            step.setdefault("opened", None)
        if message["kind"] not in ("call", "clock", "silence"):
            step |= {"is_lost": self.lost(message), "repeats": sent.repeats}
        if step.get("is_lost"):
            step |= _empty(message["kind"])
        elif message["to"] in self.stations:
            self._at_provider(step)
        elif message["kind"] in ("answer", "delivery"):
            self._at_device(step)
        elif message["kind"] == "request":
            self._at_assets(step)

    def _at_provider(self, step: Form) -> None:
        if step["kind"] == "call":
            phone = next(each for each in self.phones.values() if each.uri == step["from"])
            step |= self._seen[phone.uri].outcome(phone.rooms, ())
        taken = self.stations[step["to"]].take(step, self.now)
        sends = [0] * len(taken.messages)
        step |= {"sends": sends, **_outcome(taken)}
        for at, message in enumerate(taken.messages):
            self._note_sealed(step, message)
            self._waiting.append(Sent(message, sends, at))

    def _note_sealed(self, step: Form, message: Form) -> None:
        """Say what is in an answer that was encrypted just now."""
        content = self._content(step, message)
        if content is not None:
            message["opened"] = content

    def _content(self, step: Form, message: Form) -> bytes | None:
        if step["kind"] == "response" or message["kind"] not in ("response", "answer"):
            return None
        for phone in self.phones.values():
            found = phone.opened(message["body"])
            if found is not None:
                return found
        return None

    def _at_device(self, step: Form) -> None:
        phone = next(each for each in self.phones.values() if each.uri == step["to"])
        events, sends = phone.take(step, self.now)
        step |= self._seen[phone.uri].outcome(phone.rooms, events)
        for message in reversed(sends()):
            self._waiting.appendleft(Sent(message))

    def _at_assets(self, step: Form) -> None:
        """Let an asset server answer, which is no machine of the protocol."""
        step |= {**NOTHING, "sends": []}
        found = self.assets.get(f"https://{step['to']}{step['target']}")
        response = {
            "from": step["to"],
            "to": step["from"],
            "kind": "response",
            "exchange": step["exchange"],
            "status": 404 if found is None else 200,
            "headers": [] if found is None else [["Content-Type", "application/octet-stream"]],
            "body": found or b"",
        }
        self._waiting.append(Sent(response))

    # The file

    def vector(self, description: str) -> Vector:
        """Return the transcript so far."""
        return {
            "kind": "protocol-transcript",
            "description": description,
            "cipher_suite": int(self.suite.code),
            "providers": self.providers,
            "devices": [each.header() for each in self.phones.values()],
            "steps": self.steps,
            "end": list(self._end()),
        }

    def _end(self) -> Iterator[Form]:
        for phone in self.phones.values():
            for room in phone.rooms.values():
                yield form_of_end(phone.uri, room)

    def epoch(self, uri: RoomUri) -> int:
        """Return the epoch of a room at its hub."""
        return self.stations[str(uri.provider)].state.rooms[uri].group.epoch


def _outcome(taken: Taken) -> dict[str, Any]:
    return {"hosted": taken.hosted, "closed": taken.closed, "reported": taken.reported}


def _empty(kind: str) -> Form:
    """Return the outcome of what is lost."""
    if kind in ("request", "response"):
        return {**NOTHING, "sends": []}
    if kind in ("answer", "delivery"):
        return {"rooms": [], "messages": [], "events": []}
    return {}
