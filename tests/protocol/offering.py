"""Users who offer key packages, who claims them, and what stands for a database."""

from collections.abc import Iterable
from typing import Any

from protocol.providers import ALICE, BOB, ROOM_ID, body, device, octets
from tree.members import NOW, SUITE

from mimi.codec import replace
from mimi.crypto import Suite
from mimi.identity import UserUri
from mimi.mls import Client, KeyPackage, key_package_ref
from mimi.mls.rows import Changes
from mimi.protocol import KeyMaterialRequest, KeyMaterialRequestTBS, sign_key_material_request
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.keystore import Claimed, KeyStore
from mimi.tree.extension import RequiredCapabilities

MS = NOW * 1000
DAY = 24 * 3600
PHONE, LAPTOP, TABLET = (octets(BOB.client(name)) for name in ("phone", "laptop", "tablet"))


def packages(client: Client, count: int = 1, now: int = NOW, **options: Any) -> list[KeyPackage]:
    """Return some key packages of a client, all different."""
    return [body(client.key_package(now=now, **options)[1], KeyPackage) for _ in range(count)]


def offering(*counts: int, user: UserUri = BOB, store: KeyStore | None = None) -> KeyStore:
    """Return a store in which a user's phone, laptop and tablet offer so many key packages."""
    store = KeyStore() if store is None else store
    for name, count in zip(("phone", "laptop", "tablet"), counts, strict=False):
        made = packages(device(user, name), count)
        store = store.stored(octets(user), octets(user.client(name)), made, now=MS)
    return store


def asking(
    user: UserUri = ALICE, target: UserUri = BOB, suite: Suite = SUITE, **changes: Any
) -> KeyMaterialRequest:
    """Return a user's request for another's key packages, with changes before it is signed."""
    client = device(user, suite=suite)
    asked = KeyMaterialRequestTBS(
        octets(user),
        octets(target),
        ROOM_ID,
        (suite.code,),
        RequiredCapabilities(),
        client.signer.public,
        client.credential,
    )
    return sign_key_material_request(suite, replace(asked, **changes), client.signer)


def claimed(store: KeyStore, request: KeyMaterialRequest | None = None, **changes: Any) -> Claimed:
    """Return the outcome of a claim to which the target has consented."""
    options: dict[str, Any] = {"consent": Consent.GRANTED, "now": MS, **changes}
    return store.claim(request or asking(), **options)


def given_of(step: Claimed) -> list[KeyPackage]:
    """Return the key packages in an answer."""
    materials = (each.material for each in step.response.clients)
    return [each for each in materials if isinstance(each, KeyPackage)]


def references(given: Iterable[KeyPackage]) -> list[bytes]:
    """Return what Welcomes call key packages."""
    return [key_package_ref(SUITE, each) for each in given]


def kept(rows: dict[str, bytes], changes: Changes) -> dict[str, bytes]:
    """Return rows after changes, which erase nothing that is not there."""
    assert set(changes.erased) <= rows.keys()
    assert not changes.written.keys() & set(changes.erased)
    left = {name: row for name, row in rows.items() if name not in changes.erased}
    return {**left, **changes.written}
