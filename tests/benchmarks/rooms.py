"""Rooms of any size: full trees whose group context holds a participant list as long."""

from functools import cache

from benchmarks.large import SUITE, Many, bulk_added, filled

from mimi.codec import encode_length
from mimi.mls.components import APP_DATA_DICTIONARY, APP_DATA_UPDATE, ComponentID
from mimi.mls.negotiation import agreement
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extensions, RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities

PARTICIPANT_LIST = ComponentID(0x0022)

CAPABLE = Capabilities(
    cipher_suites=(SUITE.code,), extensions=(APP_DATA_DICTIONARY,), proposals=(APP_DATA_UPDATE,)
)
LEAF = agreement(components=(1, 2, PARTICIPANT_LIST), safe_aad=(PARTICIPANT_LIST,))
REQUIRED = extension(
    ExtensionType.REQUIRED_CAPABILITIES,
    RequiredCapabilities((APP_DATA_DICTIONARY,), (APP_DATA_UPDATE,)),
)


def participants(count: int) -> bytes:
    """Return a participant list: some 35 octets for each (draft-ietf-mimi-protocol-06, 7.5)."""
    users = (f"mimi://a.example/u/member-{number}".encode() for number in range(count))
    entries = b"".join(encode_length(len(user)) + user + b"\0\0\0\2" for user in users)
    return encode_length(len(entries)) + entries


def context_extensions(listed: bytes) -> Extensions:
    """Return the extensions of the group context of a room with a participant list."""
    data = {PARTICIPANT_LIST: listed}
    return (REQUIRED, agreement(components=(PARTICIPANT_LIST,), safe_aad=(), data=data.items()))


@cache
def room(members: int) -> Many:
    """Return a group in which every member has committed."""
    return filled(bulk_added(members, CAPABLE, (LEAF,)))
