"""A conversation worked out the long way: everything is sorted and computed again for each answer.

It knows nothing of the library. What it takes, and what it gives, is JSON; IDs and topics are
octets in hex, *accepted* is in milliseconds since 1970, *at*, *now* and *expires_at* in seconds::

    {
      "arrivals": [{"message": MESSAGE, "message_id": hex, "sender": uri, "accepted": ms}, ...],
      "reports": [{"report": [[message_id, status], ...], "sender": uri, "accepted": ms}, ...],
      "readings": [{"message_id": hex, "at": seconds}, ...],
      "moderators": [uri, ...],
      "now": seconds or null
    }

MESSAGE is a message as in the other files: salt, replaces, topic_id, expires, in_reply_to,
extensions, nested_part. The reports are those that came by another way than as a message of the
room; a message whose body is an application/mimi-message-status counts as a report, and as nothing
else. The readings are those of whoever looks at it. Authors edit and withdraw their messages, and
moderators withdraw anybody's; nobody changes anything but the body. Where *now* is null nothing has
expired. The answer does not depend on the order within the three lists::

    {
      "entries": [{
        "message_id": hex, "original_id": hex, "author": uri, "accepted": ms,
        "text": text, "topic_id": hex, "in_reply_to": hex or null,
        "expires": {"relative": bool, "time": n} or null, "expires_at": seconds or null,
        "is_original_known": bool, "is_expired": bool, "deleted_by": uri or null,
        "read_at": seconds or null,
        "versions": [{"message_id", "sender", "accepted", "statuses": {uri: status, ...}}, ...],
        "reactions": [{"message_id", "to", "sender", "text"}, ...],
        "replies": [hex, ...],
        "refused": [{"message_id": hex, "reason": text}, ...]
      }, ...],
      "unknown": [hex, ...]
    }

Entries are ordered by time, then by ID; so are the lists in them. The text is that of the parts
that a plain receiver chooses, and the description of external ones, with a line feed between them;
what is expired or withdrawn has none. A reaction of several parts is several reactions, at most 32.
A status later in a report is later, and reports of one time and sender are taken place by place.
Reasons are not_authorised, not_first_version and after_deletion. Unknown are the IDs that messages
reply to, react to or replace and that did not arrive, sorted.
"""

from itertools import pairwise
from typing import Any

from naive.naive_choose import choose, read_type
from naive.naive_content import parts
from naive.naive_reception import decode_status

JSON = dict[str, Any]

REACTION, ICON, ATTACHMENT, SESSION, PREVIEW = 2, 5, 6, 7, 8
PLAIN_RECEIVER = ["text/plain", "text/markdown;variant=GFM-MIMI"]
PLAIN_RECEIVER += ["text/markdown;variant=CommonMark", "text/html"]
PLAIN_RECEIVER += ["application/mimi-content", "image/jpeg", "image/png"]
CHARSETS = ["utf-8", "us-ascii", "iso-8859-1"]  # as far as the vectors have them
MOST_REACTIONS = 32
STATUS_TYPE = "application/mimi-message-status"
UNREAD, DELIVERED, READ, EXPIRED, DELETED, HIDDEN, ERROR = range(7)

# after the first nothing of the second makes sense any more; all other changes do
SENSELESS = {
    UNREAD: [],
    DELIVERED: [],
    READ: [DELIVERED, ERROR],
    HIDDEN: [DELIVERED, ERROR],
    ERROR: [],
    EXPIRED: [UNREAD, DELIVERED, READ, HIDDEN, ERROR],
    DELETED: [UNREAD, DELIVERED, READ, EXPIRED, HIDDEN, ERROR],
}


def place(arrival: JSON) -> tuple[int, str]:
    return arrival["accepted"], arrival["message_id"]


def body(arrival: JSON) -> JSON:
    part: JSON = arrival["message"]["nested_part"]
    return part


def is_deletion(arrival: JSON) -> bool:
    return body(arrival)["cardinality"] == "null"


def is_status(arrival: JSON) -> bool:
    part = body(arrival)
    if part["cardinality"] != "single":
        return False
    kind: str = part["content_type"]
    return kind.partition(";")[0].strip(" \t").lower() == STATUS_TYPE


def is_reaction(arrival: JSON) -> bool:
    replied = arrival["message"]["in_reply_to"]
    return replied is not None and body(arrival)["disposition"] == REACTION


def text_of(part: JSON) -> str:
    message = {"nested_part": in_words(part, [part["disposition"]])}
    listed = parts(message)
    texts = [words_of(listed[index]) for index in choose(message, PLAIN_RECEIVER, [])]
    return "\n".join(text for text in texts if text)


def words_of(part: JSON) -> str:
    if part["cardinality"] == "external":
        return str(part["description"])
    is_text = part["content_type"].startswith("text/")
    return bytes.fromhex(part["content"]).decode() if is_text else ""


def in_words(part: JSON, around: list[int]) -> JSON:
    """Copy a body with its words alone, in UTF-8; *around* are the dispositions around it."""
    around = [*around, part["disposition"]]
    if part["cardinality"] == "multi":
        return part | {"parts": [in_words(each, around) for each in part["parts"]]}
    is_beside = any(a != REACTION == b for a, b in pairwise(around))
    is_unseen = is_beside or not {ICON, PREVIEW}.isdisjoint(around)
    if part["cardinality"] == "external":
        return part | {"content_type": "", "description": "" if is_unseen else part["description"]}
    if part["cardinality"] != "single":
        return part
    kind = read_type(part["content_type"])
    if kind is None or kind[0] != "text" or kind[2]["charset"] not in CHARSETS:
        return part
    octets = bytes.fromhex(part["content"])
    if is_unseen or not {ATTACHMENT, SESSION}.isdisjoint(around):
        octets = b""
    text = octets.decode(kind[2]["charset"], errors="replace")
    names = [f";{name}={value}" for name, value in kind[2].items() if name != "charset"]
    content_type = f"{kind[0]}/{kind[1]}" + "".join(names)
    return part | {"content_type": content_type, "content": text.encode().hex()}


def single_reactions(part: JSON) -> list[JSON]:
    if part["cardinality"] == "multi" and part["part_semantics"] == "processAll":
        return [each for inner in part["parts"] for each in single_reactions(inner)]
    return [] if part["cardinality"] == "null" else [part]


class Timeline:
    def __init__(self, given: JSON) -> None:
        arrivals = sorted(given["arrivals"], key=place)
        assert len({each["message_id"] for each in arrivals}) == len(arrivals)
        self.messages = [each for each in arrivals if not is_status(each)]
        self.arrived = {each["message_id"] for each in arrivals}
        self.first = {
            each["message_id"]: each for each in self.messages if not each["message"]["replaces"]
        }
        self.moderators = given["moderators"]
        self.now = given["now"]
        self.readings = given["readings"]
        self.statuses = [
            (report["accepted"], report["sender"], at, status, message_id)
            for report in [*given["reports"], *map(self.carried, filter(is_status, arrivals))]
            for at, (message_id, status) in enumerate(report["report"])
        ]

    def carried(self, arrival: JSON) -> JSON:
        report = decode_status(bytes.fromhex(body(arrival)["content"]))
        return {**arrival, "report": report}

    def naming(self, message_id: str) -> list[JSON]:
        return [each for each in self.messages if each["message"]["replaces"] == message_id]

    def root_of(self, arrival: JSON) -> JSON | None:
        """Find the first version of what is amended, or what stands for it until it arrives."""
        original_id = arrival["message"]["replaces"]
        if original_id is None:
            return arrival
        if original_id in self.arrived:
            return self.first.get(original_id)
        edits = [each for each in self.naming(original_id) if not is_deletion(each)]
        own = [each for each in edits if each["sender"] == arrival["sender"]]
        return own[0] if own else None

    def is_root(self, arrival: JSON) -> bool:
        return self.root_of(arrival) is arrival

    def resolve(self, root: JSON) -> JSON:
        """Say which amendments of a message take effect and which do not."""
        versions, refused, deleted_by = [root], [], None
        original_id = root["message"]["replaces"]
        misnamed = [] if original_id is None else [root]
        for each in self.naming(original_id or root["message_id"]):
            of_author = each["sender"] == root["sender"]
            if original_id is not None and not of_author and not is_deletion(each):
                continue  # this one stands for itself
            if each is root:
                continue
            misnamed.append(each)
            if deleted_by is not None:
                refused.append((each, "after_deletion"))
            elif is_deletion(each) and (of_author or each["sender"] in self.moderators):
                deleted_by = each["sender"]
            elif of_author:
                versions.append(each)
            else:
                refused.append((each, "not_authorised"))
        while misnamed:
            for each in self.naming(misnamed.pop()["message_id"]):
                misnamed.append(each)
                refused.append((each, "not_first_version"))
        refused.sort(key=lambda pair: place(pair[0]))
        return {"versions": versions, "refused": refused, "deleted_by": deleted_by}

    def read_at(self, versions: list[JSON]) -> int | None:
        names = [each["message_id"] for each in versions]
        return min(
            (each["at"] for each in self.readings if each["message_id"] in names), default=None
        )

    def expires_at(self, root: JSON, versions: list[JSON]) -> int | None:
        expires = root["message"]["expires"]
        if expires is None or not expires["relative"]:
            return None if expires is None else int(expires["time"])
        read_at = self.read_at(versions)
        return None if read_at is None else read_at + int(expires["time"])

    def is_expired(self, root: JSON, versions: list[JSON]) -> bool:
        expires_at = self.expires_at(root, versions)
        return expires_at is not None and self.now is not None and self.now >= expires_at

    def statuses_of(self, message_id: str) -> dict[str, int]:
        statuses: dict[str, int] = {}
        for _, sender, _, status, about in sorted(self.statuses):
            if about == message_id and status not in SENSELESS.get(statuses.get(sender, -1), []):
                statuses[sender] = status
        return statuses

    def reactions(self, versions: list[JSON]) -> list[JSON]:
        reactions = []
        for root in filter(self.is_root, self.messages):
            found = self.resolve(root)
            to = root["message"]["in_reply_to"]
            if not is_reaction(root) or to not in [each["message_id"] for each in versions]:
                continue
            if found["deleted_by"] or self.is_expired(root, found["versions"]):
                continue
            reactions += [
                {"message_id": root["message_id"], "to": to, "sender": root["sender"]}
                | {"text": text_of(part)}
                for part in single_reactions(body(found["versions"][-1]))[:MOST_REACTIONS]
            ]
        return reactions

    def replies(self, versions: list[JSON]) -> list[str]:
        names = [each["message_id"] for each in versions]
        return [
            each["message_id"]
            for each in self.messages
            if self.is_root(each)
            and not is_reaction(each)
            and each["message"]["in_reply_to"] in names
        ]

    def entry(self, root: JSON) -> JSON:
        found = self.resolve(root)
        versions, message = found["versions"], root["message"]
        is_expired = self.is_expired(root, versions)
        is_hidden = is_expired or found["deleted_by"] is not None
        return {
            "message_id": root["message_id"],
            "original_id": message["replaces"] or root["message_id"],
            "author": root["sender"],
            "accepted": root["accepted"],
            "text": "" if is_hidden else text_of(body(versions[-1])),
            "topic_id": message["topic_id"],
            "in_reply_to": message["in_reply_to"],
            "expires": message["expires"],
            "expires_at": self.expires_at(root, versions),
            "is_original_known": message["replaces"] is None,
            "is_expired": is_expired,
            "deleted_by": found["deleted_by"],
            "read_at": self.read_at(versions),
            "versions": [
                {key: each[key] for key in ("message_id", "sender", "accepted")}
                | {"statuses": self.statuses_of(each["message_id"])}
                for each in versions
            ],
            "reactions": self.reactions(versions),
            "replies": self.replies(versions),
            "refused": [
                {"message_id": each["message_id"], "reason": reason}
                for each, reason in found["refused"]
            ],
        }

    def unknown(self) -> list[str]:
        named = {
            each["message"][key] for each in self.messages for key in ("replaces", "in_reply_to")
        }
        return sorted(named - {None} - self.arrived)

    def view(self) -> JSON:
        roots = [each for each in self.messages if self.is_root(each) and not is_reaction(each)]
        return {"entries": [self.entry(each) for each in roots], "unknown": self.unknown()}


def timeline(given: JSON) -> JSON:
    """Work out what is seen of a conversation."""
    return Timeline(given).view()
