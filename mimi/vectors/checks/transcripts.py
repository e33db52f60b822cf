"""Transcripts of several providers and devices: every machine replays its part from the file.

Providers are given what comes to them, and send what the file says that they send; devices are
given what comes to them, what they sent themselves and the secrets of that. All go through the
file together, so that the first step is named at which one of them sees something else.
"""

from collections.abc import Container
from typing import Any

from mimi.codec import decode
from mimi.crypto import HPKEPrivateKey
from mimi.errors import MimiError
from mimi.policy.components import Rooms
from mimi.protocol.groupinfo import GroupInfoResponse
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.form import Form
from mimi.vectors.transcript_device import Listener, Seen, device_of, form_of_end
from mimi.vectors.transcript_epochs import OwnSecretError
from mimi.vectors.transcript_form import check_form
from mimi.vectors.transcript_provider import Station, Taken, provider_in
from mimi.vectors.transcript_sealed import unsealed

_OUTCOMES = frozenset({"sends", "hosted", "closed", "reported", "rooms", "messages", "events"})
_OF_CARRIER = frozenset({"at", "is_lost", "repeats"})


def check_transcript(case: Case) -> None:
    """Replay a transcript."""
    check_kind(case, "protocol-transcript")
    steps = check_form(case)
    replay = Replay(case, steps)
    for index in range(len(steps)):
        replay.step(index)
    case.same("end", replay.end())


class Replay:
    """All machines of a transcript.

    Args:
        case: The transcript.
        steps: Its steps, octets as bytes.
    """

    def __init__(self, case: Case, steps: list[Form]) -> None:
        self.suite, self.steps = case.suite(), steps
        self.cases = list(case.parts("steps"))
        self.stations: dict[str, Station] = {}
        for part in case.parts("providers", least=1):
            with part.at("domain"):
                station = Station(provider_in(part, self.suite, Rooms()))
            _check_new(part, "domain", station.name, self.stations)
            self.stations[station.name] = station
        self.listeners: dict[str, Listener] = {}
        self.seen: dict[str, Seen] = {}
        for part in case.parts("devices"):
            with part.at("signature_priv"):
                signer = self.suite.signature_private_key(part.octets("signature_priv"))
            uri = part.string("uri")
            _check_new(part, "uri", uri, self.listeners)
            with part.at("uri"):
                device = device_of(uri, self.suite, signer, Rooms())
            provider = str(device.owner.client.provider)
            if provider not in self.stations:
                raise DifferenceError(part.name("uri"), "a device of a provider", shown(uri))
            self.listeners[uri], self.seen[uri] = Listener(device), Seen()
        self.sent: set[int] = set()
        self.private: list[HPKEPrivateKey] = []
        self.now = 0

    def end(self) -> list[Form]:
        """Return what all devices show."""
        return [
            form_of_end(uri, room)
            for uri, listener in self.listeners.items()
            for room in listener.rooms.values()
        ]

    # Steps

    def step(self, index: int) -> None:
        """Let a step be taken, and compare what comes of it."""
        case, step = self.cases[index], self.steps[index]
        if step["at"] < self.now:
            raise DifferenceError(case.name("at"), f"{self.now} or later", shown(step["at"]))
        self.now = step["at"]
        self._check_origin(index)
        receiver = step["to"]
        if step.get("is_lost"):
            self._nothing(index)
        elif step["kind"] == "call":
            self._call(index)
        elif receiver in self.stations and step["kind"] not in ("answer", "delivery", "notice"):
            self._provider(index)
        elif receiver in self.listeners and step["kind"] in ("answer", "delivery"):
            self._device(index, receiver)
        elif receiver in self.listeners and step["kind"] == "notice":
            return
        elif step["kind"] == "request":
            self._nothing(index)  # whoever keeps assets is no machine of the protocol
        else:
            raise DifferenceError(case.name("to"), "who takes part", shown(receiver))

    def _check_origin(self, index: int) -> None:
        """Check that what a provider says is what it has sent, or what arrives again."""
        case, step = self.cases[index], self.steps[index]
        kind, again = step["kind"], step.get("repeats")
        if again is not None:
            if again >= index:
                raise DifferenceError(case.name("repeats"), f"below {index}", shown(again))
            for name, value in self.steps[again].items():
                if name not in _OUTCOMES | _OF_CARRIER:
                    case.same(name, value)
        elif kind == "call":
            self._check_place(index, self.listeners)
        elif kind in ("clock", "silence"):
            case.same("from", step["to"])
        elif step["from"] in self.stations and index not in self.sent:
            raise DifferenceError(case.name("from"), "somebody who sends this", shown(step["from"]))

    def _check_place(self, index: int, listeners: dict[str, Listener]) -> None:
        case, step = self.cases[index], self.steps[index]
        found = listeners.get(step["from"])
        if found is None:
            raise DifferenceError(case.name("from"), "a device", shown(step["from"]))
        case.same("to", str(found.device.owner.client.provider))

    def _nothing(self, index: int) -> None:
        """Check that nothing comes of a step."""
        for name in self.steps[index]:
            if name in _OUTCOMES:
                self.cases[index].equal_length(name, 0)

    def _call(self, index: int) -> None:
        case, step = self.cases[index], self.steps[index]
        secrets = case.part("secrets")
        if step["name"] == "groupInfo":
            with secrets.at("group_info_priv"):
                key = self.suite.hpke_private_key(step["secrets"]["group_info_priv"])
            self.private.append(key)
        self._device(index, step["from"])
        _note_all(secrets)
        self._provider(index)

    def _device(self, index: int, uri: str) -> None:
        case, step, listener = self.cases[index], self.steps[index], self.listeners[uri]
        try:
            events = listener.take(step, self.now)
        except OwnSecretError as error:
            own = case if error.field == "body" else case.part("secrets")
            raise DifferenceError(
                own.name(error.field), "what the device has sent", error.reason
            ) from error
        except MimiError as error:
            got = f"{type(error).__name__}: {error}"
            raise DifferenceError(case.name("body"), "what the device takes", got) from error
        for name, value in self.seen[uri].outcome(listener.rooms, events).items():
            case.same(name, value)

    def _provider(self, index: int) -> None:
        case, step = self.cases[index], self.steps[index]
        with case.at("body" if "body" in step else "kind"):
            taken = self.stations[step["to"]].take(step, self.now)
        self._check_sent(index, taken)
        case.same("hosted", taken.hosted)
        case.same("closed", list(taken.closed))
        case.same("reported", [list(each) for each in taken.reported])

    def _check_sent(self, index: int, taken: Taken) -> None:
        case, step = self.cases[index], self.steps[index]
        case.equal_length("sends", len(taken.messages))
        sends = case.part("sends")
        for at, (place, message) in enumerate(zip(step["sends"], taken.messages, strict=True)):
            if not index < place < len(self.steps) or place in self.sent:
                raise DifferenceError(sends.name(at), "a later step", shown(place))
            self.sent.add(place)
            self._check_message(self.cases[place], message)

    # What is sent

    def _check_message(self, case: Case, message: Form) -> None:
        """Compare a message that was sent with the step in which it arrives."""
        for name in ("from", "to", "kind"):
            case.same(name, message[name])
        opened = case.data.get("opened") is not None
        if opened:
            self._check_sealed(case, message["body"])
        for name, value in message.items():
            if name != "body" or not opened:
                case.same(name, value)

    def _check_sealed(self, case: Case, octets: bytes) -> None:
        """Compare an answer that is encrypted: what it holds, and whose it is."""
        with case.at("body"):
            given = decode(GroupInfoResponse, case.octets("body"))
            made = decode(GroupInfoResponse, octets)
            content = unsealed(self.suite, given, self.private)
            same = unsealed(self.suite, made, self.private) == content
            if not same or given.room_id != made.room_id:
                raise DifferenceError(case.name("body"), "what the hub hands out", "another")
        case.equal("opened", content)
        case.note("body")


def _check_new(part: Case, key: str, name: str, known: Container[str]) -> None:
    if name in known:
        raise DifferenceError(part.name(key), "somebody else", shown(name))


def _note_all(part: Case) -> None:
    """Note that all in a part was checked."""
    data: Any = part.data
    for key in data if isinstance(data, dict) else range(len(data)):
        if isinstance(data[key], dict | list):
            _note_all(part.part(key))
        elif data[key] is not None:
            part.note(key)
