"""Proposals and commits (RFC 9420 sections 12.1 and 12.4, draft-ietf-mls-extensions-10)."""

from typing import Annotated, ClassVar, TypeAlias

from mimi.codec import Bytes, Choice, Opaque, Select, struct
from mimi.crypto import CipherSuite
from mimi.mls.codepoints import AppDataUpdateOperation, ProposalOrRefType
from mimi.mls.components import APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE, ComponentID
from mimi.mls.keypackage import KeyPackage
from mimi.mls.psk import PreSharedKeyID
from mimi.tree.codepoints import ProposalType, ProtocolVersion
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndexField
from mimi.tree.path import UpdatePath

REFERENCE_LABEL = b"MLS 1.0 Proposal Reference"


class Proposal(Choice, tag=ProposalType):
    """A proposed change to the group. Declare further types as cases of this choice.

    Attributes:
        external: Whether an external sender may propose it: the column "Ext" of section 17.4.
        path_required: Whether a commit that covers it must have a path: the column "Path" there.
    """

    __slots__ = ()
    tag: ClassVar[ProposalType]
    external: ClassVar[bool] = False
    path_required: ClassVar[bool] = True


@struct(case=ProposalType.ADD)
class Add(Proposal):
    """Add the client of a key package (section 12.1.1)."""

    external = True
    path_required = False
    key_package: KeyPackage


@struct(case=ProposalType.UPDATE)
class Update(Proposal):
    """Replace the sender's own leaf (section 12.1.2)."""

    leaf_node: LeafNode


@struct(case=ProposalType.REMOVE)
class Remove(Proposal):
    """Remove the member at a leaf (section 12.1.3)."""

    external = True
    removed: LeafIndexField


@struct(case=ProposalType.PSK)
class PreSharedKey(Proposal):
    """Bring a pre-shared key into the key schedule (section 12.1.4)."""

    external = True
    path_required = False
    psk: PreSharedKeyID


@struct(case=ProposalType.REINIT)
class ReInit(Proposal):
    """Close the group and open another with other parameters (section 12.1.5)."""

    external = True
    path_required = False
    group_id: Opaque
    version: ProtocolVersion
    cipher_suite: CipherSuite
    extensions: Extensions


@struct(case=ProposalType.EXTERNAL_INIT)
class ExternalInit(Proposal):
    """Bring a joiner's init secret into the key schedule (section 12.1.6)."""

    kem_output: Opaque


@struct(case=ProposalType.GROUP_CONTEXT_EXTENSIONS)
class GroupContextExtensions(Proposal):
    """Replace the extensions of the group context, all of them (section 12.1.7)."""

    external = True
    extensions: Extensions


class AppDataChange(Choice, tag=AppDataUpdateOperation):
    """What becomes of a component's data."""

    __slots__ = ()


@struct(case=AppDataUpdateOperation.UPDATE)
class UpdateData(AppDataChange):
    """An update, which the component understands."""

    update: Opaque


@struct(case=AppDataUpdateOperation.REMOVE)
class RemoveData(AppDataChange):
    """No data any more."""


@struct(case=APP_DATA_UPDATE)
class AppDataUpdate(Proposal):
    """Change the data of a component (draft-ietf-mls-extensions-10 section 4.7)."""

    external = True
    path_required = False
    component_id: ComponentID
    change: AppDataChange


@struct(case=APP_EPHEMERAL)
class AppEphemeral(Proposal):
    """Give a component data that goes with a commit (draft-ietf-mls-extensions-10 section 4.8)."""

    external = True
    path_required = False
    component_id: ComponentID
    data: Opaque


@struct(case=SELF_REMOVE)
class SelfRemove(Proposal):
    """Remove the sender (draft-ietf-mls-extensions-10 section 6.3)."""


ProposalRef: TypeAlias = Annotated[bytes, Bytes("ProposalRef")]
"""The hash of the AuthenticatedContent that carried a proposal (section 5.2)."""

ProposalOrRef: TypeAlias = Annotated[
    Proposal | bytes,
    Select(
        ProposalOrRefType,
        {ProposalOrRefType.PROPOSAL: Proposal, ProposalOrRefType.REFERENCE: ProposalRef},
        "ProposalOrRef",
    ),
]
"""A proposal by value, or by reference as octets."""


@struct
class Commit:
    """The proposals that end an epoch, and the committer's fresh keys."""

    proposals: tuple[ProposalOrRef, ...]
    path: UpdatePath | None
