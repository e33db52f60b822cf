"""The checks of vectors about messages, credentials and whole groups, and all checks by kind."""

from collections.abc import Callable, Iterator
from typing import Any

from naive import naive_components as components
from naive import naive_crypto as crypto
from naive import naive_extended_member as members
from naive import naive_extended_tree as extended_tree
from naive import naive_extension_cases as cases
from naive import naive_extensions as ext
from naive import naive_multicredential as multicredential
from naive import naive_public as public_group
from naive import naive_semiprivate as semiprivate
from naive import naive_tree as tree
from naive import naive_tree_options as options
from naive import naive_wire as wire
from naive.naive_agree import Check, agree, check_round_trip, checking, must, unhex
from naive.naive_extension_cases import hexed, known_in, outcome
from naive.naive_extensions import hold
from naive.naive_public import Public
from naive.naive_wire import decode, encode


def message_of(octets: str, wire_format: int) -> dict:
    """Read an MLSMessage of a wire format."""
    message = check_round_trip("a message", ext.MLS_MESSAGE, unhex(octets))
    agree("the wire format", message["wire_format"], wire_format)
    return message["body"]


# SelfRemove


def judge_self_remove(public: Public, octets: bytes, membership_key: bytes | None) -> dict:
    """Judge a message that is to hold a SelfRemove; without a membership key as a joiner does."""
    message = decode(ext.MLS_MESSAGE, octets)
    private = message["wire_format"] in {wire.PRIVATE_MESSAGE, ext.SEMI_PRIVATE_MESSAGE}
    hold("self-remove-framing", "it is no PublicMessage", holds=not private)
    public_message = message["wire_format"] == wire.PUBLIC_MESSAGE
    hold("unexpected-message", "it is no handshake message", holds=public_message)
    content = message["body"]["content"]
    proposal = content["content_type"] == wire.PROPOSAL
    held = proposal and content["body"]["proposal_type"] == ext.SELF_REMOVE
    hold("unexpected-message", "it holds something else", holds=held)
    member = content["sender"]["sender_type"] == wire.MEMBER
    hold("self-remove-sender", "the sender is no member", holds=member)
    opened = public_group.open_public_message(public, message["body"], membership_key)
    components.aad_items(public.context["extensions"], content["authenticated_data"])
    public_group.receive_proposal(public, opened)
    return opened


def check_self_remove(case: dict) -> None:
    info = message_of(case["group_info"], wire.GROUP_INFO)
    agree("cipher_suite", info["group_context"]["cipher_suite"], case["cipher_suite"])
    public = public_group.start(info, {})
    opener = public_group.open_as_receiver_with(None)
    octets, key = unhex(case["message"]), unhex(case["membership_key"])
    for one in case["pending"]:
        opened = public_group.open_message(public, unhex(one), opener, key)
        public = public_group.receive_proposal(public, opened)
    _, rule = outcome(lambda: judge_self_remove(public, octets, None))
    opened, member_rule = outcome(lambda: judge_self_remove(public, octets, key))
    agree("rule", rule, case["rule"])
    agree("member_rule", member_rule, case["member_rule"])
    leaf, reference = None, None
    if opened is not None:
        leaf = opened["content"]["sender"]["leaf_index"]
        reference = public_group.proposal_reference(public.suite, opened).hex()
    agree("leaf_index", leaf, case["leaf_index"])
    agree("proposal_ref", reference, case["proposal_ref"])


# Key packages of last resort

LAST_RESORT_EXTENSION = 0x000A


def is_last_resort(suite: crypto.Suite, octets: bytes) -> bool:
    """Say whether a key package is marked (section "Last-Resort KeyPackages")."""
    package = decode(ext.MLS_MESSAGE, octets)["body"]
    extended_tree.check_key_package(suite, package)
    entries = components.dictionary_in(package["extensions"])
    data = components.component_data(entries, ext.LAST_RESORT_KEY_PACKAGE)
    earlier = ext.find(package["extensions"], LAST_RESORT_EXTENSION)
    return data is not None or earlier is not None


def check_last_resort(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    marked, rule = outcome(lambda: is_last_resort(suite, unhex(case["key_package"])))
    agree("rule", rule, case["rule"])
    agree("last_resort", marked, case["last_resort"])


# Multi-credentials


def credential_faults(leaves: list[dict], own_leaf: int | None) -> Iterator[tuple[str, int]]:
    """Name every rule that is broken with every leaf that may be said to break it."""
    clients = [one["capabilities"] for one in leaves]
    own = None if own_leaf is None else clients[own_leaf]
    for index, one in enumerate(leaves):
        found = multicredential.faults(one["credential"], one["signature_key"], clients, own)
        for fault in found:
            yield fault.rule, index if fault.member is None else fault.member


def check_multi_credential(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    leaves = [check_round_trip("a leaf", ext.LEAF_NODE, unhex(one)) for one in case["leaves"]]
    for one in leaves:
        extended_tree.check_leaf_signature(suite, one, b"", 0)
    found = set(credential_faults(leaves, case["own_leaf"])) or {(None, None)}
    agree("the rules that are broken", {rule for rule, _ in found}, {case["rule"]})
    at = [leaf for _, leaf in found]
    must(f"leaf {case['leaf']} is among {at}", holds=case["leaf"] in at)


# SemiPrivateMessage


def open_semi_private(case: dict, opener: Callable[[dict, dict, Any], dict | None]) -> bytes | None:
    """Open the message of a case: the encoded FramedContent, None for who is no receiver."""
    suite = crypto.suite_of(case["cipher_suite"])
    context_octets = unhex(case["group_context"])
    context = decode(wire.GROUP_CONTEXT, context_octets)
    nodes = extended_tree.read_tree(unhex(case["ratchet_tree"]))
    message = decode(ext.MLS_MESSAGE, unhex(case["message"]))["body"]
    semiprivate.check_message(suite, context["extensions"], message)
    opened = opener(context, message, nodes)
    if opened is None:
        return None
    content = opened["content"]
    key = tree.leaf_at(nodes, content["sender"]["leaf_index"])["signature_key"]
    semiprivate.check_content(suite, message, opened, context_octets, key)
    return encode(ext.FRAMED_CONTENT, content)


def check_semi_private(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    context = check_round_trip("group_context", wire.GROUP_CONTEXT, unhex(case["group_context"]))
    agree("cipher_suite", context["cipher_suite"], case["cipher_suite"])
    tree_hash = extended_tree.root_hash(suite, extended_tree.read_tree(unhex(case["ratchet_tree"])))
    agree("the hash of ratchet_tree", tree_hash, context["tree_hash"])
    names = "sender_data_secret", "encryption_secret"
    secrets = {name: unhex(case[name]) for name in names}

    def as_member(_: dict, message: dict, nodes: Any) -> dict:
        return semiprivate.open_as_member(suite, secrets, nodes, message)

    content, rule = outcome(lambda: open_semi_private(case, as_member))
    agree("member_rule", rule, case["member_rule"])
    agree("content", hexed(content), case["content"])
    for number, one in enumerate(case["receivers"]):
        private = crypto.full_private_key(suite, unhex(one["private_key"]))

        def as_receiver(context: dict, message: dict, nodes: Any, private: bytes = private) -> Any:
            receiver = semiprivate.receiver_of(suite, context["extensions"], private)
            if receiver is None:
                return None
            return semiprivate.open_as_receiver(suite, private, receiver, nodes, message)

        content, rule = outcome(
            lambda as_receiver=as_receiver: open_semi_private(case, as_receiver)
        )
        agree(f"rule of receiver {number}", rule, one["rule"])
        agree(f"content of receiver {number}", hexed(content), one["content"])


# Ratchet trees

REPRESENTATIONS = {
    options.FULL: "full",
    options.HTTPS_URI: "httpsUri",
    options.OUT_OF_BAND: "outOfBand",
    options.DISTRIBUTION_SERVICE: "distributionService",
}


def check_tree_option(case: dict) -> None:
    extensions = cases.extensions_of(case)

    option, rule = outcome(lambda: options.read_option(unhex(case["option"])))
    representation, nodes, url = None, None, None
    if option is not None:
        again = encode(options.RATCHET_TREE_OPTION, option)
        agree("option, written again", again, unhex(case["option"]))
        representation = REPRESENTATIONS[option["representation"]]
        if representation == "full":
            nodes = encode(ext.RATCHET_TREE_STRUCT, option["ratchet_tree"]).hex()
        if representation == "httpsUri":
            octets = option["ratchet_tree_url"]
            url, rule = outcome(lambda: options.check_url(extensions, octets))
    agree("rule", rule, case["rule"])
    agree("representation", representation, case["representation"])
    agree("ratchet_tree", nodes, case["ratchet_tree"])
    agree("url", url, case["url"])


def check_partial_group_info(case: dict) -> None:
    before = message_of(case["group_info_before"], wire.GROUP_INFO)
    agree("cipher_suite", before["group_context"]["cipher_suite"], case["cipher_suite"])
    beside = case["ratchet_tree_before"]
    held = ext.find(before["extensions"], ext.RATCHET_TREE) is not None
    must("there is one ratchet tree before", holds=held == (beside is None))
    beside = None if held else unhex(beside)
    proposals, commit = [unhex(one) for one in case["proposals"]], unhex(case["commit"])
    partial = unhex(case["partial_group_info"])
    info, rule = outcome(lambda: options.rebuild_from(before, beside, proposals, commit, partial))
    agree("rule", rule, case["rule"])
    octets = None
    if info is not None:
        message = {"version": wire.MLS10, "wire_format": wire.GROUP_INFO, "body": info}
        octets = encode(ext.MLS_MESSAGE, message)
    agree("group_info", hexed(octets), case["group_info"])


# Whole groups


def joiner_of(case: dict) -> members.Joiner:
    """Read what a client has before it joins, and check that its keys are those of its package."""
    suite = crypto.suite_of(case["cipher_suite"])
    package = message_of(case["key_package"], wire.KEY_PACKAGE)
    leaf = package["leaf_node"]
    init_private = crypto.full_private_key(suite, unhex(case["init_priv"]))
    encryption_private = crypto.full_private_key(suite, unhex(case["encryption_priv"]))
    agree("init_priv", crypto.hpke_public_of(suite, init_private), package["init_key"])
    public = crypto.hpke_public_of(suite, encryption_private)
    agree("encryption_priv", public, leaf["encryption_key"])
    public = crypto.signature_public_of(suite, unhex(case["signature_priv"]))
    agree("signature_priv", public, leaf["signature_key"])
    psks = {(one["component_id"], unhex(one["psk_id"])): unhex(one["psk"]) for one in case["psks"]}
    return members.Joiner(package, init_private, encryption_private, known_in(case), psks)


def follower_opener(case: dict) -> public_group.SemiPrivateOpener:
    private = case["receiver_priv"]
    if private is None:
        return public_group.open_as_receiver_with(None)
    suite = crypto.suite_of(case["cipher_suite"])
    return public_group.open_as_receiver_with(crypto.full_private_key(suite, unhex(private)))


def take(member: members.Member, octets: bytes) -> Any:
    """Take a message of either kind as a member."""
    kind = members.open_as(member, octets)["content"]["content_type"]
    if kind == wire.PROPOSAL:
        return members.take_proposal(member, octets)
    return members.take_commit(member, octets)


def take_outside(public: Public, octets: bytes, opener: public_group.SemiPrivateOpener) -> Any:
    opened = public_group.open_message(public, octets, opener)
    if opened["content"]["content_type"] == wire.PROPOSAL:
        return public_group.receive_proposal(public, opened)
    return public_group.receive_commit(public, opened)


def check_group(case: dict) -> None:
    member = members.join(joiner_of(case), message_of(case["welcome"], wire.WELCOME))
    opener = follower_opener(case)
    follower = public_group.start(message_of(case["group_info"], wire.GROUP_INFO), known_in(case))
    agree("the context of the follower", follower.context, member.public.context)
    authenticator = member.secrets["epoch_authenticator"]
    agree("initial_epoch_authenticator", authenticator, unhex(case["initial_epoch_authenticator"]))
    for number, epoch in enumerate(case["epochs"]):
        for octets in (unhex(one) for one in epoch["proposals"]):
            member = members.take_proposal(member, octets)
            opened = public_group.open_message(follower, octets, opener)
            follower = public_group.receive_proposal(follower, opened)
        for one in epoch["refused"]:
            octets = unhex(one["message"])
            _, rule = outcome(lambda m=member, o=octets: take(m, o))
            agree(f"rule of a member in epoch {number}", rule, one["rule"])
            _, rule = outcome(lambda f=follower, o=octets: take_outside(f, o, opener))
            agree(f"rule of a follower in epoch {number}", rule, one["rule"])
        commit = unhex(epoch["commit"])
        member = members.take_commit(member, commit)
        opened = public_group.open_message(follower, commit, opener)
        follower = public_group.receive_commit(follower, opened).public
        context = unhex(epoch["group_context"])
        agree(f"the context of epoch {number}", public_group.context_octets(follower), context)
        agree(f"a member's context of {number}", member.public.context, follower.context)
        authenticator = member.secrets["epoch_authenticator"]
        given = unhex(epoch["epoch_authenticator"])
        agree(f"epoch_authenticator of epoch {number}", authenticator, given)


# By kind, and the file that holds the kind

KINDS: dict[str, tuple[str, Check]] = {
    "signing": ("signing", cases.check_signing),
    "encryption": ("encryption", cases.check_encryption),
    "export": ("exports", cases.check_export),
    "psk": ("psks", cases.check_psk),
    "dictionary": ("dictionaries", cases.check_dictionary),
    "update": ("updates", cases.check_update),
    "safe-aad": ("safe-aad", cases.check_safe_aad),
    "message-id": ("message-ids", cases.check_message_id),
    "framing": ("framing", cases.check_framing),
    "negotiation": ("negotiation", cases.check_negotiation),
    "app-ack": ("app-acks", cases.check_app_ack),
    "self-remove": ("self-removes", check_self_remove),
    "last-resort": ("last-resort", check_last_resort),
    "multi-credential": ("multi-credentials", check_multi_credential),
    "semi-private": ("semi-private", check_semi_private),
    "tree-option": ("tree-options", check_tree_option),
    "partial-group-info": ("partial-group-infos", check_partial_group_info),
    "group": ("groups", check_group),
}
PREFIX = "mls-extensions-"


def check_case(case: dict) -> None:
    """Check a case by its kind."""
    kind = case["kind"].removeprefix(PREFIX)
    must(f"{case['kind']} is a kind", holds=kind in KINDS and case["kind"] == PREFIX + kind)
    checking(KINDS[kind][1])(case)
