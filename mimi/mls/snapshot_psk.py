"""Rows of pre-shared keys: one for each."""

import hashlib
from collections.abc import Mapping

from mimi.codec import decode, encode
from mimi.crypto import Secret
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.member import stored_as
from mimi.mls.psk import PSK
from mimi.mls.rows import RowEdit, Rows, damage


def write_psks(
    out: RowEdit, now: Mapping[PSK, Secret], before: Mapping[PSK, Secret] | None
) -> None:
    """Write and erase what differs between two sets of pre-shared keys."""
    if now is not before:
        out.write_table("psk", _named(now), _named(before or {}), _fields)


def _named(psks: Mapping[PSK, Secret]) -> dict[str, tuple[PSK, Secret]]:
    return {_name(psk): (psk, value) for psk, value in psks.items()}


def _name(psk: PSK) -> str:
    return hashlib.sha256(encode(psk, PSK)).hexdigest()[:32]


def _fields(entry: tuple[PSK, Secret]) -> dict[str, object]:
    psk, value = entry
    return {"psk": value.reveal(), "psk_id": encode(psk, PSK)}


def read_psks(rows: Rows, count: int) -> dict[PSK, Secret]:
    """Take the pre-shared keys.

    Raises:
        DamagedSnapshotError: One is missing, or damaged.
    """
    psks = {}
    for last, fields in rows.take_below("psk", "psk"):
        with damage(fields.row):
            psk = decode(PSK, fields.octets("psk_id"))
        if last != _name(psk) or psk != stored_as(psk):
            raise DamagedSnapshotError("the name is not that of the pre-shared key", fields.row)
        psks[psk] = fields.secret("psk")
        fields.done()
    if len(psks) != count:
        raise DamagedSnapshotError("a pre-shared key is missing", "psk")
    return psks
