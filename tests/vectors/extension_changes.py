"""What may be changed in the vectors of the MLS extensions, and why it may go unnoticed.

Where something is refused, other changes may leave it refused for the same rule: there the rule and
what would come out are changed, and nothing else.
"""

from typing import Any

from vectors.changes import Changes, Reasons, others, with_each_octet_changed
from vectors.corruption import steps_of
from vectors.sets import EXTENSIONS, Case

from mimi.vectors import Kind, checked_fields

UNNOTICED: Reasons = {
    ("*", "description"): "it is for people",
    ("*", "cipher_suite"): "nothing in some files depends on it",
    ("mls-extensions-dictionary", "object"): "a group context is not signed",
    ("mls-extensions-update", "group_context"): "of its octets only the extensions matter",
    ("mls-extensions-update", "components[].component_id"): "not all have something to do",
    ("mls-extensions-update", "components[].logic"): "the same",
    ("mls-extensions-safe-aad", "authenticated_data"): "where it is not framed",
    ("mls-extensions-safe-aad", "extensions"): "what else the group has agreed on",
    ("mls-extensions-message-id", "extensions"): "the same",
    ("mls-extensions-message-id", "authenticated_data"): "what else is in it",
    ("mls-extensions-framing", "extensions"): "what else the group has agreed on",
    ("mls-extensions-negotiation", "extensions"): "a component may be another that all have",
    ("mls-extensions-negotiation", "role"): "it matters for media types",
    ("mls-extensions-app-ack", "claims[]"): "what is claimed may have arrived",
    ("mls-extensions-self-remove", "membership_key"): "where the rule is that of the outside",
    ("mls-extensions-multi-credential", "own_leaf"): "others judge alike",
    ("mls-extensions-semi-private", "receivers[].private_key"): "a stranger's key",
    ("mls-extensions-tree-option", "option"): "a signature in it is not verified",
    ("mls-extensions-tree-option", "extensions"): "where there is no URL",
    ("mls-extensions-group", "components[].component_id"): "not all have something to do",
    ("mls-extensions-group", "components[].logic"): "the same",
    ("mls-extensions-group", "psks[].component_id"): "not all groups use them",
    ("mls-extensions-group", "psks[].psk_id"): "the same",
    ("mls-extensions-group", "psks[].psk"): "the same",
    ("mls-extensions-group", "epochs[].refused[].message"): "it may break the same rule",
    ("mls-extensions-group", "receiver_priv"): "where the follower reads all that there is",
}
"""Given fields of which another value may be as good, and why."""

RESULTS = {
    *("rule", "member_rule", "operation_label", "plaintext", "secret", "psk_secret"),
    *("application_export_secret", "components", "calls", "framed", "items", "stated"),
    *("media_type", "content", "leaf", "value", "app_ack", "lost", "leaf_index", "proposal_ref"),
    *("last_resort", "representation", "ratchet_tree", "url", "group_info", "kind"),
    *("initial_epoch_authenticator", "epoch_authenticator", "group_context"),
}
"""The fields of results, which are named wherever they stand."""


def rules_of(case: Case) -> set[str | None]:
    """The rules that a case names, wherever in it."""
    inner = [*case.get("exports", ()), *case.get("receivers", ())]
    inner += [part for epoch in case.get("epochs", ()) for part in epoch["refused"]]
    rules = {part["rule"] for part in inner}
    return rules | {case[name] for name in ("rule", "member_rule") if name in case}


def is_of_the_smallest_suite_or_a_fifth(number: int, case: Case) -> bool:
    return case["cipher_suite"] == 1 or number % 5 == 0


def is_refused(file: str, case: Case) -> bool:
    """Whether other changes may leave a case refused for the same rule."""
    return bool(rules_of(case) - {None}) and file not in ("groups", "exports")


def is_result(field: str) -> bool:
    steps = [step for step in steps_of(field) if isinstance(step, str)]
    return steps[0] in RESULTS or steps[-1] in RESULTS


def results_of(kind: Kind, case: Case) -> list[str]:
    fields = checked_fields(kind, case)
    return [field for field, syntax_only in fields if not syntax_only and is_result(field)]


def others_somewhere(value: Any) -> list[Any]:
    return [*others(value), *with_each_octet_changed(value)]


CHANGES = Changes(
    EXTENSIONS,
    UNNOTICED,
    limit=2,
    limit_of_types=1,
    is_chosen=is_of_the_smallest_suite_or_a_fifth,
    is_free=is_refused,
    named=results_of,
    others_somewhere=others_somewhere,
)
