"""What members say: what they received, that they leave, who they are."""

from typing import Any

from mimi.codec import decode, encode
from mimi.crypto import Secret
from mimi.mls.appack import AppAck, app_ack, lost
from mimi.mls.components import is_last_resort
from mimi.mls.framing import MemberSender, PublicMessage
from mimi.mls.keypackage import KeyPackage, verify_key_package_signature
from mimi.mls.message import MLSMessage
from mimi.mls.outside import with_self_remove
from mimi.mls.protect import proposal_ref, unprotect_public
from mimi.mls.public import PublicGroup
from mimi.mls.rules import Rules
from mimi.mls.senders import signature_keys
from mimi.mls.spans import Spans, joined
from mimi.mls.state import PublicState
from mimi.tree.leaf import NO_NEEDS
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import check_bindings
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import check_group_support, verify_leaf_signatures
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind, optional
from mimi.vectors.checks.mls_agreement import leaves_in, suite_checked
from mimi.vectors.checks.mls_data import LIFETIMES, LONGEST_LIFETIME
from mimi.vectors.extension_rules import broken_by, judged


def check_app_ack(case: Case) -> None:
    """Verify what a member acknowledges, and what it finds lost."""
    suite_checked(case, "mls-extensions-app-ack")
    arrived: dict[int, Spans] = {}
    for part in case.parts("received"):
        part.only("sender", "generations")
        listed = part.part("generations")
        numbers = sorted(listed.integer(index) for index in range(listed.length()))
        arrived[part.integer("sender")] = joined((number, number) for number in numbers)
    with case.at("received"):
        case.same("app_ack", encode(app_ack(arrived)))
    claims = case.part("claims")
    octets = [claims.octets(index) for index in range(claims.length())]
    missing = judged(case, lambda: lost([decode(AppAck, claim) for claim in octets], arrived))
    names = "sender", "first_generation", "last_generation"
    case.same(
        "lost",
        None
        if missing is None
        else [{name: int(getattr(each, name)) for name in names} for each in missing],
    )


def check_self_remove(case: Case) -> None:
    """Verify whether a SelfRemove is taken along, by a joiner and by members."""
    check_kind(case, "mls-extensions-self-remove")
    suite, octets, message = case.suite(), case.octets("group_info"), case.octets("message")
    with case.valid("group_info"):
        group = PublicGroup.from_group_info(octets, now=0, maximum_lifetime=LONGEST_LIFETIME)
        if group.suite is not suite:
            raise DifferenceError("cipher_suite", shown(int(suite.code)), shown(group.suite))
    pending = case.part("pending")
    for index in range(pending.length()):
        with pending.valid(index):
            group = group.receive(pending.octets(index), now=0).group
    key, state = case.secret("membership_key"), group.state
    judged(case, lambda: with_self_remove(state, message, Rules(LIFETIMES)))

    def by_member() -> tuple[int, bytes]:
        with_self_remove(state, message, Rules(LIFETIMES))
        return _as_member(state, message, key)

    taken = judged(case, by_member, "member_rule") or (None, None)
    case.same("leaf_index", taken[0])
    case.same("proposal_ref", taken[1])


def _as_member(state: PublicState, wire: bytes, key: Secret) -> tuple[int, bytes]:
    """Return whom a SelfRemove removes, and its reference, after checking the membership tag."""
    message, context = decode(MLSMessage, wire).body, state.context
    assert isinstance(message, PublicMessage)  # noqa: S101 - it was found to be one
    key_of = signature_keys(state.tree, context.extensions)
    signed = unprotect_public(state.suite, message, context, key, key_of)
    sender = signed.content.sender
    assert isinstance(sender, MemberSender)  # noqa: S101 - the same
    return int(sender.leaf_index), proposal_ref(state.suite, signed)


def check_last_resort(case: Case) -> None:
    """Verify whether a key package is one of last resort."""
    check_kind(case, "mls-extensions-last-resort")
    suite, octets = case.suite(), case.octets("key_package")
    with case.at("key_package"):
        package = decode(MLSMessage, octets).body
    if not isinstance(package, KeyPackage):
        raise DifferenceError("key_package", "a key package", type(package).__name__)

    def read() -> bool:
        verify_key_package_signature(suite, package)
        return is_last_resort(package.extensions)

    case.same("last_resort", judged(case, read))


def check_multi_credential(case: Case) -> None:
    """Verify the credentials of members against each other, and their bindings."""
    check_kind(case, "mls-extensions-multi-credential")
    suite, leaves, own = case.suite(), leaves_in(case), optional(case, "own_leaf")
    if own is not None and own >= len(leaves):
        raise DifferenceError("own_leaf", "one of the leaves", shown(own))
    capabilities = None if own is None else leaves[own][1].capabilities

    def check() -> None:
        tree = RatchetTree.of_leaf(suite, leaves[0][1])
        for _, leaf in leaves[1:]:
            tree, _ = tree.add(leaf)
        for index, leaf in leaves:
            check_bindings(leaf.credential, index)
        check_group_support(tree, NO_NEEDS)
        verify_leaf_signatures(tree, b"", capabilities)

    if not leaves:
        raise DifferenceError("leaves", "at least one", "nothing")
    rule, _, error = broken_by(check)
    case.same("rule", rule)
    leaf: Any = None if error is None else error.where.get("leaf")
    case.same("leaf", leaf if leaf is None else int(LeafIndex(leaf)))
