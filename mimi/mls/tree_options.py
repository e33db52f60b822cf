"""How the ratchet tree and the group info come to joiners (draft-mahy-mls-ratchet-tree-options-03).

::

    RatchetTreeOption     the tree itself, where to download it, or that it comes by another way
    PartialGroupInfo      beside a commit: what a server that follows the group cannot make itself

    GroupInfo[n], commit, PartialGroupInfo --> GroupInfo[n+1], ratchet tree

The draft leaves the code point of its extension open: the one here is for private use.
"""

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar

from mimi.codec import (
    Choice,
    CodePoint8,
    Opaque,
    Rule,
    decode,
    encode,
    point,
    struct,
)
from mimi.errors import InvalidError, MalformedError, UsageError
from mimi.mls.errors import ClosedGroupError, MissingTreeError
from mimi.mls.grease import grease_extensions
from mimi.mls.member import MemberState
from mimi.mls.state import PublicState
from mimi.mls.welcome import GroupInfo, check_group_info, sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, ExternalPub, extension, find
from mimi.tree.math import LeafIndex
from mimi.tree.node import RatchetTreeNodes

RATCHET_TREE_SOURCE_DOMAINS = ExtensionType.declare("RATCHET_TREE_SOURCE_DOMAINS", 0xF502)

NO_EXTENSIONS: Extensions = ()

DRAFT = "draft-mahy-mls-ratchet-tree-options-03"


class RatchetTreeURLError(InvalidError):
    """The place of a ratchet tree is no URL with the scheme https."""

    rule = f"{DRAFT} section 3"


class RatchetTreeDomainError(InvalidError):
    """A ratchet tree would be fetched from a domain that the group does not name."""

    rule = f"{DRAFT} section 3.1"


class TreeExtensionError(InvalidError):
    """The extensions of a partial group info hold the ratchet tree."""

    rule = f"{DRAFT} section 4"


class TreePresenceError(InvalidError):
    """A partial group info is at odds with whether the group info before it had the tree."""

    rule = f"{DRAFT} section 4"


class MissingGroupInfoError(UsageError):
    """The group info of the epoch before is not known, from which the next one is made."""

    rule = f"{DRAFT} section 4"


# Options for the tree (section 3)


class RatchetTreeRepresentation(CodePoint8):
    """In which form the ratchet tree is conveyed."""

    FULL = point(1)
    HTTPS_URI = point(2)
    OUT_OF_BAND = point(3)
    DISTRIBUTION_SERVICE = point(4)


class RatchetTreeOption(Choice, tag=RatchetTreeRepresentation):
    """How somebody comes by the ratchet tree."""

    __slots__ = ()
    tag: ClassVar[RatchetTreeRepresentation]


@struct(case=RatchetTreeRepresentation.FULL)
class FullRatchetTree(RatchetTreeOption):
    """The tree is here: the contents of the extension ``ratchet_tree``."""

    ratchet_tree: RatchetTreeNodes


@struct(case=RatchetTreeRepresentation.HTTPS_URI)
class RatchetTreeURL(RatchetTreeOption):
    """The tree is to be downloaded.

    What signs it, and how, the draft does not say: `tree_signature` is written empty and not
    verified. The tree hash of the group info is what tells the genuine tree.
    """

    ratchet_tree_url: Opaque
    tree_signature: Opaque = b""


@struct(case=RatchetTreeRepresentation.OUT_OF_BAND)
class OutOfBandRatchetTree(RatchetTreeOption):
    """The tree comes by a way that the application knows."""

    tree_signature: Opaque = b""


@struct(case=RatchetTreeRepresentation.DISTRIBUTION_SERVICE)
class ServedRatchetTree(RatchetTreeOption):
    """The distribution service makes the tree from the handshakes that it reads."""


def full_tree(ratchet_tree: bytes) -> FullRatchetTree:
    """Return the option that holds an encoded ratchet tree, as `Group.ratchet_tree` is one.

    Raises:
        MalformedError: It does not parse.
    """
    return FullRatchetTree(decode(RatchetTreeNodes, ratchet_tree))


def tree_at(url: str, extensions: Extensions) -> RatchetTreeURL:
    """Return the option by which the tree is downloaded.

    Args:
        url: Where it is.
        extensions: Those of the group context.

    Raises:
        RatchetTreeURLError: It is no URL with the scheme https.
        RatchetTreeDomainError: It is of a domain that the group does not name.
    """
    option = RatchetTreeURL(url.encode())
    tree_url(option, extensions)
    return option


def encoded_tree(option: RatchetTreeOption, received: bytes | None = None) -> bytes:
    """Return the encoded ratchet tree of an option, for `Client.join` and its like.

    Args:
        option: How the tree comes.
        received: The tree, where the option does not hold it and it came otherwise.

    Raises:
        MissingTreeError: It is nowhere.
    """
    if isinstance(option, FullRatchetTree):
        return encode(option.ratchet_tree, RatchetTreeNodes)
    if received is None:
        raise MissingTreeError(f"a {type(option).__name__} does not hold the tree")
    return received


# Where a tree is downloaded (section 3.1)


@struct
class Domain:
    """The name of a domain."""

    domain: Opaque


@struct
class DomainList:
    """The contents of the extension ``ratchet_tree_source_domains``."""

    domains: Annotated[
        tuple[Domain, ...],
        Rule(bool, "there is no domain", f"{DRAFT} section 3.1"),
    ]


def source_domains(extensions: Extensions) -> tuple[bytes, ...] | None:
    """Return the domains from which trees are downloaded; None where a group does not say.

    Raises:
        MalformedError: The extension does not parse, or names none.
    """
    data = find(extensions, RATCHET_TREE_SOURCE_DOMAINS)
    if data is None:
        return None
    listed: tuple[Domain, ...] = decode(DomainList, data).domains
    return tuple(each.domain for each in listed)


def domains_extension(domains: Iterable[str]) -> Extension:
    """Return the extension of a group context that says from where trees are downloaded.

    Raises:
        UsageError: There is no domain.
    """
    listed = tuple(Domain(domain.encode()) for domain in domains)
    if not listed:
        raise UsageError("ratchet_tree_source_domains names at least one domain")
    return extension(RATCHET_TREE_SOURCE_DOMAINS, DomainList(listed))


_HTTPS = re.compile(
    rb"https://"
    rb"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\.?"
    rb"(?::[0-9]{0,5})?"
    rb"(?:[/?#][!#-;=?-Z_a-z~\[\]%]*)?",
    re.IGNORECASE,
)
"""A URL of RFC 3986 whose host is a name. There is no user information, since readers disagree on
where it ends: what is before an "@" must not pass for the host."""

_ADDRESS = re.compile(rb"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.DOTALL)
"""What readers of URLs take for an IPv4 address, however it is written: a name does not end so."""


def tree_url(option: RatchetTreeURL, extensions: Extensions) -> str:
    """Return from where to download a ratchet tree, after checking that one may.

    Domains are compared as names are, without case and without a dot at their end; a domain does
    not stand for those below it. An address is no name, and comes from no domain.

    Args:
        option: What was received.
        extensions: Those of the group context.

    Raises:
        RatchetTreeURLError: It is no URL with the scheme https.
        RatchetTreeDomainError: It is of a domain that the group does not name.
        MalformedError: The extension ratchet_tree_source_domains does not parse.
    """
    found = _HTTPS.fullmatch(option.ratchet_tree_url)
    host = b"" if found is None else found["host"].lower()
    if not host or _ADDRESS.fullmatch(host):
        raise RatchetTreeURLError("the place of the ratchet tree is no https URL with a host name")
    domains = source_domains(extensions)
    if domains is not None and host not in {domain.lower().rstrip(b".") for domain in domains}:
        name = host.decode()
        raise RatchetTreeDomainError(f"{name} is no source of ratchet trees", domain=name)
    return option.ratchet_tree_url.decode()


# Partial group infos (section 4)


class RatchetTreePresence(CodePoint8):
    """Whether the group infos of this epoch and the one before have the extension ratchet_tree."""

    NO_RATCHET_TREE = point(0)
    PRESENT = point(1)
    REMOVED = point(2)
    ADDED = point(3)


_PRESENCE = {
    (False, False): RatchetTreePresence.NO_RATCHET_TREE,
    (True, True): RatchetTreePresence.PRESENT,
    (True, False): RatchetTreePresence.REMOVED,
    (False, True): RatchetTreePresence.ADDED,
}
"""From whether there was a tree, and whether there is one, to the word for it."""


@struct
class PartialGroupInfo:
    """What a group info says besides what a follower of the group knows.

    In the group info, the extension ratchet_tree stands before the others. The draft does not say
    where, and the signature covers the order.

    Attributes:
        ratchet_tree_presence: Whether the tree belongs to it.
        group_info_extensions: Its extensions, without the tree.
        signature: The committer's, over the whole group info.
    """

    ratchet_tree_presence: RatchetTreePresence
    group_info_extensions: Extensions
    signature: Opaque


def has_tree(info: GroupInfo) -> bool:
    """Return whether a group info has the extension ratchet_tree."""
    return find(info.extensions, ExtensionType.RATCHET_TREE) is not None


def partial_group_info(
    group: MemberState, *, before: bool, now: bool, external_pub: bool
) -> PartialGroupInfo:
    """Return the partial group info of the epoch that the member's own commit has opened.

    Args:
        group: The group in that epoch.
        before: Whether the group info of the epoch before had the tree.
        now: Whether that of this epoch has it.
        external_pub: Whether the group can be joined by an external commit.

    Raises:
        ClosedGroupError: The member was removed.
    """
    if group.removed:
        raise ClosedGroupError("the member was removed from the group")
    state, extensions = group.state, NO_EXTENSIONS
    if external_pub:
        key = group.secrets.external_key_pair().public
        extensions = (extension(ExtensionType.EXTERNAL_PUB, ExternalPub(key)),)
    if group.settings.grease:
        extensions = grease_extensions(extensions, group.entropy)
    info = sign_group_info(
        state.suite,
        state.context,
        (*_tree_extension(state, wanted=now), *extensions),
        state.confirmation_tag,
        group.leaf_index,
        group.signer,
    )
    return PartialGroupInfo(_PRESENCE[before, now], extensions, info.signature)


def _tree_extension(state: PublicState, *, wanted: bool) -> Extensions:
    if not wanted:
        return NO_EXTENSIONS
    return (Extension(ExtensionType.RATCHET_TREE, state.tree.encode()),)


def rebuilt_group_info(
    before: GroupInfo, after: PublicState, committer: LeafIndex, partial: PartialGroupInfo
) -> GroupInfo:
    """Return the group info that a partial one stands for, checked in full.

    Args:
        before: That of the epoch in which the commit was sent.
        after: The epoch that it opens.
        committer: Its committer's leaf.
        partial: What was received beside the commit.

    Raises:
        MalformedError: The presence is none of the four that there are.
        TreeExtensionError: Its extensions hold the tree.
        TreePresenceError: The group info before has the tree, or has not, otherwise than it says.
        BlankLeafError: The committer is no member.
        GroupInfoSignatureError: The signature is not by the committer.
    """
    presence, had = partial.ratchet_tree_presence, has_tree(before)
    if presence not in _PRESENCE.values():
        where = "PartialGroupInfo.ratchet_tree_presence"
        raise MalformedError(f"the draft has no presence {presence:d}", where, 0)
    if find(partial.group_info_extensions, ExtensionType.RATCHET_TREE) is not None:
        raise TreeExtensionError("the extensions of a partial group info hold the ratchet tree")
    if presence not in (_PRESENCE[had, False], _PRESENCE[had, True]):
        raise TreePresenceError(
            f"{presence}, and the group info before has {'a' if had else 'no'} tree",
            presence=presence,
        )
    carried = presence == _PRESENCE[had, True]
    info = GroupInfo(
        after.context,
        (*_tree_extension(after, wanted=carried), *partial.group_info_extensions),
        after.confirmation_tag,
        committer,
        partial.signature,
    )
    check_group_info(after.tree, info)
    return info
