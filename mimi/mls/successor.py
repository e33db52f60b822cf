"""Groups that follow from a group: reinitialisation and branching (RFC 9420 sections 11.2, 11.3).

The new group is set up by its first commit, which adds everybody and brings in the resumption PSK
of the old group: whoever was not there cannot join, whatever the Welcome says.
"""

from collections.abc import Iterable
from operator import eq

import attrs

from mimi.crypto import Secret, draw
from mimi.errors import UsageError
from mimi.mls.client import Client
from mimi.mls.codepoints import ResumptionPSKUsage, WireFormat
from mimi.mls.commit import Plan, create
from mimi.mls.draft import Draft
from mimi.mls.errors import BranchMismatchError, ReInitMismatchError
from mimi.mls.external_receivers import MLS_SEMIPRIVATE_MESSAGE
from mimi.mls.framing import MemberSender
from mimi.mls.group import Group, read_key_package
from mimi.mls.join import SameClient, check_members
from mimi.mls.keypackage import KeyPackage
from mimi.mls.proposal import Add, PreSharedKey
from mimi.mls.psk import PreSharedKeyID, ResumptionPSK
from mimi.mls.resolve import Covered, check_proposal
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.extension import Extensions


def reinitialise(
    old: Group,
    client: Client,
    key_packages: Iterable[bytes | KeyPackage],
    *,
    now: int,
    same_client: SameClient = eq,
) -> Draft[Group]:
    """Draft the group that a committed ReInit announced (section 11.2).

    Args:
        old: The group that was reinitialised.
        client: This client, with keys for the new cipher suite.
        key_packages: Of all other members, for the new cipher suite.
        now: Seconds since 1970-01-01T00:00Z.
        same_client: How members of the new group are compared with those of the old.

    Returns:
        The draft of the new group's first commit. Accept it and send the Welcome; nobody is there
        to receive the commit.

    Raises:
        ReInitMismatchError: The old group was not reinitialised, the client is for another cipher
            suite than the ReInit says, or nobody knows its version.
        SuccessorMembersError: Not all members of the old group are in the new one.
    """
    announced = old.reinit
    if announced is None:
        raise ReInitMismatchError("the group was not reinitialised")
    if announced.version != ProtocolVersion.MLS10:
        raise ReInitMismatchError(f"the successor's version is {announced.version}")
    if announced.cipher_suite != client.suite.code:
        raise ReInitMismatchError(f"the successor's cipher suite is {announced.cipher_suite}")
    draft = _founded(
        old,
        client,
        ResumptionPSKUsage.REINIT,
        announced.group_id,
        announced.extensions,
        key_packages,
        now,
    )
    check_members(old.state.tree, draft.transition.tree, same_client)
    return draft


def branch(
    old: Group,
    client: Client,
    group_id: bytes,
    key_packages: Iterable[bytes | KeyPackage],
    *,
    now: int,
    extensions: Extensions = (),
    same_client: SameClient = eq,
) -> Draft[Group]:
    """Draft a group of some of a group's members (section 11.3).

    Args:
        old: The group to branch from.
        client: This client.
        group_id: The identifier of the new group.
        key_packages: Of the other members of the new group.
        now: Seconds since 1970-01-01T00:00Z.
        extensions: Those of the new group context.
        same_client: How members of the new group are compared with those of the old.

    Returns:
        The draft of the new group's first commit. Accept it and send the Welcome; nobody is there
        to receive the commit.

    Raises:
        BranchMismatchError: The client is for another cipher suite than the group.
        SuccessorMembersError: A member of the new group is none of the old one.
    """
    if old.suite.code != client.suite.code:
        raise BranchMismatchError("a branch has the cipher suite of the group it branches from")
    draft = _founded(
        old, client, ResumptionPSKUsage.BRANCH, group_id, extensions, key_packages, now
    )
    check_members(draft.transition.tree, old.state.tree, same_client)
    return draft


def _founded(
    old: Group,
    client: Client,
    usage: ResumptionPSKUsage,
    group_id: bytes,
    extensions: Extensions,
    key_packages: Iterable[bytes | KeyPackage],
    now: int,
) -> Draft[Group]:
    if old.removed:
        raise UsageError("who was removed cannot found a successor")
    name = ResumptionPSK(usage, old.group_id, old.epoch)
    value: Secret = old.secrets.resumption_psk
    group = client.create_group(group_id, now=now, extensions=extensions).with_psk(name, value)
    if group.settings.handshake == MLS_SEMIPRIVATE_MESSAGE:
        # nobody receives the commit, and the new group need not have agreed on such messages
        public = attrs.evolve(group.settings, handshake=WireFormat.MLS_PUBLIC_MESSAGE)
        group = group.with_settings(public)
    sender = MemberSender(group.leaf_index)
    covered = [Covered(Add(read_key_package(package)), sender) for package in key_packages]
    for item in covered:
        check_proposal(group.state, item.proposal, sender, group.rules(now))
    nonce = draw(client.entropy, client.suite.nh)
    covered.append(Covered(PreSharedKey(PreSharedKeyID(name, nonce)), sender))
    plan = Plan(
        tuple(covered), path=True, leaf=group.leaf_node, signer=group.signer, aad=b"", now=now
    )
    draft = create(group, plan, founding=True)
    # the old group's PSK has done its work: nothing in the new group asks for it again
    set_up = draft.reject().without_psk(name).with_settings(client.settings)
    return attrs.evolve(draft, group=set_up)
