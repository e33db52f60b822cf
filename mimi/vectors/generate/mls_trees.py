"""How the ratchet tree and the group info come to others."""

from collections.abc import Callable, Iterator

import attrs

from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy, Suite
from mimi.mls.components import dictionary
from mimi.mls.external import read_group_info
from mimi.mls.group import Group
from mimi.mls.message import MLSMessage
from mimi.mls.tree_options import (
    RATCHET_TREE_SOURCE_DOMAINS,
    FullRatchetTree,
    OutOfBandRatchetTree,
    PartialGroupInfo,
    RatchetTreeOption,
    RatchetTreePresence,
    RatchetTreeURL,
    ServedRatchetTree,
    domains_extension,
)
from mimi.mls.welcome import sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions
from mimi.tree.math import LeafIndex
from mimi.tree.node import RatchetTreeNodes
from mimi.vectors.generate.group import Group as Trees
from mimi.vectors.generate.mls_cast import FOR_EVER, Cast
from mimi.vectors.generate.mls_keys import changed
from mimi.vectors.generate.written import Vector

# Options

NAMED = (domains_extension(["tree.example", "Hub.Example."]),)

_URLS = (
    ("https://tree.example/groups/7", (), "a group that names no domains"),
    ("https://tree.example/groups/7?epoch=4#x", NAMED, "a domain of the group"),
    ("https://hub.example:8443/t", NAMED, "a domain in other letters, and a port"),
    ("HTTPS://TREE.EXAMPLE./", NAMED, "upper case, and a dot at the end"),
    ("https://tree.example", NAMED, "no path"),
)

_BAD_URLS = (
    ("http://tree.example/7", "another scheme"),
    ("https:///7", "no host"),
    ("tree.example/7", "no scheme"),
    ("", "nothing at all"),
    ("https://user@tree.example/7", "user information"),
    ("https://tree.example@evil.example/7", "user information that looks like a host"),
    ("https://tree.example/a b", "a space"),
    ("https://tree.example\\@evil.example/", "a backslash"),
    ("ftp://tree.example/https://tree.example", "a URL in a path"),
)

_OTHER_DOMAINS = (
    ("https://evil.example/7", "another domain"),
    ("https://a.tree.example/7", "a domain below"),
    ("https://example/7", "a domain above"),
    ("https://tree.example.evil.example/7", "a domain that begins the same"),
    ("https://eviltree.example/7", "a domain that ends the same"),
)

_ADDRESSES = (
    ("https://192.0.2.1/7", "an address"),
    ("https://192.0.2.1./7", "an address with a dot at its end"),
    ("https://[2001:db8::1]/7", "an address in brackets"),
    ("https://3221225985/7", "an address as one number"),
    ("https://0xC0000201/7", "an address as one hexadecimal number"),
    ("https://192.0.2.1/7", "an address that the group names"),
)

_NAMES = (
    ("https://tree.example1/7", "a name whose last label ends with a digit"),
    ("https://192.0.2.1.example/7", "a name that begins like an address"),
)


def tree_options(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield options."""
    tree = Trees.grown(suite, entropy, 3).tree.encode()
    whole, none = FullRatchetTree(decode(RatchetTreeNodes, tree)), _NO_DOMAINS
    yield _option(suite, "the tree itself", whole, "full", tree=tree)
    what = "the tree itself, where the group names domains"
    yield _option(suite, what, whole, "full", NAMED, tree=tree)
    for signature in (b"", b"not verified"):
        what = f"out of band, with a signature of {len(signature)} octets"
        yield _option(suite, what, OutOfBandRatchetTree(signature), "outOfBand")
    what = "from the distribution service"
    yield _option(suite, what, ServedRatchetTree(), "distributionService")
    kind = "httpsUri"
    for url, extensions, what in _URLS:
        option = RatchetTreeURL(url.encode(), b"not verified")
        yield _option(suite, what, option, kind, extensions, url=url)
    for url, what in _BAD_URLS:
        option, rule = RatchetTreeURL(url.encode()), "ratchet-tree-url"
        yield _option(suite, f"a URL with {what}", option, kind, rule=rule)
    for url, what in _OTHER_DOMAINS:
        option, rule = RatchetTreeURL(url.encode()), "ratchet-tree-domain"
        yield _option(suite, f"a URL of {what}", option, kind, NAMED, rule=rule)
    option, what = RatchetTreeURL(b"https://tree.example/"), "an extension without domains"
    yield _option(suite, what, option, kind, none, rule="malformed")
    for what, octets in _NO_OPTIONS:
        yield _option(suite, what, octets, None, rule="malformed")
    for url, what in _ADDRESSES:
        option, rule = RatchetTreeURL(url.encode()), "ratchet-tree-url"
        named: Extensions = (domains_extension(["192.0.2.1"]),) if "names" in what else ()
        yield _option(suite, f"a URL of {what}", option, kind, named, rule=rule)
    for url, what in _NAMES:
        option = RatchetTreeURL(url.encode())
        yield _option(suite, f"a URL of {what}", option, kind, url=url)


_NO_DOMAINS = (Extension(RATCHET_TREE_SOURCE_DOMAINS, b"\0"),)

_NO_OPTIONS = (
    ("representation 0", b"\0"),
    ("representation 5", b"\5"),
    ("nothing at all", b""),
    ("an octet behind it", b"\4\0"),
    ("a URL without a signature behind it", b"\2\1h"),
    ("nodes without the octet that says whether they are there", b"\1\1\1"),
)


def _option(
    suite: Suite,
    what: str,
    option: RatchetTreeOption | bytes,
    representation: str | None,
    extensions: Extensions = (),
    *,
    tree: bytes | None = None,
    url: str | None = None,
    rule: str | None = None,
) -> Vector:
    octets = option if isinstance(option, bytes) else encode(option, RatchetTreeOption)
    return {
        "kind": "mls-extensions-tree-option",
        "description": f"{'refused' if rule else 'valid'}: {what}",
        "cipher_suite": suite.code,
        "extensions": encode(extensions, Extensions),
        "option": octets,
        "representation": representation,
        "ratchet_tree": tree,
        "url": url,
        "rule": rule,
    }


# Partial group infos


def partial_group_infos(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield commits, and what comes beside them."""
    for before in (True, False):
        for now in (True, False):
            had, has = ("with" if tree else "without" for tree in (before, now))
            what = f"valid: {had} the tree before, {has} it then"
            yield _partial(suite, entropy, Beside(what, before=before, now=now))
    for how in (
        Beside("valid: a commit of proposals by reference", proposals=True),
        Beside("valid: no external_pub", external_pub=False),
        Beside("valid: a commit without a path", path=False),
    ):
        yield _partial(suite, entropy, how)
    for what, change, rule in _SPOILED:
        now = what != _NO_TREE
        how = Beside(f"refused: {what}", now=now, change=change, rule=rule)
        yield _partial(suite, entropy, how)
    what, rule = "refused: the tree among the extensions, and signed so", "tree-extension"
    yield _partial(suite, entropy, Beside(what, now=False, inside=True, rule=rule))


@attrs.frozen
class Beside:
    """A commit, and what comes beside it.

    Attributes:
        description: What is remarkable.
        before: Whether the group info before has the tree.
        now: Whether that of the next epoch has it.
        external_pub: Whether it has the key for joining.
        path: Whether the commit has a path.
        proposals: Whether the commit refers to proposals.
        inside: Whether the tree is among the extensions.
        change: From the genuine partial group info to what is sent.
        rule: What is broken.
    """

    description: str
    before: bool = True
    now: bool = True
    external_pub: bool = True
    path: bool = True
    proposals: bool = False
    inside: bool = False
    change: Callable[[PartialGroupInfo], bytes] = encode
    rule: str | None = None


def _presence(presence: RatchetTreePresence) -> Callable[[PartialGroupInfo], bytes]:
    return lambda partial: encode(replace(partial, ratchet_tree_presence=presence))


def _signed_otherwise(partial: PartialGroupInfo) -> bytes:
    return encode(replace(partial, signature=changed(partial.signature)))


def _with_extensions(*extensions: Extension) -> Callable[[PartialGroupInfo], bytes]:
    def change(partial: PartialGroupInfo) -> bytes:
        listed = (*partial.group_info_extensions, *extensions)
        return encode(replace(partial, group_info_extensions=listed))

    return change


_TREE = Extension(ExtensionType.RATCHET_TREE, b"\0")
_NO_TREE = "no tree in either epoch, it says"

_SPOILED: tuple[tuple[str, Callable[[PartialGroupInfo], bytes], str], ...] = (
    ("the tree among the extensions", _with_extensions(_TREE), "tree-extension"),
    (
        _NO_TREE,
        _presence(RatchetTreePresence.NO_RATCHET_TREE),
        "tree-presence",
    ),
    ("the tree was added, it says", _presence(RatchetTreePresence.ADDED), "tree-presence"),
    (
        "the tree was removed, it says, and the signature is with it",
        _presence(RatchetTreePresence.REMOVED),
        "group-info-signature",
    ),
    ("a damaged signature", _signed_otherwise, "group-info-signature"),
    (
        "an extension that was not signed",
        _with_extensions(Extension(ExtensionType(0xF0F0), b"")),
        "group-info-signature",
    ),
    (
        "a component that was not signed",
        _with_extensions(dictionary({0x8001: b""})),
        "group-info-signature",
    ),
    ("presence 4", lambda partial: b"\4" + encode(partial)[1:], "malformed"),
    ("an octet behind it", lambda partial: encode(partial) + b"\0", "malformed"),
    ("cut short", lambda partial: encode(partial)[:-1], "malformed"),
)


def _partial(suite: Suite, entropy: SeededEntropy, how: Beside) -> Vector:
    cast = Cast(suite, entropy.fork(how.description.encode()))
    cast.gather(3, (dictionary({}),))
    info, tree = cast.members[0].group_info(tree=how.before), cast.members[0].ratchet_tree
    _, package = cast.client().key_package(now=0, lifetime=FOR_EVER)
    wires = []
    if how.proposals:
        wires.append(cast.propose(2, lambda group: group.propose_update(now=0)))
        wires.append(cast.propose(0, lambda group: group.propose_add(package, now=0)))
    add = () if how.proposals else (package,)
    draft = cast.commit(1, lambda group: group.commit(now=0, add=add, path=how.path))
    committer = cast.members[1]
    partial = committer.partial_group_info(
        before=how.before, tree=how.now, external_pub=how.external_pub
    )
    read = decode(PartialGroupInfo, partial)
    sent = how.change(_with_tree(committer, read) if how.inside else read)
    return {
        "kind": "mls-extensions-partial-group-info",
        "description": how.description,
        "cipher_suite": suite.code,
        "group_info_before": info,
        "ratchet_tree_before": None if how.before else tree,
        "proposals": wires,
        "commit": draft.commit,
        "partial_group_info": sent,
        "group_info": None if how.rule else _whole(committer, partial, now=how.now),
        "rule": how.rule,
    }


def _with_tree(committer: Group, partial: PartialGroupInfo) -> PartialGroupInfo:
    """Return a partial group info that has the tree among its extensions, genuine but for that."""
    tree = Extension(ExtensionType.RATCHET_TREE, committer.ratchet_tree)
    info = sign_group_info(
        committer.suite,
        committer.context,
        (*partial.group_info_extensions, tree),
        committer.state.confirmation_tag,
        committer.leaf_index,
        committer.signer,
    )
    return replace(partial, group_info_extensions=info.extensions, signature=info.signature)


def _whole(committer: Group, partial: bytes, *, now: bool) -> bytes:
    """Return the group info that a partial one stands for."""
    read = decode(PartialGroupInfo, partial)
    tree = (Extension(ExtensionType.RATCHET_TREE, committer.ratchet_tree),) if now else ()
    info = read_group_info(committer.group_info(tree=False))
    whole = replace(
        info,
        extensions=(*tree, *read.group_info_extensions),
        signer=LeafIndex(committer.leaf_index),
        signature=read.signature,
    )
    return encode(MLSMessage(whole))
