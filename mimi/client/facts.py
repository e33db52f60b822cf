"""What a message does, in the words of a room's policy.

::

    Message --facts_of--> MessageFacts --judge_sending, judge_receiving--> decision

Both sides derive the same facts from the same message: from what it says, from what it refers to,
and from when it is sent.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from mimi.content.authority import Arrival
from mimi.content.gfm_errors import MissingExtraError, TooLongError
from mimi.content.media import recognised
from mimi.content.model import (
    Disposition,
    ExternalPart,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    SinglePart,
)
from mimi.content.parts import parts
from mimi.content.resolve import is_reaction, is_report
from mimi.content.status import Status, decode_report
from mimi.policy.facts import (
    Act,
    AssetFacts,
    BotFacts,
    MessageFacts,
    Notification,
    Topic,
)

Find: TypeAlias = Callable[[bytes], Arrival | None]
"""From a message ID to the message, None where it has not arrived."""

UNNAMED_TYPE = "application/octet-stream"
"""As what a file counts that does not say what it is."""

UNREAD = "unread:"
"""What stands for the targets of a text that cannot be parsed."""

_MAY_LINK = re.compile(r"\]\s?[(\[:]|<[A-Za-z][A-Za-z0-9+.-]{1,31}:|<[^\s<>]+@|https?://|www\.")
"""What every link in Markdown has; the text need not be parsed without it."""
_HTML_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'\s>]*)""", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)")
_WITHIN = ("cid:", "mimi:", "im:", "#")
"""Targets that are no links for a policy: parts of the message, and people that are mentioned."""
_MEDIA = frozenset({"image", "audio", "video"})
_NO_FILE = frozenset({Disposition.SESSION, Disposition.REACTION})


def facts_of(
    message: Message,
    *,
    sender: bytes,
    at: int,
    find: Find,
    bot: BotFacts | None = None,
) -> MessageFacts:
    """Return what a message does.

    Links are found in Markdown by the extra ``markdown``; without it, and in a text that is longer
    than it reads, what may have some has. What edits or withdraws a message that has not arrived
    counts as its author's doing: the conversation will refuse it if it is not.

    Args:
        message: The message.
        sender: The canonical URI of its sender's user.
        at: When it is sent, in seconds since 1970-01-01T00:00Z.
        find: What has arrived before.
        bot: Which bot sends it.

    Raises:
        MalformedError: It carries a status report that is none.
    """
    body = message.nested_part
    if is_report(body):
        notifies = frozenset(_notified(body))
        return MessageFacts(sender, Act.NOTIFICATION, notifies=notifies, bot=bot)
    if isinstance(body, NullPart) and message.replaces is not None:
        return MessageFacts(sender, _act(message, sender, find), bot=bot)
    bare, previewed = _links(body)
    listed = [each for each in parts(body) if isinstance(each, SinglePart | ExternalPart)]
    return MessageFacts(
        sender,
        _act(message, sender, find),
        topic=_topic(message, find),
        assets=tuple(filter(None, map(_asset, listed))),
        media_types=tuple(dict.fromkeys(each.content_type for each in listed if _is_other(each))),
        bare_links=bare,
        previewed_links=previewed,
        expiry=_expiry(message, at),
        bot=bot,
    )


def _notified(body: SinglePart) -> Iterator[Notification]:
    for each in decode_report(body.content).statuses:
        if each.status == Status.READ:
            yield Notification.READ
        elif each.status == Status.DELIVERED:
            yield Notification.DELIVERY


# What it is


_AMENDMENTS = {
    (False, False, True): Act.EDIT_OWN_MESSAGE,
    (False, False, False): Act.EDIT_OTHER_MESSAGE,
    (False, True, True): Act.EDIT_OWN_REACTION,
    (False, True, False): Act.EDIT_OTHER_REACTION,
    (True, False, True): Act.DELETE_OWN_MESSAGE,
    (True, False, False): Act.DELETE_OTHER_MESSAGE,
    (True, True, True): Act.DELETE_OWN_REACTION,
    (True, True, False): Act.DELETE_OTHER_REACTION,
}
"""From whether it withdraws, concerns a reaction, and is the author's doing, to what it is."""


def _act(message: Message, sender: bytes, find: Find) -> Act:
    if message.replaces is None:
        if is_reaction(message):
            return Act.REACTION
        return Act.MESSAGE if message.in_reply_to is None else Act.REPLY
    original = find(message.replaces)
    own = original is None or original.sender.encode() == sender
    if original is not None and _is_topic_alone(message, original.message):
        return Act.CHANGE_OWN_TOPIC if own else Act.CHANGE_OTHER_TOPIC
    withdraws = isinstance(message.nested_part, NullPart)
    reaction = is_reaction(message if original is None else original.message)
    return _AMENDMENTS[withdraws, reaction, own]


def _is_topic_alone(message: Message, original: Message) -> bool:
    same = message.nested_part == original.nested_part
    return same and message.topic_id != original.topic_id


def _topic(message: Message, find: Find) -> Topic:
    if message.replaces is not None:
        original = find(message.replaces)
        if original is None or original.message.topic_id == message.topic_id:
            return Topic.NONE
        return Topic.NONE if _is_topic_alone(message, original.message) else Topic.CHANGED
    if not message.topic_id or is_reaction(message):
        return Topic.NONE
    if message.in_reply_to is None:
        return Topic.STARTED
    target = find(message.in_reply_to)
    same = target is None or target.message.topic_id == message.topic_id
    return Topic.REPLIED_IN if same else Topic.STARTED


def _expiry(message: Message, at: int) -> int | None:
    if message.expires is None:
        return None
    return message.expires.time if message.expires.relative else message.expires.time - at


# What comes with it


def _asset(part: SinglePart | ExternalPart) -> AssetFacts | None:
    """Return the file that a part is; None where it is none."""
    attached = part.disposition == Disposition.ATTACHMENT
    if isinstance(part, ExternalPart):
        if part.disposition in _NO_FILE:
            return None
        found = _HOST.match(part.url)
        return AssetFacts(
            part.content_type or UNNAMED_TYPE,
            is_attachment=attached,
            size=part.size or None,
            host=found[1] if found else "",
        )
    if not _is_file(part):
        return None
    return AssetFacts(part.content_type, is_attachment=attached, size=len(part.content))


def _is_file(part: SinglePart) -> bool:
    kind = recognised(part.content_type)
    is_media = kind is not None and kind.type in _MEDIA
    attached = part.disposition == Disposition.ATTACHMENT
    return attached or (is_media and part.disposition not in _NO_FILE)


def _is_other(part: SinglePart | ExternalPart) -> bool:
    return isinstance(part, SinglePart) and not _is_file(part)


def _links(body: NestedPart) -> tuple[bool, bool]:
    """Return whether a body has links without, and with previews.

    A part with the disposition ``preview`` shows what is behind the links of what it stands beside.
    """
    bare = previewed = False
    waiting: list[tuple[NestedPart, bool]] = [(body, False)]
    while waiting:
        part, shown = waiting.pop()
        if isinstance(part, MultiPart):
            within = shown or any(each.disposition == Disposition.PREVIEW for each in part.parts)
            waiting += [(each, within) for each in part.parts]
        elif isinstance(part, SinglePart) and part.disposition != Disposition.PREVIEW:
            leads = any(not target.startswith(_WITHIN) for target in _targets(part))
            bare, previewed = bare or (leads and not shown), previewed or (leads and shown)
    return bare, previewed


def _targets(part: SinglePart) -> Iterator[str]:
    kind = recognised(part.content_type)
    name = f"{kind.type}/{kind.subtype}" if kind is not None else ""
    if name not in ("text/markdown", "text/html"):
        return
    text = part.content.decode(errors="replace")
    if name == "text/html":
        yield from _HTML_LINK.findall(text)
    elif _MAY_LINK.search(text):
        yield from _linked(text)


def _linked(text: str) -> Iterator[str]:
    """Yield the targets of Markdown; where it cannot be read, that there may be some."""
    try:
        # here, for nothing else in this module needs the extra
        from mimi.content.gfm_mimi import links  # noqa: PLC0415
    except MissingExtraError:
        yield UNREAD
        return
    try:
        yield from (link.target for link in links(text))
    except TooLongError:
        yield UNREAD
