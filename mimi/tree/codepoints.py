"""The registries of RFC 9420 that concern members: section 17.3 to 17.5, and section 7.2.

Cipher suites are in `mimi.crypto.suite`, wire formats in `mimi.mls.codepoints`.
"""

from mimi.codec import ClosedEnum8, CodePoint16, point


class ProtocolVersion(CodePoint16):
    """The versions of MLS (section 6)."""

    MLS10 = point(1)


class ExtensionType(CodePoint16):
    """Extensions of key packages, leaves, group contexts and group infos (section 17.3)."""

    APPLICATION_ID = point(0x0001)
    RATCHET_TREE = point(0x0002)
    REQUIRED_CAPABILITIES = point(0x0003)
    EXTERNAL_PUB = point(0x0004)
    EXTERNAL_SENDERS = point(0x0005)


class ProposalType(CodePoint16):
    """Changes to a group that can be proposed (section 17.4)."""

    ADD = point(0x0001)
    UPDATE = point(0x0002)
    REMOVE = point(0x0003)
    PSK = point(0x0004)
    REINIT = point(0x0005)
    EXTERNAL_INIT = point(0x0006)
    GROUP_CONTEXT_EXTENSIONS = point(0x0007)


class CredentialType(CodePoint16):
    """How a member shows who it is (section 17.5)."""

    BASIC = point(0x0001)
    X509 = point(0x0002)


class LeafNodeSource(ClosedEnum8):
    """How a leaf came into the tree (section 7.2)."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


class NodeType(ClosedEnum8):
    """What a node of the tree is (section 7.8)."""

    LEAF = 1
    PARENT = 2


DEFAULT_EXTENSIONS = frozenset(
    {
        ExtensionType.APPLICATION_ID,
        ExtensionType.RATCHET_TREE,
        ExtensionType.REQUIRED_CAPABILITIES,
        ExtensionType.EXTERNAL_PUB,
        ExtensionType.EXTERNAL_SENDERS,
    }
)
"""The extensions that everyone has and nobody lists in capabilities (section 7.2)."""

DEFAULT_PROPOSALS = frozenset(
    {
        ProposalType.ADD,
        ProposalType.UPDATE,
        ProposalType.REMOVE,
        ProposalType.PSK,
        ProposalType.REINIT,
        ProposalType.EXTERNAL_INIT,
        ProposalType.GROUP_CONTEXT_EXTENSIONS,
    }
)
"""The proposals that everyone has and nobody lists in capabilities (section 7.2)."""
