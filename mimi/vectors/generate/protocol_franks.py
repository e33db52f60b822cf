"""Franks and reports, and what is wrong with others."""

import hmac
from collections.abc import Iterator

import attrs

from mimi import content
from mimi.crypto import SeededEntropy, SignaturePrivateKey, Suite, draw, suite_of
from mimi.vectors.generate.protocol_keys import OTHER_SCHEME, UNREADABLE, basic
from mimi.vectors.generate.protocol_octets import BOB, CATHY, ROOM, opaque, u16, u64, vector
from mimi.vectors.generate.written import Vector

ACCEPTED = 1_700_000_000_123
ATTIC = "mimi://a.example/r/attic"


@attrs.frozen
class Franked:
    """A message that is franked, and how it is wrong.

    Attributes:
        application_data: All that was encrypted.
        salt: The salt of the message.
        hub_key: The hub's secret.
        signer: The franking agent's private key.
        suite: The group's cipher suite.
        sender: Who sent it.
        room: The room.
        accepted: When the hub accepted it, in milliseconds.
        signed_at: When the hub says in its signature that it did; None for then.
        signed_suite: The cipher suite that is said; None for the group's.
        label: The label of the signature.
    """

    application_data: bytes
    salt: bytes
    hub_key: bytes
    signer: SignaturePrivateKey
    suite: Suite
    sender: str = BOB
    room: str = ROOM
    accepted: int = ACCEPTED
    signed_at: int | None = None
    signed_suite: int | None = None
    label: bytes = b"FrankingIntegrityTBS"

    @property
    def tag(self) -> bytes:
        """The franking tag."""
        return hmac.digest(self.salt, self.application_data, "sha256")

    @property
    def context(self) -> bytes:
        """The ServerFrankingContext."""
        return opaque(self.sender) + opaque(self.room) + u64(self.accepted)

    @property
    def server_frank(self) -> bytes:
        """What only the hub can make."""
        return hmac.digest(self.hub_key, self.tag + self.context, "sha256")

    @property
    def code(self) -> int:
        """The cipher suite that is said."""
        return int(self.suite.code) if self.signed_suite is None else self.signed_suite

    def tbs(self) -> bytes:
        """Return what the hub signs."""
        at = self.accepted if self.signed_at is None else self.signed_at
        context = opaque(self.sender) + opaque(self.room) + u64(at)
        return self.server_frank + u16(self.code) + context

    def frank(self) -> bytes:
        """Return the frank."""
        signature = self.suite.sign_with_label(self.signer, self.label, self.tbs())
        return self.server_frank + u16(self.code) + opaque(signature)


def _message(salt: bytes, sender: str | None = BOB, room: str | None = ROOM) -> bytes:
    said = {name: uri for name, uri in (("sender", sender), ("room", room)) if uri is not None}
    return content.encode(content.text("hello", salt=salt, **said))  # type: ignore[arg-type]  # texts


def _framed(octets: bytes) -> bytes:
    return opaque("application/mimi-content") + vector() + opaque(octets)


def franks(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield franks as the receiver of a message sees them."""
    good = _franked(suite, entropy)
    other = suite.generate_signature_key(entropy)
    framed = _of(good, _framed(good.application_data))
    yield _frank("a frank", good)
    yield _frank("a frank of a framed message", framed, framed=True)
    yield _frank("not framed, where it should be", good, framed=True, rule=_CONTENT)
    yield _frank("framed, where it should not be", framed, rule=_CONTENT)
    for description, made, rule in (
        ("no MIMI message", _of(good, b"hello"), _CONTENT),
        ("no sender", _of(good, _message(good.salt, sender=None)), _CONTENT),
        ("no room", _of(good, _message(good.salt, room=None)), _CONTENT),
        ("another sender is named", attrs.evolve(good, sender=CATHY), "franked-sender"),
        ("another room is named", attrs.evolve(good, room=ATTIC), "franked-room"),
        ("another time", attrs.evolve(good, signed_at=ACCEPTED + 1), _SIGNATURE),
        ("another label", attrs.evolve(good, label=b"FrankAAD"), _SIGNATURE),
        ("another suite", attrs.evolve(good, signed_suite=0xF00F), "frank-suite"),
    ):
        yield _frank(description, made, rule=rule)
    yield _frank("another key", good, rule=_SIGNATURE, agent=other.public)
    swapped = _frank("a tag of another message", good, rule="franking-tag")
    tag = attrs.evolve(good, salt=draw(entropy, 16)).tag
    frank = hmac.digest(good.hub_key, tag + good.context, "sha256")
    yield swapped | {"franking_tag": tag, "server_frank": frank}
    changed = bytes(32) + good.frank()[32:]
    tbs = bytes(32) + good.tbs()[32:]
    yield _frank("another server frank", good, rule=_SIGNATURE) | {"tbs": tbs, "frank": changed}


_CONTENT, _SIGNATURE = "franked-content", "frank-signature"


def _franked(suite: Suite, entropy: SeededEntropy) -> Franked:
    salt, hub_key = draw(entropy, 16), draw(entropy, 32)
    return Franked(_message(salt), salt, hub_key, suite.generate_signature_key(entropy), suite)


def _of(good: Franked, application_data: bytes) -> Franked:
    return attrs.evolve(good, application_data=application_data)


def _frank(
    description: str,
    made: Franked,
    *,
    rule: str | None = None,
    framed: bool = False,
    agent: bytes | None = None,
) -> Vector:
    key = made.signer.public if agent is None else agent
    verified = made.server_frank + u16(int(made.suite.code)) + made.context
    return {
        "kind": "protocol-frank",
        "description": description,
        "cipher_suite": made.suite.code,
        "hub_key": made.hub_key,
        "franking_agent": opaque(key) + basic("mimi://a.example"),
        "application_data": made.application_data,
        "framed": framed,
        "sender_uri": made.sender,
        "room_uri": made.room,
        "accepted_timestamp": made.accepted,
        "franking_tag": made.tag,
        "frank": made.frank(),
        "salt": None if rule == _CONTENT else made.salt,
        "context": made.context,
        "server_frank": made.server_frank,
        "tbs": verified,
        "rule": rule,
    }


# Reports (section 5.9)


def reports(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield messages that are reported, as the hub sees them."""
    good = _franked(suite, entropy)
    framed = _of(good, _framed(good.application_data))
    forged = attrs.evolve(good, hub_key=draw(entropy, 32))
    salt = draw(entropy, 16)
    other = attrs.evolve(good, application_data=_message(salt), salt=salt)
    for description, made, is_framed, rule in (
        ("a report", good, False, None),
        ("a report of a framed message", framed, True, None),
        ("no MIMI message", _of(good, b"hello"), False, _CONTENT),
        ("framed, where it should not be", framed, False, _CONTENT),
        ("a message of somebody else", _of(good, _message(good.salt, CATHY)), False, "abuser"),
        (
            "a message to another room",
            _of(good, _message(good.salt, room=ATTIC)),
            False,
            "franked-room",
        ),
        ("a frank of another hub", forged, False, "server-frank"),
        ("signed with another label", attrs.evolve(good, label=b"FrankAAD"), False, _SIGNATURE),
        (
            "a suite that nobody knows",
            attrs.evolve(good, signed_suite=0xF00F),
            False,
            "unknown-cipher-suite",
        ),
    ):
        yield _report(description, made, good, rule, framed=is_framed)
    swapped = _report("another message than was franked", good, good, "server-frank")
    message = opaque(other.application_data) + good.frank() + u64(ACCEPTED)
    yield swapped | {"message": message, "franking_tag": other.tag}
    later = opaque(good.application_data) + good.frank() + u64(ACCEPTED + 1)
    yield _report("another time", good, good, "server-frank") | {"message": later}


def _report(
    description: str, made: Franked, good: Franked, rule: str | None, *, framed: bool = False
) -> Vector:
    return {
        "kind": "protocol-report",
        "description": description,
        "cipher_suite": made.suite.code,
        "hub_key": good.hub_key,
        "signature_pub": made.signer.public,
        "message": opaque(made.application_data) + made.frank() + u64(made.accepted),
        "framed": framed,
        "abuser": BOB,
        "room": ROOM,
        "franking_tag": None if rule == _CONTENT else made.tag,
        "context": None if rule else made.context,
        "rule": rule,
    }


# The franking agent of a group


def franking_agents(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield updates of the component ``franking_agent``, those of one commit each."""
    key, hub = suite.generate_signature_key(entropy).public, basic("mimi://a.example")
    other = suite_of(OTHER_SCHEME[int(suite.code)]).generate_signature_key(entropy).public
    agent, repeated = opaque(key) + hub, "repeated-franking-agent"
    for description, updates, rule in (
        ("an agent", [agent], None),
        ("an octet more", [agent + b"\0"], "malformed"),
        ("an octet less", [agent[:-1]], "malformed"),
        ("no octets", [b""], "malformed"),
        ("a key of another scheme", [opaque(other) + hub], "franking-key"),
        ("no key", [opaque(b"") + hub], "franking-key"),
        ("an unreadable certificate", [opaque(key) + UNREADABLE], "franking-key"),
        ("the same agent twice", [agent, agent], repeated),
        ("two agents", [agent, opaque(key) + basic("mimi://b.example")], repeated),
    ):
        yield {
            "kind": "protocol-franking-agent",
            "description": description,
            "cipher_suite": suite.code,
            "updates": [update.hex() for update in updates],
            "after": None if rule else updates[0],
            "rule": rule,
        }
