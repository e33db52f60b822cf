"""The envelope of everything that is sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import OFFER, PROPOSALS, Epoch
from mls.invitation import MADE

from mimi.codec import GREASE_VALUES, decode, encode
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError
from mimi.mls.codepoints import WireFormat
from mimi.mls.message import RFC9420_BODIES, MLSMessage
from mimi.mls.proposal import Remove

BODIES = (
    Epoch.of().public(PROPOSALS[Remove]),
    Epoch.of().private(b"hello")[1],
    MADE.welcome,
    MADE.group_info,
    OFFER,
)

every_body = pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)


def test_there_is_a_body_for_each_wire_format():
    assert tuple(type(body) for body in BODIES) == RFC9420_BODIES
    assert [case.tag for case in RFC9420_BODIES] == [WireFormat(number) for number in range(1, 6)]


@every_body
def test_a_message_is_version_wire_format_and_body(body):
    octets = encode(MLSMessage(body))
    assert octets == b"\0\1" + int(body.tag).to_bytes(2, "big") + encode(body)
    again = decode(MLSMessage, octets)
    assert again.body == body
    assert type(again.body) is type(body)


@every_body
@pytest.mark.parametrize("version", [0, 2, 0x0100, 0x0A0A, 0xFFFF])
def test_a_message_of_another_version_is_malformed(body, version):
    octets = encode(MLSMessage(body))
    with pytest.raises(MalformedError) as caught:
        decode(MLSMessage, version.to_bytes(2, "big") + octets[2:])
    assert caught.value.offset == 0


@pytest.mark.parametrize("wire_format", [0, 6, 0xFFFF, *GREASE_VALUES[:2]])
def test_a_message_of_an_unknown_wire_format_is_malformed(wire_format):
    octets = encode(MLSMessage(OFFER))
    with pytest.raises(MalformedError) as caught:
        decode(MLSMessage, octets[:2] + wire_format.to_bytes(2, "big") + octets[4:])
    assert caught.value.offset == 2


@every_body
def test_octets_behind_a_message_are_malformed(body):
    octets = encode(MLSMessage(body))
    for wrong in (octets + b"\0", octets[:-1], octets[:3], octets[:2], b""):
        with pytest.raises(MalformedError):
            decode(MLSMessage, wrong)


@settings(deadline=None, max_examples=60)
@given(message=strategy(MLSMessage), data=st.data())
def test_messages_round_trip(message, data):
    octets = encode(message)
    assert decode(MLSMessage, octets) == message
    with pytest.raises(MalformedError):
        decode(MLSMessage, octets[: data.draw(st.integers(0, len(octets) - 1))])


@settings(deadline=None, max_examples=300)
@given(body=st.sampled_from(BODIES), at=st.integers(0), octet=st.integers(0, 255))
def test_what_decodes_is_what_was_sent(body, at, octet):
    """Decoded and encoded again, a message is the same octets, whatever was changed in it."""
    octets = bytearray(encode(MLSMessage(body)))
    octets[at % len(octets)] = octet
    try:
        message = decode(MLSMessage, bytes(octets))
    except MalformedError:
        return
    assert encode(MLSMessage(message.body)) == bytes(octets)
