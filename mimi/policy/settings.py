"""What the operational parameters of a room mean for its group (section 7 of room-policy-03).

::

    OperationalParameters ── settings_of ───────> Settings     what the group does by itself
                          ── Upkeep ────────────> Deadlines    what a client does by its own clock
                          ── leaf_refusals ─────> Refusals     who must not be a member as it is
                          ── handshake_refusals > Refusals     what must not be sent in a format

A number of 0, and an empty list, say nothing. The library has no clock: times are arguments, in
seconds of any clock that does not go back.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

import attrs

from mimi.codec import is_grease
from mimi.crypto import Entropy, draw
from mimi.mls import ComponentID, MediaType, Settings, StepPadding
from mimi.mls.codepoints import WireFormat
from mimi.mls.negotiation import DEFAULT_WIRE_FORMATS, Needs, media_types
from mimi.mls.settings import HANDSHAKES
from mimi.policy.decision import Refusal, Rule
from mimi.policy.media import covers, is_listed
from mimi.policy.operational import (
    NO_CAPABILITIES,
    ExtendedCapabilities,
    MinDefaultMaxTime,
    OperationalParameters,
    PendingProposalStrategy,
    RandomDelay,
    StrategyParams,
)
from mimi.tree.codepoints import DEFAULT_EXTENSIONS, DEFAULT_PROPOSALS
from mimi.tree.leaf import LeafNode, LeafNodeContent

MOST_AHEAD = 1 << 16
"""How many steps of a ratchet a room may ask of a client for one message.

Each costs a key derivation before the message is known to be genuine; the field holds 2^32 - 1.
"""
MOST_KEPT = 1 << 16
"""How many unused keys of each sender a room may have a client keep."""
DEFAULT_SETTINGS = Settings()


def settings_of(parameters: OperationalParameters, base: Settings = DEFAULT_SETTINGS) -> Settings:
    """Return the settings of a client in the group of a room.

    Handshakes are sent in the first of the formats listed in which they can be.

    Args:
        parameters: What the room says.
        base: What the client does where the room says nothing.
    """
    messages = parameters.app_message_policy
    ahead, kept = messages.max_generations_skipahead, parameters.max_keypairs
    window = attrs.evolve(
        base.window,
        ahead=min(ahead, MOST_AHEAD) if ahead else base.window.ahead,
        kept=min(kept, MOST_KEPT) if kept else base.window.kept,
    )
    formats = [WireFormat(each) for each in parameters.handshake_formats if each in HANDSHAKES]
    return attrs.evolve(
        base,
        handshake=formats[0] if formats else base.handshake,
        padding=StepPadding(messages.pad_to_size) if messages.pad_to_size else base.padding,
        window=window,
        past_epochs=messages.epoch_tolerance or base.past_epochs,
        maximum_lifetime=parameters.max_kp_lifetime or base.maximum_lifetime,
    )


# What a client does by its own clock


class Phase(Enum):
    """Where a moment lies among the bounds of a time."""

    EARLY = "early"
    """The shortest time has not passed: not yet."""
    OPEN = "open"
    """It has, and the default has not: possible."""
    DUE = "due"
    """The default has passed: now."""
    OVERDUE = "overdue"
    """The longest time has passed: it should have been."""


@attrs.frozen
class Deadlines:
    """When something that is to be done from time to time is to be done next; to set timers by.

    Attributes:
        earliest: Not before.
        due: By default then; None where the room says nothing.
        latest: Not after; None where the room says nothing.
    """

    earliest: int
    due: int | None
    latest: int | None

    @classmethod
    def of(cls, times: MinDefaultMaxTime, since: int) -> "Deadlines":
        """Return the deadlines of a time that began at *since*."""
        latest = since + times.maximum_time if times.maximum_time else None
        due = since + times.default_time if times.default_time else latest
        return cls(since + times.minimum_time, due, latest)

    def phase(self, now: int) -> Phase:
        """Return where a moment lies: a deadline itself is the first moment after."""
        if self.latest is not None and now >= self.latest:
            return Phase.OVERDUE
        if self.due is not None and now >= self.due:
            return Phase.DUE
        return Phase.OPEN if now >= self.earliest else Phase.EARLY


@attrs.frozen
class Upkeep:
    """What a client in a room does by its own clock.

    Attributes:
        parameters: What the room says.
    """

    parameters: OperationalParameters

    def leaf_update(self, last: int) -> Deadlines:
        """Return when a member changes its keys; who is overdue may be removed.

        Args:
            last: When it changed them last, or joined.
        """
        return Deadlines.of(self.parameters.leaf_node_update_time, last)

    def unused_key(self, derived: int) -> Deadlines:
        """Return when the key of a message that does not come is erased."""
        return Deadlines.of(self.parameters.sender_nonce_keypair_lifetime, derived)

    def buffered_message(self, arrived: int) -> Deadlines:
        """Return when a message that cannot be processed yet is given up."""
        return Deadlines.of(self.parameters.buffer_incoming_message_time, arrived)

    def may_buffer(self, held: int) -> bool:
        """Return whether one more message is kept beside *held* others."""
        most = self.parameters.max_buffered_messages
        return most == 0 or held < most

    def keeps_resumption_psk(self, made: int, now: int) -> bool:
        """Return whether the resumption PSK of an epoch that began at *made* is still kept."""
        longest = self.parameters.resumption_psk_lifetime
        return longest == 0 or now - made < longest

    def accepts_credential(self, not_before: int, not_after: int) -> bool:
        """Return whether a credential is not valid for longer than the room accepts."""
        longest = self.parameters.max_credential_lifetime
        return longest == 0 or not_after - not_before <= longest

    @property
    def strategy_component(self) -> ComponentID | None:
        """The component that says when proposals are committed; None where it is said here."""
        strategy = self.parameters.pending_proposal_policy.parameters
        return strategy.id_of_strategy_params if isinstance(strategy, StrategyParams) else None

    def commit_delay(self, entropy: Entropy) -> int | None:
        """Return how long to wait before committing what is proposed, in milliseconds.

        Every delay between the bounds, both included, is equally likely.

        Args:
            entropy: Randomness.

        Returns:
            The delay; None where the room does not say, or a component of its own does.

        Raises:
            EntropyError: The source of randomness is broken.
        """
        policy = self.parameters.pending_proposal_policy
        if policy.pending_proposal_strategy is PendingProposalStrategy.IMMEDIATE_COMMIT:
            return 0
        if not isinstance(policy.parameters, RandomDelay):
            return None
        least, most = policy.parameters.minimum_delay_ms, policy.parameters.maximum_delay_ms
        # of 128 bits for at most 64: what the remainder favours, it favours by less than 2^-64
        return least + int.from_bytes(draw(entropy, 16), "big") % (most - least + 1)


# Who may be a member


@attrs.frozen
class Support:
    """What a leaf can do, with what everybody can.

    Attributes:
        numbers: From the fields of `ExtendedCapabilities` to what is listed or used.
        by_default: From some of them to what everybody can do, and nobody lists.
        media_types: What it reads.
    """

    numbers: Mapping[str, frozenset[int]]
    by_default: Mapping[str, frozenset[int]]
    media_types: tuple[MediaType, ...]

    @classmethod
    def of(cls, leaf: LeafNode | LeafNodeContent) -> "Support":
        """Return what a leaf can do.

        Raises:
            MalformedError: What it says by its extensions does not parse.
        """
        listed, said = leaf.capabilities, Needs.of_leaf(leaf.extensions)
        used = frozenset(int(each.extension_type) for each in leaf.extensions)
        numbers = {
            "versions": _real(listed.versions),
            "cipher_suites": _real(listed.cipher_suites),
            "extensions": _real(listed.extensions) | used,
            "proposals": _real(listed.proposals),
            "credentials": _real(listed.credentials) | {int(leaf.credential.tag)},
            "wire_formats": _real(said.wire_formats),
            "component_ids": said.components,
            "safe_aad_types": said.safe_aad,
        }
        return cls(numbers, _BY_DEFAULT, media_types(leaf.extensions))


_BY_DEFAULT: Mapping[str, frozenset[int]] = {
    "extensions": frozenset(DEFAULT_EXTENSIONS),
    "proposals": frozenset(DEFAULT_PROPOSALS),
    "wire_formats": frozenset(DEFAULT_WIRE_FORMATS),
}


def _real(listed: tuple[int, ...] | frozenset[int]) -> frozenset[int]:
    """Return what is listed without GREASE, which is no support."""
    return frozenset(int(number) for number in listed if not is_grease(number))


def leaf_refusals(
    parameters: OperationalParameters, leaf: LeafNode | LeafNodeContent
) -> tuple[Refusal, ...]:
    """Return what the room has against a leaf: one refusal for each thing it lacks or has too much.

    A leaf has what it lists or carries. Types of content are nobody's to list, and proposals,
    extensions and wire formats that everybody supports are listed by nobody: they are mandatory in
    vain and cannot be forbidden here.

    Args:
        parameters: What the room says.
        leaf: The leaf of somebody who comes, or the new one of a member.

    Raises:
        MalformedError: What the leaf says by its extensions does not parse.
    """
    mandatory, forbidden = parameters.mandatory_capabilities, parameters.forbidden_capabilities
    if NO_CAPABILITIES == mandatory == forbidden:
        return ()
    support = Support.of(leaf)
    return (*_lacking(mandatory, support), *_excessive(forbidden, support))


def _lacking(mandatory: ExtendedCapabilities, support: Support) -> Iterator[Refusal]:
    for field, has in support.numbers.items():
        for number in sorted(set(getattr(mandatory, field))):
            if number not in has and number not in support.by_default.get(field, ()):
                yield Refusal(Rule.MANDATORY_CAPABILITY, f"a leaf lacks {number!r} of the {field}")
    for each in mandatory.media_types:
        if not any(covers(each, read) for read in support.media_types):
            yield Refusal(Rule.MANDATORY_CAPABILITY, f"a leaf does not read {_named(each)}")


def _excessive(forbidden: ExtendedCapabilities, support: Support) -> Iterator[Refusal]:
    for field, has in support.numbers.items():
        for number in sorted(set(getattr(forbidden, field))):
            if number in has:
                yield Refusal(Rule.FORBIDDEN_CAPABILITY, f"a leaf has {number!r} of the {field}")
    for read in support.media_types:
        if is_listed(forbidden.media_types, read):
            yield Refusal(Rule.FORBIDDEN_CAPABILITY, f"a leaf reads {_named(read)}")


def _named(media_type: MediaType) -> str:
    return media_type.type.decode("ascii", "backslashreplace")


def handshake_refusals(
    parameters: OperationalParameters, wire_format: WireFormat, *, is_self_remove: bool = False
) -> tuple[Refusal, ...]:
    """Return what the room has against a proposal or a commit in a format.

    Args:
        parameters: What the room says.
        wire_format: How the handshake was sent by a member. Who is none sends in public alone:
            whether that is allowed, other parameters say.
        is_self_remove: Whether it is a SelfRemove proposal, which is always public.
    """
    formats = parameters.handshake_formats
    public = is_self_remove and wire_format == WireFormat.MLS_PUBLIC_MESSAGE
    if not formats or wire_format in formats or public:
        return ()
    return (Refusal(Rule.HANDSHAKE_FORMAT, f"no handshakes in {WireFormat(wire_format)!r}"),)
