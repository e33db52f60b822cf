"""What components keep in the dictionary, and how it changes."""

from collections.abc import Callable
from functools import cache
from typing import Any

from mimi.codec import decode, encode
from mimi.crypto import Suite
from mimi.mls.appdata import Component, with_app_data_applied
from mimi.mls.components import app_data
from mimi.mls.context import GroupContext
from mimi.mls.framing import MemberSender
from mimi.mls.keypackage import KeyPackage, verify_key_package_signature
from mimi.mls.proposal import GroupContextExtensions, Proposal
from mimi.mls.resolve import check_proposal
from mimi.mls.rules import Rules
from mimi.mls.state import PublicState
from mimi.mls.welcome import GroupInfo, verify_group_info
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNode,
    Lifetime,
    LifetimePolicy,
    verify_leaf_signature,
)
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.mls_keys import component_in
from mimi.vectors.extension_rules import judged
from mimi.vectors.logic import LOGICS, Call, Heard

LONGEST_LIFETIME = (1 << 64) - 1

LIFETIMES = LifetimePolicy(0, LONGEST_LIFETIME)
"""Key packages in vectors have no end."""


# The dictionary in its places


def check_dictionary(case: Case) -> None:
    """Verify what the dictionary of an object holds."""
    check_kind(case, "mls-extensions-dictionary")
    suite, place, octets = case.suite(), case.string("place"), case.octets("object")
    reader = _PLACES.get(place)
    if reader is None:
        raise DifferenceError("place", " or ".join(_PLACES), shown(place))
    with case.valid("object"):
        extensions, key = reader(suite, octets, case)
    case.same("signature_key", key)
    found = judged(case, lambda: app_data(extensions))
    listed = found and [{"component_id": at, "data": data} for at, data in found.items()]
    case.same("components", [] if found == {} else listed)


_Read = tuple[Extensions, bytes | None]


def _group_context(suite: Suite, octets: bytes, _: Case) -> _Read:
    context = decode(GroupContext, octets)
    if context.cipher_suite != suite.code:
        raise DifferenceError("cipher_suite", shown(int(suite.code)), shown(context.cipher_suite))
    return context.extensions, None


def _leaf_node(suite: Suite, octets: bytes, _: Case) -> _Read:
    leaf = decode(LeafNode, octets)
    verify_leaf_signature(suite, leaf, b"", LeafIndex(0))
    return leaf.extensions, leaf.signature_key


def _key_package(suite: Suite, octets: bytes, _: Case) -> _Read:
    package = decode(KeyPackage, octets)
    verify_key_package_signature(suite, package)
    return package.extensions, package.leaf_node.signature_key


def _group_info(suite: Suite, octets: bytes, case: Case) -> _Read:
    info, key = decode(GroupInfo, octets), case.octets("signature_key")
    verify_group_info(suite, info, key)
    return info.extensions, key


_PLACES: dict[str, Callable[[Suite, bytes, Case], _Read]] = {
    "group_context": _group_context,
    "leaf_node": _leaf_node,
    "key_package": _key_package,
    "group_info": _group_info,
}


# Updates


def components_in(case: Case, write: Callable[[Call], object]) -> dict[int, Component]:
    """Return the components that a case knows.

    Args:
        case: The case.
        write: Takes what they are given.
    """
    known: dict[int, Component] = {}
    for part in case.parts("components"):
        part.only("component_id", "logic")
        number, logic = component_in(part), part.string("logic")
        if logic not in LOGICS:
            raise DifferenceError(part.name("logic"), " or ".join(LOGICS), shown(logic))
        known[int(number)] = Heard(int(number), LOGICS[logic], write)
    return known


def check_update(case: Case) -> None:
    """Verify what the proposals of a commit make of the dictionary."""
    check_kind(case, "mls-extensions-update")
    suite, octets = case.suite(), case.octets("group_context")
    with case.at("group_context"):
        context = decode(GroupContext, octets)
    calls: list[Call] = []
    components = components_in(case, calls.append)
    listed = case.part("proposals")
    proposals = [listed.octets(index) for index in range(listed.length())]
    state = PublicState(context, _tree(suite), b"", b"")

    def apply() -> Extensions:
        decoded = [decode(Proposal, proposal) for proposal in proposals]
        return _applied(state, decoded, components)

    extensions = judged(case, apply)
    if extensions is None:
        case.same("calls", None)
        case.same("extensions", None)
        return
    given = [{"component_id": at, "call": call, "data": list(data)} for at, call, data in calls]
    case.same("calls", given)
    case.same("extensions", encode(extensions, Extensions))


def _applied(
    state: PublicState, proposals: list[Any], components: dict[int, Component]
) -> Extensions:
    sender, extensions = MemberSender(LeafIndex(0)), state.context.extensions
    for proposal in proposals:
        check_proposal(state, proposal, sender, Rules(LIFETIMES, components))
        if isinstance(proposal, GroupContextExtensions):
            extensions = proposal.extensions
    covered = [(proposal, sender) for proposal in proposals]
    return with_app_data_applied(state, extensions, covered, components)


@cache
def _tree(suite: Suite) -> RatchetTree:
    """Return a tree for the state of an epoch: dictionaries do not depend on it."""
    credential, source = BasicCredential(b""), KeyPackageSource(Lifetime(0, LONGEST_LIFETIME))
    leaf = LeafNode(b"", b"", credential, Capabilities(), source, (), b"")
    return RatchetTree.of_leaf(suite, leaf)
