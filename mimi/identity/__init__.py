"""Identifiers: of providers, users, clients, rooms, groups and teams, and those of other systems.

::

    alice = UserUri("a.example", "alice")
    room = RoomUri.parse("MIMI://A.example/r/%63lubhouse")  # OtherTypeError if it were a user
    str(room)                                               # mimi://a.example/r/clubhouse
    room.path_segment                                       # mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse

    ImUri.parse("im:alice@a.example").to_mimi() == alice

What may mislead a reader is found by `mimi.identity.eye`, which needs the extra ``identity``.
"""

from mimi.identity.domain import LOCAL, Domain
from mimi.identity.errors import IdentifierError, InexpressibleError
from mimi.identity.foreign import Foreign, convert
from mimi.identity.handle import PhoneNumber, ScopedHandle, TelUri, UnscopedHandle
from mimi.identity.jid import Jid, XmppUri
from mimi.identity.mailbox import AcctUri, EmailAddress, ImUri, PresUri, SipsUri, SipUri
from mimi.identity.matrix import MatrixAlias, MatrixRoom, MatrixUser
from mimi.identity.segment import Segment
from mimi.identity.uri import (
    ClientUri,
    GroupUri,
    MimiUri,
    Participant,
    ProviderUri,
    PseudonymUri,
    RoomUri,
    TeamUri,
    UserUri,
    canonical,
    is_equivalent,
    parse,
)

FORMS: dict[str, type[Foreign]] = {
    form.form: form
    for form in (
        *(ImUri, PresUri, XmppUri, Jid, SipUri, SipsUri, AcctUri, EmailAddress),
        *(MatrixUser, MatrixRoom, MatrixAlias, ScopedHandle, UnscopedHandle, PhoneNumber, TelUri),
    )
}
"""The forms of other systems, by what they are called."""

__all__ = [
    "FORMS",
    "LOCAL",
    "AcctUri",
    "ClientUri",
    "Domain",
    "EmailAddress",
    "Foreign",
    "GroupUri",
    "IdentifierError",
    "ImUri",
    "InexpressibleError",
    "Jid",
    "MatrixAlias",
    "MatrixRoom",
    "MatrixUser",
    "MimiUri",
    "Participant",
    "PhoneNumber",
    "PresUri",
    "ProviderUri",
    "PseudonymUri",
    "RoomUri",
    "ScopedHandle",
    "Segment",
    "SipUri",
    "SipsUri",
    "TeamUri",
    "TelUri",
    "UnscopedHandle",
    "UserUri",
    "XmppUri",
    "canonical",
    "convert",
    "is_equivalent",
    "parse",
]
