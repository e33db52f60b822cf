"""The kinds of vector files, and how to tell them apart.

Those of MLS have the formats of the MLS working group (test-vectors.md) and are told by their
fields; those of MIMI and of the MLS extensions say in the field ``kind`` what they are (the READMEs
of vectors/content, vectors/identity, vectors/mls-extensions, vectors/policy and vectors/protocol).
"""

from collections.abc import Callable
from typing import Any

from mimi.vectors.case import Case
from mimi.vectors.checks import (
    attachments,
    basics,
    choices,
    content,
    conversations,
    extensions,
    groups,
    identity,
    markdown,
    messages,
    mls_agreement,
    mls_data,
    mls_groups,
    mls_handshakes,
    mls_keys,
    mls_members,
    policy,
    schedule,
    trees,
)
from mimi.vectors.kind import Kind as Kind
from mimi.vectors.kind import kind_with as _kind
from mimi.vectors.protocol_kinds import PROTOCOL_KINDS as PROTOCOL_KINDS

MLS_KINDS: tuple[Kind, ...] = (
    _kind("tree-math", "n_leaves n_nodes root left right parent sibling", basics.check_tree_math),
    _kind(
        "crypto-basics",
        "cipher_suite ref_hash expand_with_label derive_secret derive_tree_secret"
        " sign_with_label encrypt_with_label",
        basics.check_crypto_basics,
    ),
    _kind("deserialization", "vlbytes_header length", basics.check_deserialization),
    _kind(
        "key-schedule",
        "cipher_suite group_id initial_init_secret epochs",
        schedule.check_key_schedule,
    ),
    _kind("psk_secret", "cipher_suite psks psk_secret", schedule.check_psk_secret),
    _kind(
        "secret-tree",
        "cipher_suite sender_data encryption_secret leaves",
        schedule.check_secret_tree,
    ),
    _kind(
        "transcript-hashes",
        "cipher_suite confirmation_key authenticated_content interim_transcript_hash_before"
        " confirmed_transcript_hash_after interim_transcript_hash_after",
        schedule.check_transcript_hashes,
    ),
    _kind(
        "messages",
        " ".join((*messages.STRUCTURES, *messages.BODIES)),
        messages.check_messages,
    ),
    _kind(
        "message-protection",
        "cipher_suite group_id epoch tree_hash confirmed_transcript_hash signature_priv"
        " signature_pub encryption_secret sender_data_secret membership_key proposal proposal_pub"
        " proposal_priv commit commit_pub commit_priv application application_priv",
        messages.check_message_protection,
    ),
    _kind(
        "welcome", "cipher_suite init_priv signer_pub key_package welcome", messages.check_welcome
    ),
    _kind(
        "tree-operations",
        "cipher_suite tree_before proposal proposal_sender tree_hash_before tree_after"
        " tree_hash_after",
        trees.check_tree_operations,
    ),
    _kind(
        "tree-validation",
        "cipher_suite tree group_id resolutions tree_hashes",
        trees.check_tree_validation,
    ),
    _kind(
        "treekem",
        "cipher_suite group_id epoch confirmed_transcript_hash ratchet_tree leaves_private"
        " update_paths",
        trees.check_treekem,
    ),
    _kind(
        "passive-client",
        "cipher_suite external_psks key_package signature_priv encryption_priv init_priv welcome"
        " ratchet_tree initial_epoch_authenticator epochs",
        groups.check_passive_client,
        ("passive-client-welcome", "passive-client-handling-commit", "passive-client-random"),
    ),
)


def _content_kind(
    name: str,
    fields: str,
    check: Callable[[Case], None],
    file: str,
    missing: Callable[[], str] = str,
) -> Kind:
    names = frozenset(f"kind description {fields}".split())
    return Kind(f"content-{name}", names, check, (file,), missing)


CONTENT_KINDS: tuple[Kind, ...] = (
    _content_kind(
        "message",
        "content sender_uri room_uri message_id message parts",
        content.check_message,
        "messages",
    ),
    _content_kind("refused", "format content max_octets rule", content.check_refused, "refused"),
    _content_kind("status", "content report", content.check_status, "status"),
    _content_kind("derived", "content derived milliseconds", content.check_derived, "derived"),
    _content_kind(
        "received",
        "content sender_uri room_uri message_id now accepted room_created format_published"
        " sender_is_member known rule",
        content.check_reception,
        "received",
    ),
    _content_kind(
        "reference", "content uri index part rule", content.check_reference, "references"
    ),
    _content_kind("salt", "salt_base_secret nonce salt", content.check_salt, "salts"),
    _content_kind("extension", "content key value rule", extensions.check_extension, "extensions"),
    _content_kind(
        "attachment",
        "content part fetched now max_octets plaintext rule",
        attachments.check_attachment,
        "attachments",
    ),
    _content_kind(
        "conversation",
        "room_uri moderators arrivals reports readings now orders view",
        conversations.check_conversation,
        "conversations",
    ),
    _content_kind(
        "choose", "content media_types languages chosen", choices.check_choice, "choices"
    ),
    _content_kind(
        "markdown",
        "source without_html members links",
        markdown.check_markdown,
        "markdown",
        markdown.missing,
    ),
)

IDENTITY_KINDS: tuple[Kind, ...] = (
    _kind(
        "identity-uri",
        "kind description uri type canonical provider names path_segment iri rule at",
        identity.check_uri,
        ("uris",),
    ),
    _kind(
        "identity-foreign",
        "kind description form provider text canonical mimi rule at",
        identity.check_foreign,
        ("foreign",),
        identity.missing,
    ),
    _kind(
        "identity-eye",
        "kind description text known dangers",
        identity.check_eye,
        ("eye",),
        identity.missing,
    ),
)


def _extension_kind(name: str, fields: str, check: Callable[[Case], None], file: str) -> Kind:
    names = frozenset(f"kind description cipher_suite {fields}".split())
    return Kind(f"mls-extensions-{name}", names, check, (file,))


EXTENSION_KINDS: tuple[Kind, ...] = (
    _extension_kind(
        "signing",
        "component_id label operation_label content signature_priv signature_pub signature rule",
        mls_keys.check_signing,
        "signing",
    ),
    _extension_kind(
        "encryption",
        "component_id label operation_label context private_key public_key kem_output ciphertext"
        " plaintext rule",
        mls_keys.check_encryption,
        "encryption",
    ),
    _extension_kind(
        "export",
        "epoch_secret application_export_secret exports",
        mls_keys.check_export,
        "exports",
    ),
    _extension_kind("psk", "psks psk_secret rule", mls_keys.check_psks, "psks"),
    _extension_kind(
        "dictionary",
        "place object signature_key components rule",
        mls_data.check_dictionary,
        "dictionaries",
    ),
    _extension_kind(
        "update",
        "group_context components proposals calls extensions rule",
        mls_data.check_update,
        "updates",
    ),
    _extension_kind(
        "safe-aad",
        "extensions authenticated_data framed items rule",
        mls_agreement.check_safe_aad,
        "safe-aad",
    ),
    _extension_kind(
        "message-id",
        "extensions authenticated_data content sender_uri room_uri message_id stated rule",
        mls_agreement.check_message_id,
        "message-ids",
    ),
    _extension_kind(
        "framing",
        "extensions application_data framed media_type content rule",
        mls_agreement.check_framing,
        "framing",
    ),
    _extension_kind(
        "negotiation",
        "extensions leaves role leaf value rule",
        mls_agreement.check_negotiation,
        "negotiation",
    ),
    _extension_kind(
        "app-ack",
        "received app_ack claims lost rule",
        mls_members.check_app_ack,
        "app-acks",
    ),
    _extension_kind(
        "self-remove",
        "group_info pending message membership_key leaf_index proposal_ref rule member_rule",
        mls_members.check_self_remove,
        "self-removes",
    ),
    _extension_kind(
        "last-resort",
        "key_package last_resort rule",
        mls_members.check_last_resort,
        "last-resort",
    ),
    _extension_kind(
        "multi-credential",
        "leaves own_leaf leaf rule",
        mls_members.check_multi_credential,
        "multi-credentials",
    ),
    _extension_kind(
        "semi-private",
        "group_context ratchet_tree sender_data_secret encryption_secret message content"
        " member_rule receivers",
        mls_handshakes.check_semi_private_message,
        "semi-private",
    ),
    _extension_kind(
        "tree-option",
        "extensions option representation ratchet_tree url rule",
        mls_handshakes.check_tree_option,
        "tree-options",
    ),
    _extension_kind(
        "partial-group-info",
        "group_info_before ratchet_tree_before proposals commit partial_group_info group_info rule",
        mls_handshakes.check_partial_group_info,
        "partial-group-infos",
    ),
    _extension_kind(
        "group",
        "components psks key_package signature_priv encryption_priv init_priv welcome"
        " receiver_priv group_info initial_epoch_authenticator epochs",
        mls_groups.check_group,
        "groups",
    ),
)

_ROOM = (
    "roles preauthorized base_room_policy operational join_links room_metadata participants clients"
    " parent join_roles"
)


def _policy_kind(name: str, fields: str, check: Callable[[Case], None], *files: str) -> Kind:
    return Kind(f"policy-{name}", frozenset(f"kind description {fields}".split()), check, files)


POLICY_KINDS: tuple[Kind, ...] = (
    _policy_kind(
        "component",
        "component_id data value rule",
        policy.check_policy_component,
        "components",
    ),
    _policy_kind(
        "participants",
        "data updates values after participants rule",
        policy.check_policy_participants,
        "participants",
    ),
    _policy_kind(
        "join-links",
        "before updates values after join_links rule",
        policy.check_policy_join_links,
        "join_links",
    ),
    _policy_kind(
        "decisions",
        f"{_ROOM} actors definitions sentences rows",
        policy.check_policy_decisions,
        "decisions",
        "combinations",
    ),
    _policy_kind(
        "founding",
        f"{_ROOM} rules section sentence",
        policy.check_policy_founding,
        "foundings",
    ),
)

KINDS: tuple[Kind, ...] = (
    *MLS_KINDS,
    *CONTENT_KINDS,
    *IDENTITY_KINDS,
    *EXTENSION_KINDS,
    *POLICY_KINDS,
    *PROTOCOL_KINDS,
)

_NAMED = {kind.name: kind for kind in KINDS if "kind" in kind.fields}


def kind_of(case: Any) -> Kind | None:
    """Return the kind of a case, or None where it is of no known kind.

    It is the one that the case names, or else the one whose fields it has. A case that lacks some
    fields of its kind is still recognised by those that it has: the kind of which most are there,
    if more than half.
    """
    if not isinstance(case, dict):
        return None
    if "kind" in case and isinstance(case["kind"], str):
        return _NAMED.get(case["kind"])
    present = frozenset(case) - {"cipher_suite"}
    best = max(KINDS, key=lambda kind: _likeness(kind, present))
    return best if _likeness(best, present) > 0.5 else None


def _likeness(kind: Kind, present: frozenset[str]) -> float:
    fields = kind.fields - {"cipher_suite"}
    return len(fields & present) / len(fields | present)
