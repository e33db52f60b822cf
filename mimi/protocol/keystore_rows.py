"""Stored key packages in rows, one for each user, client and key package.

::

    user/<user>                        who it is, and how many clients there are
    client/<user>/<client>             which client it is, and how much it offers
    key_package/<user>/<reference>     an offer
    given/<reference>                  what was given, and to which client the Welcome goes

``<user>`` and ``<client>`` are the first 16 octets of SHA-256 of the URI, in hexadecimal. Rows of
one user suffice for what happens to that user: those of its name in the first three tables, and
of ``given`` those of the references that are asked about. A claim writes two small rows for each
client and erases one.

Whoever changes rows of a user at the same time as somebody else must fail and do it again: the row
of the user, or of its clients, is what to compare. The row of a client changes with every claim.
"""

import hashlib
from collections.abc import Iterator, Mapping

from mimi.codec import decode, encode
from mimi.crypto import suite_of
from mimi.mls.components import is_last_resort
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.rows import Changes, Fields, RowEdit, Rows, damage
from mimi.protocol.keystore import KeyStore
from mimi.protocol.offers import Given, Offer, UserKeys

EMPTY = UserKeys()


def name_of(uri: bytes) -> str:
    """Return the part of a row's name that stands for a user, a client or a room."""
    return hashlib.sha256(uri).digest()[:16].hex()


def save_keys(store: KeyStore) -> dict[str, bytes]:
    """Return a store in rows."""
    return dict(key_changes(store).written)


def key_changes(now: KeyStore, before: KeyStore | None = None) -> Changes:
    """Return what a store has otherwise than what is stored.

    Args:
        now: The store.
        before: The one whose rows are stored; None where none are.
    """
    out, old = RowEdit(), KeyStore() if before is None else before
    for user, keys in now.users.items():
        if keys is not old.users.get(user):
            _write_user(out, user, keys, old.users.get(user))
    for user, keys in old.users.items():
        if user not in now.users:
            out.erase(f"user/{name_of(user)}")
            _write_clients(out, user, EMPTY, keys)
    if now.given is not old.given:
        given, were = _in_hex(now.given), _in_hex(old.given)
        out.write_table("given", given, were, _given_fields)
    return out.changes()


def _write_user(out: RowEdit, user: bytes, keys: UserKeys, before: UserKeys | None) -> None:
    said = _user_fields(user, keys)
    if before is None or said != _user_fields(user, before):
        out.write(f"user/{name_of(user)}", "user", said)
    _write_clients(out, user, keys, EMPTY if before is None else before)


def _write_clients(out: RowEdit, user: bytes, keys: UserKeys, before: UserKeys) -> None:
    above = name_of(user)
    now, were = dict(_clients(above, keys)), dict(_clients(above, before))
    for name, said in now.items():
        if said != were.get(name):
            out.write(name, "client", said)
    for name in were:
        if name not in now:
            out.erase(name)
    offers, gone = dict(_offers(above, keys)), dict(_offers(above, before))
    out.write_table("key_package", offers, gone, _offer_fields)


def _user_fields(user: bytes, keys: UserKeys) -> dict[str, object]:
    return {"user": user, "deleted": keys.is_deleted, "clients": len(keys.clients)}


def _clients(above: str, keys: UserKeys) -> Iterator[tuple[str, dict[str, object]]]:
    for client, offers in keys.clients.items():
        name = f"client/{above}/{name_of(client)}"
        yield name, {"client": client, "offers": _digest(offers)}


def _digest(offers: tuple[Offer, ...]) -> bytes:
    return hashlib.sha256(b"".join(sorted(each.reference for each in offers))).digest()


def _offers(above: str, keys: UserKeys) -> Iterator[tuple[str, tuple[bytes, Offer]]]:
    for client, offers in keys.clients.items():
        for each in offers:
            yield f"{above}/{each.reference.hex()}", (client, each)


def _offer_fields(offer: tuple[bytes, Offer]) -> dict[str, object]:
    return {"client": offer[0], "key_package": encode(offer[1].package)}


def _in_hex(given: Mapping[bytes, Given]) -> dict[str, Given]:
    return {reference.hex(): each for reference, each in given.items()}


def _given_fields(given: Given) -> dict[str, object]:
    return {
        "client": given.client,
        "user": given.user,
        "not_after": given.not_after,
        "last_resort": given.is_last_resort,
        "used": given.is_used,
    }


def load_keys(stored: Mapping[str, bytes]) -> KeyStore:
    """Return what is stored of some users, or of all.

    Args:
        stored: All rows of each of these users, and rows of what was given.

    Raises:
        DamagedSnapshotError: They are something else.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        rows = Rows(stored)
        users = {}
        for last, fields in rows.take_below("user", "user"):
            user, keys = _read_user(rows, last, fields)
            users[user] = keys
        given = dict(_read_given(last, each) for last, each in rows.take_below("given", "given"))
        rows.done()
        return KeyStore(users, given)


def _read_user(rows: Rows, last: str, fields: Fields) -> tuple[bytes, UserKeys]:
    user, clients = fields.octets("user"), fields.number("clients")
    is_deleted = fields.flag("deleted")
    fields.done()
    if last != name_of(user):
        raise DamagedSnapshotError("the name is not that of the user", fields.row)
    offers: dict[bytes, list[Offer]] = {}
    for reference, each in rows.take_below(f"key_package/{last}", "key_package"):
        client, offer = _read_offer(reference, each)
        offers.setdefault(client, []).append(offer)
    found: dict[bytes, tuple[Offer, ...]] = {}
    for name, each in rows.take_below(f"client/{last}", "client"):
        client = each.octets("client")
        found[client] = tuple(offers.pop(client, ()))
        if name != name_of(client) or each.octets("offers") != _digest(found[client]):
            raise DamagedSnapshotError("key packages are missing, or others there", each.row)
        each.done()
    if len(found) != clients or offers:
        raise DamagedSnapshotError("a client is missing", fields.row)
    return user, UserKeys(found, is_deleted)


def _read_offer(reference: str, fields: Fields) -> tuple[bytes, Offer]:
    with damage(fields.row):
        client = fields.octets("client")
        package = decode(KeyPackage, fields.octets("key_package"))
        found = key_package_ref(suite_of(package.cipher_suite), package)
        offer = Offer(found, package, is_last_resort(package.extensions))
    fields.done()
    if found.hex() != reference:
        raise DamagedSnapshotError("the name is not that of the key package", fields.row)
    return client, offer


def _read_given(reference: str, fields: Fields) -> tuple[bytes, Given]:
    given = Given(
        fields.octets("client"),
        fields.octets("user"),
        fields.number("not_after"),
        fields.flag("last_resort"),
        fields.flag("used"),
    )
    fields.done()
    return octets_in_name(reference, fields.row), given


def octets_in_name(last: str, row: str) -> bytes:
    """Return the octets that the last part of a row's name is in hexadecimal.

    Raises:
        DamagedSnapshotError: It is none.
    """
    try:
        octets = bytes.fromhex(last)
    except ValueError:
        octets = b""
    if not octets or octets.hex() != last:
        raise DamagedSnapshotError("the name is not hexadecimal", row)
    return octets
