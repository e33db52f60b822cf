"""What the operational parameters of a room make of a client and its group."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree.members import NOW, content_of, person

from mimi.codec import GREASE_VALUES
from mimi.crypto import CipherSuite, SeededEntropy
from mimi.errors import MalformedError
from mimi.mls import (
    MLS_SEMIPRIVATE_MESSAGE,
    SUPPORTED_WIRE_FORMATS,
    ApplicationMessage,
    Client,
    ComponentID,
    ContentType,
    MediaType,
    Parameter,
    Settings,
    StepPadding,
    WireFormat,
    WireFormats,
    agreement,
    dictionary,
)
from mimi.mls.components import COMPONENT_GREASE
from mimi.mls.errors import GenerationTooFarError
from mimi.mls.secrets import Window
from mimi.policy.decision import Rule
from mimi.policy.operational import (
    AppMessagePolicy,
    ExtendedCapabilities,
    MinDefaultMaxTime,
    OperationalParameters,
    PendingProposalPolicy,
    PendingProposalStrategy,
    RandomDelay,
    StrategyParams,
)
from mimi.policy.settings import (
    MOST_AHEAD,
    MOST_KEPT,
    Deadlines,
    Phase,
    Upkeep,
    handshake_refusals,
    leaf_refusals,
    settings_of,
)
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType, ProtocolVersion
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension, extension
from mimi.tree.leaf import Capabilities, LeafNodeContent

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE
OWN = Settings(
    handshake=PRIVATE,
    padding=StepPadding(7),
    window=Window(ahead=11, kept=12, behind=13),
    past_epochs=14,
    resumption_epochs=15,
    maximum_lifetime=16,
    grease=False,
)


def parameters(**changes: Any) -> OperationalParameters:
    return attrs.evolve(OperationalParameters(), **changes)


def messages(*numbers: int) -> OperationalParameters:
    return parameters(app_message_policy=AppMessagePolicy(*numbers))


# Settings


def test_a_room_that_says_nothing_changes_nothing() -> None:
    assert settings_of(OperationalParameters(), OWN) == OWN
    assert settings_of(OperationalParameters()) == Settings()


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (messages(5), {"past_epochs": 5}),
        (messages(0, 256), {"padding": StepPadding(256)}),
        (messages(0, 0, 50), {"window": Window(ahead=50, kept=12, behind=13)}),
        (messages(0, 0, MOST_AHEAD), {"window": Window(ahead=MOST_AHEAD, kept=12, behind=13)}),
        (messages(0, 0, MOST_AHEAD + 1), {"window": Window(ahead=MOST_AHEAD, kept=12, behind=13)}),
        (parameters(max_keypairs=3), {"window": Window(ahead=11, kept=3, behind=13)}),
        (
            parameters(max_keypairs=(1 << 32) - 1),
            {"window": Window(ahead=11, kept=MOST_KEPT, behind=13)},
        ),
        (parameters(max_kp_lifetime=99), {"maximum_lifetime": 99}),
        (parameters(handshake_formats=(PUBLIC, PRIVATE)), {"handshake": PUBLIC}),
        (parameters(handshake_formats=(PRIVATE, PUBLIC)), {"handshake": PRIVATE}),
        (
            parameters(
                handshake_formats=(WireFormat.MLS_WELCOME, WireFormat(9), MLS_SEMIPRIVATE_MESSAGE)
            ),
            {"handshake": MLS_SEMIPRIVATE_MESSAGE},
        ),
        (parameters(handshake_formats=(WireFormat.MLS_WELCOME,)), {}),
    ],
)
def test_each_parameter_changes_its_settings(
    said: OperationalParameters, changed: dict[str, Any]
) -> None:
    assert settings_of(said, OWN) == attrs.evolve(OWN, **changed)


def client(name: str, settings: Settings | None = None) -> Client:
    credential = BasicCredential(f"mimi://a.example/d/{name}".encode())
    return Client.create(credential, settings=settings, entropy=SeededEntropy(name.encode()))


def test_a_group_keeps_to_what_the_room_says() -> None:
    said = parameters(
        app_message_policy=AppMessagePolicy(1, 64, 3), handshake_formats=(PUBLIC, PRIVATE)
    )
    bob, package = client("bob", settings_of(said)).key_package(now=NOW)
    alice = client("alice", settings_of(said)).create_group(b"room", now=NOW)
    draft = alice.commit(add=[package], now=NOW)
    alice, bobs = draft.accept(), bob.join(draft.welcome or b"", now=NOW).accept()[1]
    assert alice.commit(now=NOW).commit[2:4] == PUBLIC.to_bytes(2, "big")
    sent = []
    for length in (1, 2, 3, 4, 5):
        alice, wire = alice.protect(bytes(length))
        sent.append(wire)
    assert len(set(map(len, sent))) == 1
    with pytest.raises(GenerationTooFarError):
        bobs.receive(sent[4], now=NOW)
    (event,) = bobs.receive(sent[3], now=NOW).events
    assert isinstance(event, ApplicationMessage)
    assert event.data == bytes(4)


# Upkeep


@pytest.mark.parametrize(
    ("times", "phases"),
    [
        ((2, 4, 6), "EEOODDXX"),
        ((0, 4, 6), "OOOODDXX"),
        ((2, 0, 6), "EEOOOOXX"),
        ((2, 4, 0), "EEOODDDD"),
        ((2, 0, 0), "EEOOOOOO"),
        ((0, 0, 0), "OOOOOOOO"),
        ((4, 4, 4), "EEEEXXXX"),
    ],
)
def test_deadlines_divide_time_into_phases(times: tuple[int, int, int], phases: str) -> None:
    letters = {"E": Phase.EARLY, "O": Phase.OPEN, "D": Phase.DUE, "X": Phase.OVERDUE}
    deadlines = Deadlines.of(MinDefaultMaxTime(*times), NOW)
    assert [deadlines.phase(NOW + at) for at in range(8)] == [letters[each] for each in phases]


def test_each_time_has_its_deadlines() -> None:
    said = Upkeep(
        parameters(
            leaf_node_update_time=MinDefaultMaxTime(1, 2, 3),
            sender_nonce_keypair_lifetime=MinDefaultMaxTime(4, 5, 6),
            buffer_incoming_message_time=MinDefaultMaxTime(7, 0, 9),
        )
    )
    assert said.leaf_update(100) == Deadlines(101, 102, 103)
    assert said.unused_key(100) == Deadlines(104, 105, 106)
    assert said.buffered_message(100) == Deadlines(107, 109, 109)
    assert Upkeep(OperationalParameters()).leaf_update(100) == Deadlines(100, None, None)


def test_messages_are_buffered_up_to_a_number() -> None:
    said = Upkeep(parameters(max_buffered_messages=2))
    assert [said.may_buffer(held) for held in (0, 1, 2, 3)] == [True, True, False, False]
    assert Upkeep(OperationalParameters()).may_buffer(1 << 40)


def test_resumption_psks_are_kept_for_a_time() -> None:
    said = Upkeep(parameters(resumption_psk_lifetime=10))
    assert [said.keeps_resumption_psk(NOW, NOW + at) for at in (0, 9, 10)] == [True, True, False]
    assert Upkeep(OperationalParameters()).keeps_resumption_psk(0, NOW)


def test_credentials_do_not_last_longer_than_the_room_accepts() -> None:
    said = Upkeep(parameters(max_credential_lifetime=10))
    assert said.accepts_credential(NOW, NOW + 10)
    assert not said.accepts_credential(NOW, NOW + 11)
    assert not said.accepts_credential(-1, 10)
    assert Upkeep(OperationalParameters()).accepts_credential(-1, NOW)


def strategy(kind: PendingProposalStrategy, said: Any = None) -> Upkeep:
    return Upkeep(parameters(pending_proposal_policy=PendingProposalPolicy(kind, said)))


@given(
    st.integers(0, (1 << 64) - 1),
    st.integers(0, (1 << 64) - 1),
    st.binary(min_size=16, max_size=16),
)
def test_delays_are_within_their_bounds(one: int, other: int, octets: bytes) -> None:
    least, most = sorted((one, other))
    said = strategy(PendingProposalStrategy.RANDOM_DELAY, RandomDelay(least, most))
    delay = said.commit_delay(lambda size: octets[:size])
    assert delay is not None
    assert least <= delay <= most


def test_every_delay_comes_up() -> None:
    said, entropy = (
        strategy(PendingProposalStrategy.RANDOM_DELAY, RandomDelay(3, 6)),
        SeededEntropy(1),
    )
    assert {said.commit_delay(entropy) for _ in range(100)} == {3, 4, 5, 6}


def test_other_strategies() -> None:
    entropy = SeededEntropy(1)
    assert strategy(PendingProposalStrategy.IMMEDIATE_COMMIT).commit_delay(entropy) == 0
    assert strategy(PendingProposalStrategy.UNSPECIFIED).commit_delay(entropy) is None
    assert strategy(PendingProposalStrategy.UNSPECIFIED).strategy_component is None
    component = ComponentID(0x8001)
    own = strategy(PendingProposalStrategy.EXTENSION, StrategyParams(component))
    assert own.commit_delay(entropy) is None
    assert own.strategy_component == component


# Leaves

UNUSUAL = 0xF001
PLAIN = MediaType(b"text/plain")
GFM = MediaType(b"text/markdown", (Parameter(b"variant", b"GFM"),))
SAID = agreement(components=[UNUSUAL, 2], safe_aad=[UNUSUAL], media_types=[PLAIN, GFM])
FORMATS = extension(SUPPORTED_WIRE_FORMATS, WireFormats((WireFormat(UNUSUAL),)))
LISTED = Capabilities(
    (ProtocolVersion.MLS10, ProtocolVersion(UNUSUAL)),
    (CipherSuite.X25519_AES128,),
    (ExtensionType(UNUSUAL),),
    (ProposalType(UNUSUAL),),
    (CredentialType.BASIC, CredentialType(UNUSUAL)),
)
LEAF = content_of(
    person(SeededEntropy(b"alice")).leaf, capabilities=LISTED, extensions=(FORMATS, SAID)
)

HAS: dict[str, tuple[Any, Any, Any]] = {
    # field of ExtendedCapabilities: what the leaf says, what it does not, what nobody has to say
    "versions": (ProtocolVersion(UNUSUAL), ProtocolVersion(2), None),
    "cipher_suites": (CipherSuite.X25519_AES128, CipherSuite.P256_AES128, None),
    "extensions": (ExtensionType(UNUSUAL), ExtensionType(0xF002), ExtensionType.EXTERNAL_SENDERS),
    "proposals": (ProposalType(UNUSUAL), ProposalType(0xF002), ProposalType.PSK),
    "credentials": (CredentialType(UNUSUAL), CredentialType.X509, None),
    "wire_formats": (WireFormat(UNUSUAL), WireFormat(0xF002), PUBLIC),
    "component_ids": (ComponentID(UNUSUAL), ComponentID(0xF002), None),
    "safe_aad_types": (ComponentID(UNUSUAL), ComponentID(0xF002), None),
    "media_types": (GFM, MediaType(b"text/html"), None),
}


def able(field: str, *values: Any, forbid: bool = False) -> OperationalParameters:
    listed = ExtendedCapabilities(**{field: values})
    return parameters(**{"forbidden_capabilities" if forbid else "mandatory_capabilities": listed})


def found(said: OperationalParameters, leaf: LeafNodeContent = LEAF) -> list[Rule]:
    return [refusal.rule for refusal in leaf_refusals(said, leaf)]


@pytest.mark.parametrize("field", HAS)
def test_what_is_mandatory_is_there(field: str) -> None:
    has, lacks, by_default = HAS[field]
    assert found(able(field, has)) == []
    assert found(able(field, has, lacks)) == [Rule.MANDATORY_CAPABILITY]
    if by_default is not None:
        assert found(able(field, by_default)) == []


@pytest.mark.parametrize("field", HAS)
def test_what_is_forbidden_is_not_there(field: str) -> None:
    has, lacks, by_default = HAS[field]
    assert found(able(field, lacks, forbid=True)) == []
    assert found(able(field, has, lacks, forbid=True)) == [Rule.FORBIDDEN_CAPABILITY]
    if by_default is not None:
        assert found(able(field, by_default, forbid=True)) == []


def test_all_that_is_wrong_is_told_once() -> None:
    lists = {field: (has, has, lacks, lacks) for field, (has, lacks, _) in HAS.items()}
    lists["media_types"] = lists["media_types"][1:3]
    both = parameters(
        mandatory_capabilities=ExtendedCapabilities(**lists),
        forbidden_capabilities=ExtendedCapabilities(**lists),
    )
    rules = found(both)
    assert rules.count(Rule.MANDATORY_CAPABILITY) == len(HAS)
    assert rules.count(Rule.FORBIDDEN_CAPABILITY) == len(HAS)
    assert found(OperationalParameters()) == []


def test_an_entry_without_parameters_stands_for_all_variants() -> None:
    markdown = MediaType(b"text/markdown")
    assert found(able("media_types", markdown)) == []
    assert found(able("media_types", markdown, forbid=True)) == [Rule.FORBIDDEN_CAPABILITY]
    other = MediaType(b"text/markdown", (Parameter(b"variant", b"CommonMark"),))
    assert found(able("media_types", other)) == [Rule.MANDATORY_CAPABILITY]


def test_a_leaf_has_what_it_carries() -> None:
    unlisted = Extension(ExtensionType.APPLICATION_ID, b"\0")
    leaf = attrs.evolve(LEAF, extensions=(unlisted,), capabilities=Capabilities())
    forbidden = able("extensions", ExtensionType.APPLICATION_ID, forbid=True)
    assert found(forbidden) == []
    assert found(forbidden, leaf) == [Rule.FORBIDDEN_CAPABILITY]
    bare = attrs.evolve(leaf, extensions=())
    assert found(able("component_ids", ComponentID(2)), bare) == [Rule.MANDATORY_CAPABILITY]


def test_grease_is_neither_there_nor_forbidden() -> None:
    grease = CipherSuite(GREASE_VALUES[0])
    listed = attrs.evolve(LISTED, cipher_suites=(*LISTED.cipher_suites, grease))
    component = COMPONENT_GREASE[0]
    leaf = attrs.evolve(LEAF, capabilities=listed, extensions=(agreement(components=[component]),))
    for field, value in (("cipher_suites", grease), ("component_ids", ComponentID(component))):
        assert found(able(field, value, forbid=True), leaf) == []
        assert found(able(field, value), leaf) == [Rule.MANDATORY_CAPABILITY]


def test_types_of_content_are_for_nobody_to_list() -> None:
    assert found(able("content_types", ContentType.COMMIT)) == []
    assert found(able("content_types", ContentType.COMMIT, forbid=True)) == []


def test_a_leaf_that_does_not_parse() -> None:
    leaf = attrs.evolve(LEAF, extensions=(dictionary({ComponentID.APP_COMPONENTS: b"\1"}),))
    with pytest.raises(MalformedError):
        leaf_refusals(able("extensions", ExtensionType(1)), leaf)


# Handshakes


@pytest.mark.parametrize(
    ("formats", "wire_format", "is_self_remove", "is_refused"),
    [
        ((), PRIVATE, False, False),
        ((PUBLIC,), PUBLIC, False, False),
        ((PUBLIC,), PRIVATE, False, True),
        ((PUBLIC, MLS_SEMIPRIVATE_MESSAGE), MLS_SEMIPRIVATE_MESSAGE, False, False),
        ((PRIVATE,), PUBLIC, False, True),
        ((PRIVATE,), PUBLIC, True, False),
        ((PRIVATE,), MLS_SEMIPRIVATE_MESSAGE, True, True),
    ],
)
def test_handshakes_come_in_the_formats_of_the_room(
    formats: tuple[WireFormat, ...], wire_format: WireFormat, is_self_remove: bool, is_refused: bool
) -> None:
    said = parameters(handshake_formats=formats)
    refusals = handshake_refusals(said, wire_format, is_self_remove=is_self_remove)
    assert [each.rule for each in refusals] == [Rule.HANDSHAKE_FORMAT] * is_refused
