"""Semi-private messages, read octet by octet as the text of the draft has them.

Nothing here comes from the declarations: lengths, labels and hashes are written out.
"""

from mls.receivers import HUB_NAME, gathered_with_hub, hpke_key, some_suites
from tree.members import NOW

from mimi.codec import encode
from mimi.mls.proposal import Remove
from mimi.mls.protect import sender_data_key
from mimi.mls.secrets import RatchetKind


class Reader:
    """Octets, read from the front."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def take(self, count: int) -> bytes:
        taken, self.octets = self.octets[:count], self.octets[count:]
        assert len(taken) == count
        return taken

    def opaque(self) -> bytes:
        """Take ``opaque x<V>``."""
        first = self.take(1)[0]
        more = (1 << (first >> 6)) - 1
        length = int.from_bytes(bytes([first & 0x3F]) + self.take(more), "big")
        return self.take(length)


def opaque(octets: bytes) -> bytes:
    """Return ``opaque x<V>``."""
    size = len(octets)
    return (bytes([size]) if size < 64 else (0x4000 | size).to_bytes(2, "big")) + octets


@some_suites
def test_a_message_is_what_the_text_says(suite):
    room, alice, *_ = gathered_with_hub(3, suite, grease=False)
    before = alice.group
    _, wire = before.propose(Remove(2), now=NOW, aad=b"in the clear")
    _, generation, key = before.message_keys.next_key(before.leaf_index, RatchetKind.HANDSHAKE)
    reader = Reader(wire)
    assert reader.take(4) == b"\x00\x01\xf5\x01"
    head = opaque(reader.opaque()) + reader.take(8)
    assert head == opaque(b"a meeting") + bytes(7) + b"\x01"
    kind = reader.take(1)
    assert kind == b"\x02"
    aad, partial = reader.opaque(), reader.opaque()
    assert aad == b"in the clear"
    assert partial == suite.hash(bytes(4) + key.nonce.reveal())
    listed = reader.opaque()
    tbs_hash, sender_data, ciphertext = reader.opaque(), reader.opaque(), reader.opaque()
    assert reader.octets == b""

    # the receiver's part
    hub = hpke_key(suite, HUB_NAME)
    keys = Reader(listed)
    reference, kem_output, sealed = keys.opaque(), keys.opaque(), keys.opaque()
    assert keys.octets == b""
    assert reference == suite.hash(opaque(hub.public) + b"\x00\x01" + opaque(HUB_NAME))
    label = opaque(b"MLS 1.0 SemiPrivateMessageReceiver")
    info = label + opaque(head + opaque(partial))
    given = suite.hpke.open(kem_output, hub, info, b"", sealed)
    guard = given[-8:-4]
    assert given == (
        opaque(key.key.reveal()) + opaque(key.nonce.reveal()) + guard + bytes(4)  # leaf 0
    )

    # the content
    nonce = bytes(a ^ b for a, b in zip(key.nonce.reveal(), guard + bytes(8), strict=True))
    bound = head + kind + opaque(aad) + opaque(partial) + opaque(listed) + opaque(tbs_hash)
    content = Reader(suite.aead_open(key.key.reveal(), nonce, bound, ciphertext))
    proposal = content.take(6)
    assert proposal == b"\x00\x03\x00\x00\x00\x02"
    signature = content.opaque()
    assert not any(content.octets)
    framed = head + b"\x01" + bytes(4) + opaque(aad) + kind + proposal
    tbs = b"\x00\x01\xf5\x01" + framed + encode(before.context)
    assert tbs_hash == suite.hash(tbs)
    suite.verify_with_label(before.leaf_node.signature_key, b"FramedContentTBS", tbs, signature)

    # the sender data, as of a private message
    of_sender = sender_data_key(suite, before.secrets.sender_data_secret, ciphertext)
    opened = suite.aead_open(
        of_sender.key.reveal(), of_sender.nonce.reveal(), head + kind, sender_data
    )
    assert opened == bytes(4) + generation.to_bytes(4, "big") + guard
    assert room.follower.receive(wire, now=NOW).group.pending
