"""What a device of a transcript shows at the end, made again from the messages that came.

draft-ietf-mimi-content-08: edits, deletions, replies and reactions, by `naive_timeline`; who may
delete the messages of others, by the roles of draft-ietf-mimi-room-policy-03.
"""

from naive.naive_agree import unhex
from naive.naive_content import decode_message, parts
from naive.naive_timeline import timeline


def conversation(messages: list[dict], moderators: list[str]) -> list[dict]:
    """Give the entries of a conversation, as the transcript has them."""
    arrivals = [
        {
            "message": decode_message(unhex(one["content"])),
            **{name: one[name] for name in ("message_id", "sender", "accepted")},
        }
        for one in messages
    ]
    given = {"arrivals": arrivals, "reports": [], "readings": [], "moderators": moderators}
    bodies = {one["message_id"]: one["message"] for one in arrivals}
    return [form(entry, bodies) for entry in timeline({**given, "now": None})["entries"]]


def form(entry: dict, messages: dict[str, dict]) -> dict:
    is_deleted = entry["deleted_by"] is not None
    tally: dict[str, list[str]] = {}
    for one in entry["reactions"]:
        senders = tally.setdefault(one["text"], [])
        if one["sender"] not in senders:
            senders.append(one["sender"])
    last = messages[entry["versions"][-1]["message_id"]]
    listed = [] if is_deleted else parts(last)
    return {
        "message_id": entry["message_id"],
        "author": entry["author"],
        "accepted": entry["accepted"],
        "text": entry["text"],
        "in_reply_to": entry["in_reply_to"],
        "is_edited": len(entry["versions"]) > 1,
        "is_deleted": is_deleted,
        "reactions": [[text, who] for text, who in tally.items()],
        "files": [one["filename"] for one in listed if one["cardinality"] == "external"],
    }
