"""Answers with key packages, and what is wrong with others."""

from collections.abc import Iterator
from typing import Any

import attrs

from mimi.codec import encode
from mimi.crypto import SeededEntropy, Suite, suite_of
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.tree.codepoints import ExtensionType
from mimi.tree.leaf import Lifetime
from mimi.vectors.generate.protocol_keys import ALICES_PHONE, OTHER_SCHEME, KeyMaterialAsked, basic
from mimi.vectors.generate.protocol_octets import (
    BOB,
    CAPABILITIES,
    CATHY,
    NONE,
    ROOM,
    opaque,
    some,
    u8,
    u16,
    vector,
)
from mimi.vectors.generate.protocol_packages import DAY, NOW, device_of, key_package
from mimi.vectors.generate.written import Vector

_REQUIRED = vector(u16(0xF0F0)) + vector() + vector(u16(1))
"""An extension that somebody supports, and basic credentials."""


def _client(status: int, name: str, material: bytes = b"", user: str = BOB) -> bytes:
    return u8(status) + opaque(device_of(user, name)) + material


def _given(package: KeyPackage, name: str = "phone", user: str = BOB) -> bytes:
    return _client(0, name, encode(package), user)


@attrs.frozen
class Answer:
    """What answers a request for Bob's key packages.

    Attributes:
        status: The status of the user.
        clients: What is said of his clients.
        given: The key packages, and the names of their clients.
        rule: The rule that is broken.
        user: The user that is named.
        protocol: The protocol that is named.
    """

    status: int
    clients: tuple[bytes, ...] = ()
    given: tuple[tuple[KeyPackage, str], ...] = ()
    rule: str | None = None
    user: str = BOB
    protocol: int = 1

    @property
    def octets(self) -> bytes:
        """The response."""
        start = u8(self.protocol) + u8(self.status) + opaque(self.user)
        return start + vector(*self.clients)


_EXHAUSTED = _client(1, "tablet")
_INCOMPATIBLE = _client(2, "desktop", NONE)
_CAPABLE = _client(2, "desktop", some(CAPABILITIES))


def key_material_responses(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield answers with key packages."""
    signer = suite.generate_signature_key(entropy)
    asked = KeyMaterialAsked((int(suite.code),), required=_REQUIRED, credential=basic(ALICES_PHONE))
    for description, answer in {**_good(suite, entropy), **_bad(suite, entropy)}.items():
        references = [
            {
                "key_package_ref": key_package_ref(suite, package).hex(),
                "client_uri": device_of(BOB, name),
            }
            for package, name in answer.given
        ]
        yield {
            "kind": "protocol-key-material-response",
            "description": description,
            "cipher_suite": suite.code,
            "request": asked.tbs(signer.public),
            "now": NOW + 60,
            "response": answer.octets,
            "references": None if answer.rule else references,
            "rule": answer.rule,
        }


def _package(
    suite: Suite, entropy: SeededEntropy, name: str = "phone", **others: Any
) -> KeyPackage:
    options = {"extensions": (ExtensionType(0xF0F0),), "user": BOB} | others
    return key_package(suite, entropy, name=name, **options)


def _good(suite: Suite, entropy: SeededEntropy) -> dict[str, Answer]:
    phone, laptop = (_package(suite, entropy, name) for name in ("phone", "laptop"))
    both = _given(phone), _given(laptop, "laptop")
    named = u8(0) + opaque("mimi://b.example/d/anonymous") + encode(phone)
    return {
        "success": Answer(0, both, ((phone, "phone"), (laptop, "laptop"))),
        "partialSuccess": Answer(1, (_EXHAUSTED, both[0], _CAPABLE), ((phone, "phone"),)),
        "partialSuccess, all that there are": Answer(1, both[:1], ((phone, "phone"),)),
        "noCompatibleMaterial": Answer(3, (_EXHAUSTED, _INCOMPATIBLE)),
        "noCompatibleMaterial, and no clients": Answer(3),
        **{f"user status {code}": Answer(code) for code in (2, 4, 5, 6, 7)},
        "another protocol": Answer(2, protocol=9, rule="answered-protocol"),
        "another user": Answer(4, user=CATHY, rule="answered-user"),
        "a client that does not say whose it is, and has another's key package": Answer(
            0,
            (named.replace(encode(phone), encode(_package(suite, entropy, user=CATHY))),),
            rule="key-package-user",
        ),
    }


def _bad(suite: Suite, entropy: SeededEntropy) -> dict[str, Answer]:
    phone = _package(suite, entropy)
    good = _given(phone)
    populated = {
        f"clients beside user status {code}": Answer(code, (_EXHAUSTED,), rule="populated-clients")
        for code in (2, 4, 5, 6, 7)
    }
    statuses = {
        "success without clients": Answer(0),
        "success, and a client without": Answer(0, (good, _EXHAUSTED)),
        "partialSuccess without clients": Answer(1),
        "partialSuccess without key packages": Answer(1, (_EXHAUSTED, _INCOMPATIBLE)),
        "noCompatibleMaterial with a key package": Answer(3, (good,)),
    }
    uris = {
        "another user's client": Answer(3, (_client(1, "phone", user=CATHY),)),
        "a client of another user there": Answer(
            3, (_client(1, "phone", user="mimi://b.example/u/dan"),)
        ),
        "a client twice": Answer(3, (_EXHAUSTED, _EXHAUSTED)),
    }
    return {
        **populated,
        **{what: attrs.evolve(each, rule="client-status") for what, each in statuses.items()},
        **{what: attrs.evolve(each, rule="client-uri") for what, each in uris.items()},
        "a room instead of a client": Answer(3, (u8(1) + opaque(ROOM),), rule="identifier-uri"),
        "a key package twice": Answer(
            0, (good, _given(phone, "laptop")), rule="repeated-key-package"
        ),
        **_unsuitable(suite, entropy),
    }


def _unsuitable(suite: Suite, entropy: SeededEntropy) -> dict[str, Answer]:
    """Return answers with key packages that are not valid, or not what was asked for."""
    phone = encode(_package(suite, entropy))
    expired, early = Lifetime(NOW - DAY, NOW), Lifetime(NOW + 61, NOW + DAY)
    other = suite_of(OTHER_SCHEME[int(suite.code)])
    packages = {
        "an expired key package": encode(_package(suite, entropy, lifetime=expired)),
        "a key package before its time": encode(_package(suite, entropy, lifetime=early)),
        "a key package of another suite": encode(_package(other, entropy)),
        "a client that lacks an extension": encode(_package(suite, entropy, extensions=())),
        "a key package whose signature is another": phone[:-1] + bytes((phone[-1] ^ 1,)),
    }
    return {
        what: Answer(0, (_client(0, "phone", package),), rule="unsuitable-key-package")
        for what, package in packages.items()
    } | {
        "a key package of another user": Answer(
            0, (_given(_package(suite, entropy, user=CATHY)),), rule="key-package-user"
        )
    }
