"""Ways to convey the ratchet tree (draft-mahy-mls-ratchet-tree-options-03)."""

import re

from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_wire as wire
from naive.naive_extensions import Refused, hold
from naive.naive_public import (
    Public,
    check_group_info,
    open_as_receiver_with,
    open_message,
    receive_commit,
    receive_proposal,
    start,
)
from naive.naive_wire import OPAQUE, U8, choice, decode, encode, one_of, struct, vector

# Section "Conveying the Ratchet Tree"

FULL = 1
HTTPS_URI = 2
OUT_OF_BAND = 3
DISTRIBUTION_SERVICE = 4

RATCHET_TREE_OPTION = struct(
    (
        "representation",
        one_of(U8, {FULL, HTTPS_URI, OUT_OF_BAND, DISTRIBUTION_SERVICE}),
    ),
    ("ratchet_tree", choice("representation", {FULL: ext.RATCHET_TREE_STRUCT})),
    ("ratchet_tree_url", choice("representation", {HTTPS_URI: OPAQUE})),
    (
        "tree_signature",
        choice("representation", {HTTPS_URI: OPAQUE, OUT_OF_BAND: OPAQUE}),
    ),
)


def read_option(octets: bytes) -> dict:
    option = decode(RATCHET_TREE_OPTION, octets)
    if option["representation"] == FULL:
        tree_octets = encode(ext.RATCHET_TREE_STRUCT, option["ratchet_tree"])
        extended_tree.read_tree(tree_octets)
    return option


# Section "Conveying the ratchet tree using HTTPS"

DOMAIN = struct(("domain", OPAQUE))
DOMAIN_LIST = ext.not_empty(vector(DOMAIN), "domains")

# RFC 3986, section 3: scheme, authority and the rest
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^\s]*)", re.ASCII)
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
HOST = re.compile(rf"({LABEL}\.)*{LABEL}\.?", re.ASCII)


def source_domains(extensions: list[dict]) -> list[str] | None:
    octets = ext.find(extensions, ext.RATCHET_TREE_SOURCE_DOMAINS)
    if octets is None:
        return None
    return [one["domain"].decode() for one in decode(DOMAIN_LIST, octets)]


def bad_url(sentence: str) -> Refused:
    return Refused("ratchet-tree-url", sentence)


def host_of(url: str) -> str:
    """Give the host name of an https URL without user information."""
    parts = URL.fullmatch(url)
    if parts is None or parts[1].lower() != "https":
        raise bad_url("it is no https URL")
    host, colon, port = parts[2].partition(":")
    if colon and port and not port.isdecimal():
        raise bad_url("the port is no number")
    if "@" in parts[2] or not HOST.fullmatch(host):
        raise bad_url("it has no host name, or user information")
    if re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", host.rstrip(".").rpartition(".")[2]):
        raise bad_url("it has an address for a host name")
    return host


def comparable_domain(name: str) -> str:
    return name.lower().removesuffix(".")


def check_url(extensions: list[dict], octets: bytes) -> str:
    try:
        url = octets.decode("ascii")
    except UnicodeDecodeError as error:
        raise bad_url("it is no ASCII") from error
    host = comparable_domain(host_of(url))
    domains = source_domains(extensions)
    if domains is not None:
        among = host in {comparable_domain(one) for one in domains}
        hold("ratchet-tree-domain", f"{host} is none of {domains}", holds=among)
    return url


# Section "Conveying the GroupInfo"

NO_RATCHET_TREE = 0
PRESENT = 1
REMOVED = 2
ADDED = 3

PARTIAL_GROUP_INFO = struct(
    ("ratchet_tree_presence", U8),
    ("group_info_extensions", wire.EXTENSIONS),
    ("signature", OPAQUE),
)


def follow(public: Public, proposals: list[bytes], commit: bytes) -> tuple[Public, dict, int]:
    """Follow a commit and the proposals before it: state, AuthenticatedContent, committer."""
    opener = open_as_receiver_with(None)
    for octets in proposals:
        public = receive_proposal(public, open_message(public, octets, opener))
    opened = open_message(public, commit, opener)
    result = receive_commit(public, opened)
    return result.public, opened, result.committer


def check_presence(before: dict, presence: int) -> None:
    """Check that the presence is defined, and one of the two that are possible."""
    if presence not in {NO_RATCHET_TREE, PRESENT, REMOVED, ADDED}:
        raise ValueError(f"presence {presence} is not defined")
    had = ext.find(before["extensions"], ext.RATCHET_TREE) is not None
    fits = presence in ({PRESENT, REMOVED} if had else {NO_RATCHET_TREE, ADDED})
    hold("tree-presence", f"presence {presence} contradicts what was before", holds=fits)


def rebuild(public: Public, opened: dict, committer: int, partial: dict) -> dict:
    """Build the GroupInfo of the epoch that a commit opens; the committer has signed it."""
    extensions = partial["group_info_extensions"]
    held = ext.find(extensions, ext.RATCHET_TREE) is not None
    hold("tree-extension", "the extensions have the ratchet tree", holds=not held)
    if partial["ratchet_tree_presence"] in {PRESENT, ADDED}:
        octets = extended_tree.write_tree(public.nodes)
        put = {"extension_type": ext.RATCHET_TREE, "extension_data": octets}
        extensions = [put, *extensions]
    info = {
        "group_context": public.context,
        "extensions": extensions,
        "confirmation_tag": opened["auth"]["confirmation_tag"],
        "signer": committer,
        "signature": partial["signature"],
    }
    check_group_info(public.suite, info, public.nodes)
    return info


def rebuild_from(
    before: dict, tree_before: bytes | None, messages: list[bytes], commit: bytes, octets: bytes
) -> dict:
    """Build the next GroupInfo of the one before, proposals, a commit and a PartialGroupInfo."""
    partial = decode(PARTIAL_GROUP_INFO, octets)
    check_presence(before, partial["ratchet_tree_presence"])
    public = start(before, {}, tree_before)
    after, opened, committer = follow(public, messages, commit)
    return rebuild(after, opened, committer, partial)
