"""The ratchet tree of MLS: who is in the group, and which keys they share (RFC 9420 section 7)."""

from mimi.tree.codepoints import (
    CredentialType,
    ExtensionType,
    LeafNodeSource,
    NodeType,
    ProposalType,
    ProtocolVersion,
)
from mimi.tree.credential import (
    BasicCredential,
    Certificate,
    Credential,
    X509Credential,
)
from mimi.tree.extension import (
    ApplicationId,
    Extension,
    ExternalPub,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    external_senders,
    find,
    required_capabilities,
)
from mimi.tree.index import (
    TreeIndex,
)
from mimi.tree.leaf import (
    Capabilities,
    CommitSource,
    GroupNeeds,
    KeyPackageSource,
    LeafNode,
    LeafNodeContent,
    Lifetime,
    LifetimePolicy,
    UpdateSource,
    check_capabilities,
    check_lifetime,
    sign_leaf,
    verify_leaf_signature,
)
from mimi.tree.math import (
    LeafIndex,
    NodeIndex,
)
from mimi.tree.multicredential import (
    BoundCredential,
    CredentialBinding,
    MultiCredential,
    WeakMultiCredential,
    bindings_of,
    sign_binding,
)
from mimi.tree.node import (
    Node,
    ParentNode,
    RatchetTreeNodes,
)
from mimi.tree.path import (
    CreatedPath,
    HPKECiphertext,
    MergedPath,
    ProcessedPath,
    UpdatePath,
    UpdatePathNode,
    create_update_path,
    merge_update_path,
    process_update_path,
)
from mimi.tree.private import (
    PrivateTree,
)
from mimi.tree.ratchet import (
    RatchetTree,
)
from mimi.tree.validate import (
    check_group_support,
    validate_tree,
)

__all__ = [
    "ApplicationId",
    "BasicCredential",
    "BoundCredential",
    "Capabilities",
    "Certificate",
    "CommitSource",
    "CreatedPath",
    "Credential",
    "CredentialBinding",
    "CredentialType",
    "Extension",
    "ExtensionType",
    "ExternalPub",
    "ExternalSender",
    "ExternalSenders",
    "GroupNeeds",
    "HPKECiphertext",
    "KeyPackageSource",
    "LeafIndex",
    "LeafNode",
    "LeafNodeContent",
    "LeafNodeSource",
    "Lifetime",
    "LifetimePolicy",
    "MergedPath",
    "MultiCredential",
    "Node",
    "NodeIndex",
    "NodeType",
    "ParentNode",
    "PrivateTree",
    "ProcessedPath",
    "ProposalType",
    "ProtocolVersion",
    "RatchetTree",
    "RatchetTreeNodes",
    "RequiredCapabilities",
    "TreeIndex",
    "UpdatePath",
    "UpdatePathNode",
    "UpdateSource",
    "WeakMultiCredential",
    "X509Credential",
    "bindings_of",
    "check_capabilities",
    "check_group_support",
    "check_lifetime",
    "create_update_path",
    "external_senders",
    "find",
    "merge_update_path",
    "process_update_path",
    "required_capabilities",
    "sign_binding",
    "sign_leaf",
    "validate_tree",
    "verify_leaf_signature",
]
