"""What can be wrong with a leaf, a tree or an update path: one class for each rule."""

from mimi.errors import InvalidError


class LeafSignatureError(InvalidError):
    """A leaf's signature is not by its own signature key over its own content."""

    rule = "RFC 9420 section 7.3"


class LeafSourceError(InvalidError):
    """A leaf stands where its ``leaf_node_source`` does not belong."""

    rule = "RFC 9420 section 7.3"


class LifetimeError(InvalidError):
    """A leaf is not valid yet, no longer, or for too long."""

    rule = "RFC 9420 section 7.3"


class UnlistedExtensionError(InvalidError):
    """A leaf carries an extension that its own capabilities do not list."""

    rule = "RFC 9420 section 7.3"


class UnlistedCredentialError(InvalidError):
    """A leaf's credential type is not in its own capabilities."""

    rule = "RFC 9420 section 7.2"


class UnsupportedCredentialError(InvalidError):
    """Two members cannot read each other's credentials."""

    rule = "RFC 9420 section 7.3"


class UnsupportedCipherSuiteError(InvalidError):
    """A leaf's capabilities lack the version or the cipher suite in use."""

    rule = "RFC 9420 section 11.1"


class RequiredCapabilityError(InvalidError):
    """A leaf lacks something that the group requires."""

    rule = "RFC 9420 section 7.3"


class UnsupportedExtensionError(InvalidError):
    """A leaf does not support an extension of the group context."""

    rule = "RFC 9420 section 13.4"


class CredentialKeyError(InvalidError):
    """An X.509 credential's end-entity certificate is for another key, or is no certificate."""

    rule = "RFC 9420 section 5.3"


class DuplicateSignatureKeyError(InvalidError):
    """Two leaves have the same signature key."""

    rule = "RFC 9420 section 7.3"


class DuplicateEncryptionKeyError(InvalidError):
    """Two nodes have the same encryption key."""

    rule = "RFC 9420 section 7.3"


class BlankLeafError(InvalidError):
    """A leaf that should hold a member is blank, or outside the tree."""

    rule = "RFC 9420 section 12.1.3"


class TrailingBlankError(InvalidError):
    """A ratchet tree ends with a blank node, or has no nodes."""

    rule = "RFC 9420 section 12.4.3.3"


class TreeWidthError(InvalidError):
    """A ratchet tree has more leaves than this library takes."""

    rule = "RFC 9420 section 12.4.3.3"


class NodePlaceError(InvalidError):
    """A leaf stands at a parent's place in a ratchet tree, or a parent at a leaf's."""

    rule = "RFC 9420 section 12.4.3.3"


class TreeHashError(InvalidError):
    """A ratchet tree is not the one that the group context names."""

    rule = "RFC 9420 section 12.4.3.1"


class UnmergedLeafError(InvalidError):
    """A parent lists an unmerged leaf that is blank, elsewhere, or unknown to a node between."""

    rule = "RFC 9420 section 12.4.3.1"


class ParentHashError(InvalidError):
    """A parent node cannot be chained to exactly one leaf that vouches for it."""

    rule = "RFC 9420 section 7.9.2"


class PathLengthError(InvalidError):
    """An update path does not have one node for each of the filtered direct path."""

    rule = "RFC 9420 section 7.6"


class PathParentHashError(InvalidError):
    """The leaf of an update path does not vouch for the path's parent nodes."""

    rule = "RFC 9420 section 7.9.2"


class PathSecretCountError(InvalidError):
    """A node of an update path is not encrypted to exactly the resolution of the copath."""

    rule = "RFC 9420 section 7.6"


class PathSecretError(InvalidError):
    """A path secret cannot be decrypted, or does not give the public keys that were sent."""

    rule = "RFC 9420 section 7.5"


class UnrotatedKeyError(InvalidError):
    """A key of an update path was in the tree before, or is twice in the path."""

    rule = "RFC 9420 section 12.4.2"


class EncryptionKeyError(InvalidError):
    """A node's encryption key is no key of the cipher suite."""

    rule = "RFC 9420 section 10"


class PrivateKeyError(InvalidError):
    """A private key does not belong to the public key at its node."""

    rule = "RFC 9420 section 12.4.3.1"
