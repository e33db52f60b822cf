"""What may be sent to a room, and what may be done with it: asked before and after."""

import attrs
import pytest
from policy.sent import (
    ALICE,
    BOB,
    FORBIDDEN,
    HI,
    IMAGE,
    LARGE,
    OPTIONAL,
    REQUIRED,
    STRANGER,
    C,
    expiring,
    message,
    room,
    rules,
    without,
)

from mimi.policy.capability import Capability
from mimi.policy.errors import MessageRefusedError
from mimi.policy.facts import (
    Act,
    AssetFacts,
    BotFacts,
    MessageFacts,
    MessageRule,
    Notification,
    Topic,
)
from mimi.policy.messages import (
    allowed_bots,
    default_expiry,
    judge_history,
    judge_receiving,
    judge_sending,
    logging_clients,
    logging_is_active,
    permissions_of,
)
from mimi.policy.structures import (
    Bot,
    BotPolicy,
    DownloadPrivacyType,
    HistoryPolicy,
    HistorySharing,
    LinkPreviewPolicy,
    LoggingDetails,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    StatusNotificationPolicy,
)

# Capabilities (sections 8.3 and 8.4)

NEEDED: dict[str, tuple[MessageFacts, tuple[Capability, ...]]] = {
    "message": (HI, (C.CAN_SEND_MESSAGE,)),
    "reply": (message(act=Act.REPLY), (C.CAN_REPLY_TO_MESSAGE,)),
    "reaction": (message(act=Act.REACTION), (C.CAN_REACT_TO_MESSAGE,)),
    "reaction in a topic": (
        message(act=Act.REACTION, topic=Topic.REPLIED_IN),
        (C.CAN_REACT_TO_MESSAGE,),
    ),
    "other reaction": (message(act=Act.EDIT_OWN_REACTION), (C.CAN_EDIT_REACTION,)),
    "edit": (message(act=Act.EDIT_OWN_MESSAGE), (C.CAN_EDIT_OWN_MESSAGE,)),
    "deletion": (message(act=Act.DELETE_OWN_MESSAGE), (C.CAN_DELETE_OWN_MESSAGE,)),
    "deletion of another's": (message(act=Act.DELETE_OTHER_MESSAGE), (C.CAN_DELETE_OTHER_MESSAGE,)),
    "no reaction any more": (message(act=Act.DELETE_OWN_REACTION), (C.CAN_DELETE_OWN_REACTION,)),
    "nor another's": (message(act=Act.DELETE_OTHER_REACTION), (C.CAN_DELETE_OTHER_REACTION,)),
    "topic": (message(topic=Topic.STARTED), (C.CAN_SEND_MESSAGE, C.CAN_START_TOPIC)),
    "reply with a new topic": (
        message(act=Act.REPLY, topic=Topic.STARTED),
        (C.CAN_REPLY_TO_MESSAGE, C.CAN_START_TOPIC),
    ),
    "reply in a topic": (message(act=Act.REPLY, topic=Topic.REPLIED_IN), (C.CAN_REPLY_IN_TOPIC,)),
    "own topic": (message(act=Act.CHANGE_OWN_TOPIC), (C.CAN_EDIT_OWN_TOPIC,)),
    "another's topic": (message(act=Act.CHANGE_OTHER_TOPIC), (C.CAN_EDIT_OTHER_TOPIC,)),
    "own message and its topic": (
        message(act=Act.EDIT_OWN_MESSAGE, topic=Topic.CHANGED),
        (C.CAN_EDIT_OWN_MESSAGE, C.CAN_EDIT_OWN_TOPIC),
    ),
    "link": (message(bare_links=True), (C.CAN_SEND_MESSAGE, C.CAN_SEND_LINK)),
    "preview": (message(previewed_links=True), (C.CAN_SEND_MESSAGE, C.CAN_SEND_LINK_PREVIEW)),
    "edit with a link": (
        message(act=Act.EDIT_OWN_MESSAGE, bare_links=True),
        (C.CAN_EDIT_OWN_MESSAGE, C.CAN_SEND_LINK),
    ),
    "notification": (message(act=Act.NOTIFICATION, notifies=frozenset(Notification)), ()),
    "image": (message(assets=(IMAGE,)), (C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_IMAGE)),
    "audio": (
        message(assets=(AssetFacts("Audio/ogg; codecs=opus"),)),
        (C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_AUDIO),
    ),
    "video": (
        message(assets=(AssetFacts("video/mp4"),)),
        (C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_VIDEO),
    ),
    "attached video": (
        message(assets=(AssetFacts("video/mp4", is_attachment=True),)),
        (C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_ATTACHMENT),
    ),
    "files": (
        message(assets=(AssetFacts("application/pdf"), AssetFacts("image"), AssetFacts(""))),
        (C.CAN_SEND_MESSAGE, C.CAN_UPLOAD_ATTACHMENT),
    ),
}


@pytest.mark.parametrize("name", NEEDED)
def test_each_thing_needs_its_capabilities_and_no_other(name: str) -> None:
    facts, needed = NEEDED[name]
    assert judge_sending(room(alice=needed), facts).is_allowed
    assert judge_receiving(room(alice=needed), facts, BOB).decision.is_allowed
    for missing in needed:
        decision = judge_sending(room(alice=without(missing)), facts)
        assert set(rules(decision)) == {MessageRule.CAPABILITY}
        assert {each.capability for each in decision.refusals} == {missing}
        assert {(each.user, each.role) for each in decision.refusals} == {(ALICE, 2)}
        assert judge_receiving(room(alice=without(missing)), facts, BOB).decision == decision


def test_every_act_is_tested() -> None:
    edits = {Act.EDIT_OTHER_MESSAGE, Act.EDIT_OTHER_REACTION}
    assert {facts.act for facts, _ in NEEDED.values()} | edits == set(Act)


@pytest.mark.parametrize("act", [Act.EDIT_OTHER_MESSAGE, Act.EDIT_OTHER_REACTION])
def test_nobody_edits_what_others_have_written(act: Act) -> None:
    (refusal,) = judge_sending(room(), message(act=act)).refusals
    assert (refusal.rule, refusal.capability) == (MessageRule.EDIT_OTHER, None)
    both = message(act=act, topic=Topic.CHANGED)
    refusals = judge_sending(room(alice=without(C.CAN_EDIT_OTHER_TOPIC)), both).refusals
    assert [each.capability for each in refusals] == [None, C.CAN_EDIT_OTHER_TOPIC]


def test_who_is_not_in_the_room_has_role_0() -> None:
    (refusal,) = judge_sending(room(), message(sender=STRANGER)).refusals
    assert (refusal.user, refusal.role) == (STRANGER, 0)
    assert refusal.capability is C.CAN_SEND_MESSAGE


def test_all_reasons_are_told_and_raised() -> None:
    facts = message(act=Act.REPLY, topic=Topic.STARTED, assets=(IMAGE, IMAGE), bare_links=True)
    decision = judge_sending(room(alice=()), facts)
    assert [refusal.asset for refusal in decision.refusals] == [None, None, None, 0, 1]
    assert decision.rules == (MessageRule.CAPABILITY,)
    with pytest.raises(MessageRefusedError) as caught:
        decision.check()
    assert type(caught.value) is MessageRefusedError
    assert caught.value.decision is decision
    assert caught.value.where == {"rules": decision.rules}
    assert caught.value.reason.count(";") == 4
    judge_sending(room(), facts).check()


def test_who_receives_needs_the_capability_to() -> None:
    reception = judge_receiving(room(bob=without(C.CAN_RECEIVE_MESSAGE)), HI, BOB)
    (refusal,) = reception.decision.refusals
    assert (refusal.user, refusal.role) == (BOB, 3)
    assert refusal.capability is C.CAN_RECEIVE_MESSAGE
    assert not reception.permissions.receives


# Expiry (section 6.8)


@pytest.mark.parametrize(
    ("policy", "expiry", "refused", "bound"),
    [
        (expiring(REQUIRED, 10, 20), None, MessageRule.EXPIRY_REQUIRED, None),
        (expiring(REQUIRED, 10, 20), 10, None, None),
        (expiring(REQUIRED, 10, 20), 9, MessageRule.MIN_EXPIRATION, 10),
        (expiring(REQUIRED, 10, 20), 20, None, None),
        (expiring(REQUIRED, 10, 20), 21, MessageRule.MAX_EXPIRATION, 20),
        (expiring(OPTIONAL, 10, 20), None, None, None),
        (expiring(OPTIONAL, 10, 20), 9, MessageRule.MIN_EXPIRATION, 10),
        (expiring(OPTIONAL, 0, 20), 0, None, None),
        (expiring(OPTIONAL, 10, 20), 21, MessageRule.MAX_EXPIRATION, 20),
        (expiring(FORBIDDEN), None, None, None),
        (expiring(FORBIDDEN), 15, MessageRule.EXPIRY_FORBIDDEN, None),
    ],
)
def test_expiry(
    policy: MessageExpiration, expiry: int | None, refused: MessageRule | None, bound: int | None
) -> None:
    decision = judge_sending(room(policy), message(expiry=expiry))
    found = [(refusal.rule, refusal.bound) for refusal in decision.refusals]
    assert found == ([] if refused is None else [(refused, bound)])
    assert judge_sending(room(), message(expiry=expiry)).is_allowed


@pytest.mark.parametrize("act", Act)
def test_what_is_deleted_or_told_need_not_expire(act: Act) -> None:
    refused = rules(judge_sending(room(expiring(REQUIRED, 10, 20)), message(act=act)))
    lasts = act is Act.NOTIFICATION or act.name.startswith("DELETE")
    assert (MessageRule.EXPIRY_REQUIRED in refused) is not lasts


def test_the_default_expiry_is_what_the_room_says() -> None:
    for components, said in (
        ([], None),
        ([expiring(FORBIDDEN)], None),
        ([expiring(REQUIRED, 10, 20)], None),
        ([expiring(OPTIONAL, 10, 20, 15)], 15),
    ):
        assert default_expiry(room(*components).policy) == said


# Notifications (section 6.1)


@pytest.mark.parametrize("notification", Notification)
@pytest.mark.parametrize("said", Optionality)
def test_notifications(notification: Notification, said: Optionality) -> None:
    is_delivery = notification is Notification.DELIVERY
    policy = StatusNotificationPolicy(*((said, OPTIONAL) if is_delivery else (OPTIONAL, said)))
    told = message(act=Act.NOTIFICATION, notifies=frozenset({notification}))
    rule = MessageRule[f"{notification.name}_NOTIFICATION"]
    assert rules(judge_sending(room(policy), told)) == ([rule] if said is FORBIDDEN else [])
    assert judge_sending(room(), told).is_allowed
    assert judge_sending(room(policy), HI).is_allowed
    permissions = permissions_of(room(policy), BOB)
    found = (permissions.delivery_notifications, permissions.read_notifications)
    assert found == ((said, OPTIONAL) if is_delivery else (OPTIONAL, said))


# Links (section 6.3)


@pytest.mark.parametrize(
    ("said", "bare", "previewed"),
    [
        (REQUIRED, [MessageRule.PREVIEW_REQUIRED], []),
        (OPTIONAL, [], []),
        (FORBIDDEN, [], [MessageRule.PREVIEW_FORBIDDEN]),
    ],
)
def test_previews(said: Optionality, bare: list[MessageRule], previewed: list[MessageRule]) -> None:
    here = room(LinkPreviewPolicy(FORBIDDEN, said, REQUIRED, REQUIRED, (b"https://p.example",)))
    assert rules(judge_sending(here, message(bare_links=True))) == bare
    assert rules(judge_sending(here, message(previewed_links=True))) == previewed
    assert judge_sending(here, HI).is_allowed
    permissions = permissions_of(here, BOB)
    assert permissions.sent_previews is said
    assert permissions.autodetection is FORBIDDEN
    assert permissions.automatic_previews is permissions.preview_proxy is REQUIRED
    assert permissions.preview_proxies == (b"https://p.example",)


def test_no_proxy_where_none_is_to_be_used() -> None:
    permissions = permissions_of(
        room(LinkPreviewPolicy(*(OPTIONAL, OPTIONAL, OPTIONAL), FORBIDDEN)), BOB
    )
    assert (permissions.preview_proxy, permissions.preview_proxies) == (FORBIDDEN, ())


# What is allowed apart from any message


@pytest.mark.parametrize(
    ("field", "capability"),
    [
        ("receives", C.CAN_RECEIVE_MESSAGE),
        ("copies_messages", C.CAN_COPY_MESSAGE),
        ("copies_links", C.CAN_COPY_LINK),
        ("follows_links", C.CAN_FOLLOW_LINK),
        ("reports_abuse", C.CAN_REPORT_ABUSE),
    ],
)
def test_permissions_follow_capabilities(field: str, capability: Capability) -> None:
    fields = ("receives", "copies_messages", "copies_links", "follows_links", "reports_abuse")
    all_but_one = permissions_of(room(bob=without(capability)), BOB)
    assert [each for each in fields if not getattr(all_but_one, each)] == [field]
    alone = permissions_of(room(bob=(capability,)), BOB)
    assert [each for each in fields if getattr(alone, each)] == [field]


def test_what_a_room_says_nothing_of_is_free() -> None:
    permissions = permissions_of(room(), BOB)
    said = [getattr(permissions, at) for at in attrs.fields_dict(type(permissions))][5:]
    assert said == [OPTIONAL] * 6 + [(), tuple(DownloadPrivacyType), None]
    facts = message(
        assets=(AssetFacts("image/png", size=LARGE, host="anywhere.example"),),
        media_types=("text/x",),
        bare_links=True,
        previewed_links=True,
        expiry=LARGE,
        notifies=frozenset(Notification),
        bot=BotFacts(b"any", True, True),
    )
    reception = judge_receiving(room(), facts, BOB)
    assert reception.decision.is_allowed
    assert [download.is_allowed for download in reception.downloads] == [True]
    assert judge_history(room(), BOB, LARGE, automatic=True).is_allowed
    assert allowed_bots(room().policy) is None
    assert not logging_is_active(room().policy)


# Logging (section 6.5)


@pytest.mark.parametrize(
    ("policy", "clients", "is_active"),
    [
        (LoggingPolicy(FORBIDDEN), (), False),
        (LoggingPolicy(OPTIONAL, LoggingDetails((), b"", b"")), (), False),
        (LoggingPolicy(OPTIONAL, LoggingDetails((BOB,), b"", b"")), (BOB,), True),
        (LoggingPolicy(REQUIRED, LoggingDetails((BOB, ALICE), b"", b"")), (BOB, ALICE), True),
        (LoggingPolicy(REQUIRED, LoggingDetails((), b"", b"")), (), True),
    ],
)
def test_logging(policy: LoggingPolicy, clients: tuple[bytes, ...], is_active: bool) -> None:
    here = room(policy).policy
    assert logging_clients(here) == clients
    assert logging_is_active(here) is is_active


# History (section 6.6)


def history(*roles: int, automatic: bool = False) -> HistoryPolicy:
    return HistoryPolicy(REQUIRED, HistorySharing(roles, automatic, 3600))


@pytest.mark.parametrize(
    ("policy", "age", "automatic", "refused"),
    [
        (history(3, 2), 3600, False, []),
        (history(2, automatic=True), 0, True, []),
        (history(2), 3601, False, [MessageRule.HISTORY_AGE]),
        (history(3), 3600, False, [MessageRule.HISTORY_ROLE]),
        (history(2), 3600, True, [MessageRule.HISTORY_AUTOMATIC]),
        (
            history(),
            3601,
            True,
            [MessageRule.HISTORY_ROLE, MessageRule.HISTORY_AUTOMATIC, MessageRule.HISTORY_AGE],
        ),
        (HistoryPolicy(FORBIDDEN), 0, False, [MessageRule.HISTORY_FORBIDDEN]),
    ],
)
def test_history(
    policy: HistoryPolicy, age: int, automatic: bool, refused: list[MessageRule]
) -> None:
    assert rules(judge_history(room(policy), ALICE, age, automatic=automatic)) == refused


# Bots (section 6.7)

POKER = Bot(b"poker", b"", b"", False, 2, True, True)
LOCAL_BOT = attrs.evolve(POKER, local_client_bot=True, bot_role_index=0)
QUIET = Bot(b"quiet", b"", b"", False, 2, False, False)


@pytest.mark.parametrize(
    ("bot", "facts", "refused"),
    [
        (POKER, BotFacts(b"poker", True, True), []),
        (POKER, BotFacts(b"Poker"), [MessageRule.BOT]),
        (QUIET, BotFacts(b"quiet"), []),
        (QUIET, BotFacts(b"quiet", is_targeted=True), [MessageRule.BOT_TARGETED]),
        (QUIET, BotFacts(b"quiet", is_per_user=True), [MessageRule.BOT_PER_USER]),
        (attrs.evolve(QUIET, bot_role_index=3), BotFacts(b"quiet"), [MessageRule.BOT_ROLE]),
        (attrs.evolve(QUIET, bot_role_index=0), BotFacts(b"quiet"), [MessageRule.BOT_LOCAL]),
        (LOCAL_BOT, BotFacts(b"poker"), [MessageRule.BOT_LOCAL]),
    ],
)
def test_bots(bot: Bot, facts: BotFacts, refused: list[MessageRule]) -> None:
    here = room(BotPolicy((bot,)))
    assert rules(judge_sending(here, message(bot=facts))) == refused
    assert judge_sending(here, HI).is_allowed
    assert allowed_bots(here.policy) == (bot,)


def test_of_two_bots_with_one_name_either_will_do() -> None:
    other = attrs.evolve(POKER, bot_role_index=3)
    for bots in ((other, POKER), (POKER, other)):
        facts = message(bot=BotFacts(b"poker", True, True))
        assert judge_sending(room(BotPolicy(bots)), facts).is_allowed
    no_bots = room(BotPolicy(()))
    assert rules(judge_sending(no_bots, message(bot=BotFacts(b"poker")))) == [MessageRule.BOT]
