"""Consent in rows, one for each scope and each key package that came with a grant.

::

    consent/<pair>/<room>          what stands in a scope
    granted/<pair>/<reference>     a key package that may be used, or was

``<pair>`` and ``<room>`` are the first 16 octets of SHA-256, in hexadecimal: of the room's URI; of
the digests of the requester's URI and the target's. Any room is ``any``. All rows of a pair suffice
for what happens to that pair.
"""

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

from mimi.codec import decode, encode
from mimi.crypto import suite_of
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.rows import STRANGE, Changes, Fields, RowEdit, Rows, damage
from mimi.protocol.consent_pairs import STRANGERS, GrantedPackage, Pair, Standing
from mimi.protocol.consents import Consents
from mimi.protocol.keystore_rows import name_of, octets_in_name

Users: TypeAlias = tuple[bytes, bytes]
"""A requester and a target."""

_DECISIONS = (None, False, True)


def name_of_pair(requester: bytes, target: bytes) -> str:
    """Return the part of a row's name that stands for a requester and a target."""
    both = hashlib.sha256(requester).digest() + hashlib.sha256(target).digest()
    return name_of(both)


def _name_of_scope(users: Users, room: bytes | None) -> str:
    last = "any" if room is None else name_of(room)
    return f"{name_of_pair(*users)}/{last}"


# Writing


def save_consents(consents: Consents) -> dict[str, bytes]:
    """Return consents in rows."""
    return dict(consent_changes(consents).written)


def consent_changes(now: Consents, before: Consents | None = None) -> Changes:
    """Return what consents say otherwise than what is stored.

    Args:
        now: The consents.
        before: Those whose rows are stored; None where none are.
    """
    out, old = RowEdit(), {} if before is None else before.pairs
    for users, pair in now.pairs.items():
        if pair is not old.get(users):
            _write_pair(out, users, pair, old.get(users, STRANGERS))
    for users, pair in old.items():
        if users not in now.pairs:
            _write_pair(out, users, STRANGERS, pair)
    return out.changes()


def _write_pair(out: RowEdit, users: Users, pair: Pair, before: Pair) -> None:
    whose = {"requester": users[0], "target": users[1]}
    scopes, were = _scopes(users, pair), _scopes(users, before)
    out.write_table("consent", scopes, were, lambda each: {**whose, **_scope_fields(*each)})
    packages, gone = _packages(users, pair), _packages(users, before)
    out.write_table("granted", packages, gone, lambda each: {**whose, **_package_fields(each)})


def _scopes(users: Users, pair: Pair) -> dict[str, tuple[bytes | None, Standing]]:
    return {_name_of_scope(users, room): (room, each) for room, each in pair.scopes.items()}


def _packages(users: Users, pair: Pair) -> dict[str, GrantedPackage]:
    above = name_of_pair(*users)
    return {f"{above}/{reference.hex()}": each for reference, each in pair.packages.items()}


def _scope_fields(room: bytes | None, standing: Standing) -> dict[str, object]:
    return {
        "room": room,
        "decision": _DECISIONS.index(standing.is_granted),
        "is_requested": standing.requested is not None,
        "requested": standing.requested or 0,
    }


def _package_fields(granted: GrantedPackage) -> dict[str, object]:
    package = None if granted.package is None else encode(granted.package)
    return {"room": granted.room, "not_after": granted.not_after, "key_package": package}


# Reading


def load_consents(stored: Mapping[str, bytes]) -> Consents:
    """Return what is stored of some pairs of users, or of all.

    Args:
        stored: All rows of each of these pairs.

    Raises:
        DamagedSnapshotError: They are something else.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        rows = Rows(stored)
        scopes: dict[Users, dict[bytes | None, Standing]] = {}
        packages: dict[Users, dict[bytes, GrantedPackage]] = {}
        for name in stored:
            if name.startswith("consent/"):
                users, room, standing = _read_scope(rows.take(name, "consent"))
                scopes.setdefault(users, {})[room] = standing
            elif name.startswith("granted/"):
                users, reference, granted = _read_package(rows.take(name, "granted"))
                packages.setdefault(users, {})[reference] = granted
        rows.done()
        return Consents(
            {
                users: Pair(scopes.get(users, {}), packages.get(users, {}))
                for users in {**scopes, **packages}
            }
        )


def _users(fields: Fields) -> Users:
    return fields.octets("requester"), fields.octets("target")


def _read_scope(fields: Fields) -> tuple[Users, bytes | None, Standing]:
    users, room = _users(fields), fields.octets_or_none("room")
    decision, requested = fields.number("decision"), fields.number("requested")
    is_requested = fields.flag("is_requested")
    fields.done()
    if decision >= len(_DECISIONS) or fields.row != f"consent/{_name_of_scope(users, room)}":
        raise DamagedSnapshotError(STRANGE, fields.row)
    return users, room, Standing(_DECISIONS[decision], requested if is_requested else None)


def _read_package(fields: Fields) -> tuple[Users, bytes, GrantedPackage]:
    users, room = _users(fields), fields.octets_or_none("room")
    not_after, octets = fields.number("not_after"), fields.octets_or_none("key_package")
    fields.done()
    above, _, last = fields.row.removeprefix("granted/").rpartition("/")
    reference = octets_in_name(last, fields.row)
    if above != name_of_pair(*users):
        raise DamagedSnapshotError("the name is not that of the pair", fields.row)
    with damage(fields.row):
        package = None if octets is None else decode(KeyPackage, octets)
        if package is not None:
            found = key_package_ref(suite_of(package.cipher_suite), package)
            if found != reference:
                raise DamagedSnapshotError("the name is not that of the key package", fields.row)
    return users, reference, GrantedPackage(room, not_after, package)
