import pytest
from policy.appendix import APPENDIX, REGISTRY, bounds, capabilities, examples, registry

from mimi.errors import UsageError
from mimi.mls import ComponentID
from mimi.policy.capability import GROUPS, Capability, spelled, spelling
from mimi.policy.checks import check_policy, check_structure
from mimi.policy.lint import Severity, is_acceptable, lint
from mimi.policy.policy import RoomPolicy
from mimi.policy.presets import (
    ANNOUNCEMENT_CHANNEL,
    COOPERATIVE,
    DIRECT_MESSAGE,
    GROUP_DIRECT_MESSAGE,
    MODERATED,
    PRESETS,
    STRICT,
    Preset,
    announcement,
    cooperative,
    direct,
    moderated,
    multi_organization,
    role,
    strict,
)
from mimi.policy.presets import capabilities as capabilities_of
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    ROLES_LIST,
    BaseRoomPolicy,
    Claim,
    ClaimId,
    PreAuthData,
    PreAuthRoleEntry,
    RoleData,
    RoomMetaData,
)
from mimi.tree.codepoints import CredentialType

C = Capability
CASES = [(room, name) for room in APPENDIX for name in examples(room)]
ALL = sorted(PRESETS)

CLAIM = Claim(ClaimId(CredentialType.X509, b"\x55\x04\x0a"), b"Example")


# Spellings


def test_capabilities_are_spelled_as_in_the_registry():
    names = [name for name in REGISTRY.split() if name.startswith("can")]
    numbers = list(registry().values())
    assert [spelling(Capability(number)) for number in numbers] == names
    assert [spelled(name) for name in names] == numbers
    assert len(names) == 77


def test_every_named_capability_is_in_the_registry():
    named = {int(each) for each in Capability.known.values() if each.is_named and each < 0xF000}
    assert named == set(registry().values())


def test_a_capability_without_a_name_is_spelled_as_a_number():
    assert spelling(Capability(0xF0FE)) == "0xF0FE"
    assert spelling(Capability(0x0A0A)) == "GREASE_0A0A"


@pytest.mark.parametrize(
    ("name", "written"), [("CAN_WAVE_FLAGS", "canWaveFlags"), ("canSpinPlates", "canSpinPlates")]
)
def test_a_private_capability_is_spelled_like_the_others(name, written):
    number = 0xF0E0 + len(name)
    try:
        declared = Capability.declare(name, number)
        assert spelling(declared) == written
        assert spelled(written) == declared
    finally:  # others draw from all that have names
        del Capability.known[number], Capability._names[number]


@pytest.mark.parametrize("name", ["canRevokeVoice", "", "0xF0FE", "CAN_BAN"])
def test_what_is_no_capability(name):
    with pytest.raises(UsageError):
        spelled(name)


def test_what_section_8_calls_can_unban_is_the_same():
    assert spelled("canUnban") is C.CAN_UNBAN


def test_each_number_is_in_one_group():
    numbers = [number for group in GROUPS.values() for number in group]
    assert numbers == list(range(0x10000))


# The draft's examples


def test_the_examples_are_the_ones_that_there_are():
    assert set(APPENDIX) == {"cooperative", "strict", "moderated", "multi-organization"}
    assert [len(examples(room)) for room in APPENDIX] == [6, 6, 8, 10]


@pytest.mark.parametrize("room", APPENDIX)
def test_roles_of_an_example_and_their_order(room):
    expected = [(each.index, each.name) for each in examples(room).values()]
    found = [(role.role_index, role.role_name.decode()) for role in PRESETS[room].roles.roles]
    assert found == expected


@pytest.mark.parametrize(("room", "name"), CASES)
def test_a_role_of_an_example(room, name):
    example = examples(room)[name]
    role = PRESETS[room].policy.role(example.index).role
    held = [int(capability) for capability in role.role_capabilities]
    assert held == sorted(capabilities(examples(room), name))
    assert bounds(example.participants) == (
        role.minimum_participants_constraint,
        role.maximum_participants_constraint,
    )
    assert bounds(example.active) == (
        role.minimum_active_participants_constraint,
        role.maximum_active_participants_constraint,
    )
    moves = [
        (int(change.from_role_index), list(map(int, change.target_role_indexes)))
        for change in role.authorized_role_changes
    ]
    assert moves == list(example.moves.items())


def test_what_the_examples_say_wrongly_is_put_right():
    guest, attendee, speaker, moderator = (
        MODERATED.policy.role(index).capabilities
        for index in (
            moderated.GUEST,
            moderated.ATTENDEE,
            moderated.SPEAKER,
            moderated.MODERATOR,
        )
    )
    assert guest < attendee < speaker < moderator
    enforcer = PRESETS["multi-organization"].policy.role(multi_organization.POLICY_ENFORCER)
    assert multi_organization.ORG_A_USER not in enforcer.transitions


@pytest.mark.parametrize(
    ("module", "room"),
    [
        (cooperative, "cooperative"),
        (strict, "strict"),
        (moderated, "moderated"),
        (multi_organization, "multi-organization"),
    ],
)
def test_the_names_of_indexes(module, room):
    for name, example in examples(room).items():
        if example.index > 1:
            assert getattr(module, name.upper()) == example.index


# All presets


@pytest.mark.parametrize("name", ALL)
def test_a_preset_is_valid_and_acceptable(name):
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.description
    for component in preset.components():
        check_structure(component)
    check_policy(preset.policy)
    assert is_acceptable(lint(preset.policy))


@pytest.mark.parametrize("name", ALL)
def test_the_base_policy_lists_the_other_components(name):
    preset = PRESETS[name]
    numbers = set(preset.data()) - {int(BASE_ROOM_POLICY)}
    assert set(map(int, preset.base.policy_component_ids)) == numbers
    assert ROLES_LIST in numbers


@pytest.mark.parametrize("name", ALL)
def test_the_policy_is_what_the_data_say(name):
    preset = PRESETS[name]
    policy = RoomPolicy.of(preset.data())
    assert policy.roles == preset.roles == preset.policy.roles
    assert policy.base == preset.base
    assert preset.components()[:2] == (preset.roles, preset.base)


@pytest.mark.parametrize("name", ["direct-message", "group-direct-message", "announcement-channel"])
def test_of_our_own_there_is_nothing_to_warn(name):
    assert {finding.severity for finding in lint(PRESETS[name].policy)} <= {Severity.NOTE}


@pytest.mark.parametrize("preset", [DIRECT_MESSAGE, GROUP_DIRECT_MESSAGE], ids=lambda p: p.name)
def test_participants_of_direct_messages_are_fixed(preset):
    policy = preset.policy
    assert policy.base.fixed_membership
    assert sorted(policy.powers) == [0, direct.PARTICIPANT]
    held = policy.role(direct.PARTICIPANT).capabilities
    assert {C.CAN_ADD_OWN_CLIENT, C.CAN_REMOVE_OWN_CLIENT, C.CAN_SEND_MESSAGE} <= held
    assert not held & {C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT, C.CAN_REMOVE_SELF}
    assert policy.role(direct.PARTICIPANT).role.authorized_role_changes == ()


def test_a_direct_message_is_for_two():
    role = DIRECT_MESSAGE.policy.role(direct.PARTICIPANT).role
    assert (role.minimum_participants_constraint, role.maximum_participants_constraint) == (2, 2)
    assert DIRECT_MESSAGE.base.max_users == 2


def test_a_group_direct_message_is_for_two_or_more():
    role = GROUP_DIRECT_MESSAGE.policy.role(direct.PARTICIPANT).role
    assert (role.minimum_participants_constraint, role.maximum_participants_constraint) == (2, None)
    assert GROUP_DIRECT_MESSAGE.base.max_users is None


def test_in_an_announcement_channel_all_read_and_few_write():
    policy = ANNOUNCEMENT_CHANNEL.policy
    reader, writer, owner = (
        policy.role(index).capabilities
        for index in (announcement.READER, announcement.WRITER, announcement.OWNER)
    )
    assert reader < writer < owner
    assert C.CAN_RECEIVE_MESSAGE in reader
    assert not reader & {C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_IMAGE, C.CAN_START_TOPIC}
    assert C.CAN_SEND_MESSAGE in writer


def test_an_announcement_channel_is_joined_openly_as_a_reader_alone():
    policy = ANNOUNCEMENT_CHANNEL.policy
    outside = policy.role(0)
    assert outside.capabilities == {C.CAN_OPEN_JOIN}
    assert dict(outside.transitions) == {0: {announcement.READER}}
    for index in (announcement.READER, announcement.WRITER, announcement.OWNER):
        assert C.CAN_JOIN_IF_PREAUTHORIZED in policy.role(index).capabilities
    assert policy.has_banned
    assert policy.base.discoverable


# Presets of one's own


def test_a_component_of_ones_own_takes_the_place_of_the_presets():
    entries = PreAuthData((PreAuthRoleEntry((CLAIM,), strict.ORDINARY_USER),))
    preset = STRICT.having(entries, BaseRoomPolicy(max_users=50))
    assert preset.policy.preauthorized == entries
    assert preset.base.max_users == 50
    assert preset.base.policy_component_ids == STRICT.base.policy_component_ids
    assert preset.roles == STRICT.roles
    assert STRICT.policy.preauthorized == PreAuthData(())


def test_a_component_more_is_listed_and_the_metadata_are_not():
    preset = COOPERATIVE.having(PreAuthData(()), RoomMetaData(b"mimi://a.example/r/x"))
    assert preset.base.policy_component_ids == (ComponentID(0x25), ComponentID(0x26))
    assert set(preset.data()) == {0x23, 0x25, 0x26, 0x27}


def test_a_preset_needs_roles():
    with pytest.raises(UsageError):
        Preset.of("empty", "Nothing.", BaseRoomPolicy())
    with pytest.raises(UsageError):
        Preset.of("double", "Twice.", RoleData(()), RoleData(()))


def test_a_preset_has_components_of_rooms_only():
    with pytest.raises(UsageError):
        Preset.of("odd", "A role alone.", RoleData(()), role(2, "user"))


def test_capabilities_are_included_and_sorted():
    guest = capabilities_of("canReceiveMessage canSendMessage")
    assert guest == (C.CAN_SEND_MESSAGE, C.CAN_RECEIVE_MESSAGE)
    assert capabilities_of(guest, "canBan canSendMessage", [Capability(0xF001)]) == (
        C.CAN_BAN,
        C.CAN_SEND_MESSAGE,
        C.CAN_RECEIVE_MESSAGE,
        0xF001,
    )
    assert capabilities_of() == ()


def test_a_name_that_is_none_makes_no_role():
    with pytest.raises(UsageError):
        capabilities_of("canSendMessage canGrantVoice")
