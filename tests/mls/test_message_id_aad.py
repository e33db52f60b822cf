"""The message ID in the safe AAD (draft-mahy-mimi-msgid-aad-02), and what else stands there."""

import pytest
from mls.attacker import Attacker, Deviation
from mls.meeting import PRIVATE, PUBLIC, Room
from mls.receivers import refused_by, some_suites
from mls.snapshot import whole
from tree.members import NOW, SUITE

from mimi.codec import encode
from mimi.content.errors import MessageIdMismatchError
from mimi.content.message import (
    MESSAGE_ID_COMPONENT,
    check_message_id_component,
    message_id,
)
from mimi.content.message import encode as encode_content
from mimi.content.model import Disposition, Message, SinglePart
from mimi.errors import MalformedError
from mimi.mls import ApplicationMessage, EncryptedMessage
from mimi.mls.component_errors import FramingError
from mimi.mls.components import APP_DATA_DICTIONARY, ComponentID, dictionary
from mimi.mls.message_id import (
    message_id_aad,
    message_id_of,
)
from mimi.mls.negotiation import ComponentsList, safe_aad, safe_aad_of
from mimi.mls.state import changed
from mimi.tree.codepoints import CredentialType
from mimi.tree.leaf import Capabilities

OTHER = 0x8001
LISTED = encode(ComponentsList((ComponentID.MESSAGE_ID, ComponentID(OTHER))))
WITH_SAFE_AAD = (dictionary([(ComponentID.SAFE_AAD, LISTED)]),)
SENDER, ROOM = "mimi://a.example/u/alice", "mimi://hub.example/r/room"
BODY = SinglePart(Disposition.RENDER, "", "text/plain;charset=utf-8", b"hello")
CONTENT = encode_content(Message(bytes(16), None, b"", None, None, {}, BODY))
ID = message_id(CONTENT, sender=SENDER, room=ROOM)


def gathered(suite=SUITE):
    """Return a group of two that has safe AAD, and somebody who follows it."""
    room = Room(suite, handshake=PUBLIC)
    alice, bob = room.enter("Alice", "Bob")
    for person in (alice, bob):
        capabilities = Capabilities(
            cipher_suites=(suite.code,),
            extensions=(APP_DATA_DICTIONARY,),
            credentials=(CredentialType.BASIC, CredentialType.X509),
        )
        person.client = changed(
            person.client, capabilities=capabilities, leaf_extensions=WITH_SAFE_AAD
        )
    alice.founds(extensions=WITH_SAFE_AAD)
    alice.commits(add=[bob])
    return room, alice, bob


def read(group, wire):
    (event,) = group.receive(wire, now=NOW).events
    return event


@some_suites
def test_members_and_servers_read_the_message_id(suite):
    room, alice, bob = gathered(suite)
    _, wire = alice.group.protect(CONTENT, message_id_aad(ID))
    seen, passed = read(bob.group, wire), read(room.follower, wire)
    assert isinstance(seen, ApplicationMessage)
    assert isinstance(passed, EncryptedMessage)
    for group, event in ((bob.group, seen), (room.follower, passed)):
        assert message_id_of(group.context.extensions, event.aad) == ID
    said = message_id_of(bob.group.extensions, seen.aad)
    check_message_id_component(said, message_id(seen.data, sender=SENDER, room=ROOM))


def test_another_message_id_than_the_contents_is_refused():
    _, alice, bob = gathered()
    other = bytes(len(ID))
    event = read(bob.group, alice.group.protect(CONTENT, message_id_aad(other))[1])
    said = message_id_of(bob.group.extensions, event.aad)
    with refused_by(MessageIdMismatchError, named=other.hex(), message_id=ID.hex()):
        check_message_id_component(said, message_id(event.data, sender=SENDER, room=ROOM))


def test_a_message_need_not_name_its_id():
    _, alice, bob = gathered()
    for aad in (b"", safe_aad(()), safe_aad([(OTHER, b"what another says")])):
        event = read(bob.group, alice.group.protect(CONTENT, aad)[1])
        assert message_id_of(bob.group.extensions, event.aad) is None


def test_components_stand_beside_each_other():
    room, alice, bob = gathered()
    aad = safe_aad([(OTHER, b"other"), (ComponentID.MESSAGE_ID, ID)])
    _, wire = alice.group.protect(CONTENT, aad)
    for group in (bob.group, room.follower):
        said = safe_aad_of(group.context.extensions, read(group, wire).aad)
        assert said == {0x0040: ID, OTHER: b"other"}
        assert list(said) == [0x0040, OTHER]


def test_a_handshake_message_may_say_something_too():
    room, alice, bob = gathered()
    _, wire = alice.group.propose_update(now=NOW, aad=safe_aad([(OTHER, b"why")]))
    for group in (bob.group, room.follower):
        event = read(group, wire)
        assert safe_aad_of(group.context.extensions, event.aad) == {OTHER: b"why"}


def test_without_safe_aad_nothing_is_said():
    room = Room(handshake=PUBLIC)
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    alice.commits(add=[bob])
    event = read(bob.group, alice.group.protect(CONTENT, message_id_aad(ID))[1])
    assert safe_aad_of(bob.group.extensions, event.aad) == {}
    assert message_id_of(bob.group.extensions, event.aad) is None


@pytest.mark.parametrize("aad", [b"\x01", b"plain", message_id_aad(ID) + b"\0"])
def test_what_is_no_safe_aad_is_malformed(aad):
    room, alice, bob = gathered()
    with pytest.raises(MalformedError):
        safe_aad_of(bob.group.extensions, aad)
    with refused_by(FramingError):
        alice.group.protect(CONTENT, aad)
    # somebody sends it who does not know that the group has safe AAD, or does not care
    wire = Attacker.inside(alice.group).send(CONTENT, PRIVATE, Deviation(aad=aad))
    for group in (bob.group, room.follower):
        before = whole(group)
        with pytest.raises(MalformedError):
            group.receive(wire, now=NOW)
        assert whole(group) == before


def test_the_number_is_the_one_that_the_draft_suggests():
    assert ComponentID.MESSAGE_ID == MESSAGE_ID_COMPONENT == 0x0040
    assert message_id_aad(b"\x01id") == b"\x06\x00\x40\x03\x01id"
