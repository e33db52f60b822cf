"""What may be changed in the vectors of MIMI content, and why it may go unnoticed."""

from vectors.changes import Changes, Reasons
from vectors.sets import CONTENT

UNNOTICED: Reasons = {
    ("*", "description"): "it says what is remarkable, to people",
    ("content-refused", "content"): "another document may break the same rule",
    ("content-refused", "max_octets"): "it matters where it is exceeded",
    ("content-received", "now"): "it matters at the limits, as all times do",
    ("content-received", "accepted"): "see above",
    ("content-received", "room_created"): "see above",
    ("content-received", "format_published"): "see above",
    ("content-received", "known[]"): "it matters which ID is known, not which others are",
    ("content-reference", "content"): "what else the message says does not matter",
    ("content-reference", "uri"): "what is no reference means nothing in other words too",
    ("content-extension", "content"): "another message may be refused as well",
    ("content-extension", "key"): "see above",
    ("content-attachment", "content"): "what else the message says does not matter",
    ("content-attachment", "fetched"): "other octets may be refused as well",
    ("content-attachment", "now"): "it matters at the limit",
    ("content-attachment", "max_octets"): "it matters at the limit",
    ("content-conversation", "moderators[]"): "it matters where they do something",
    ("content-conversation", "now"): "it matters at an expiry",
    ("content-conversation", "readings[].at"): "the first one counts, for relative expiries",
    ("content-conversation", "arrivals[].accepted"): "only the order of some messages matters",
    ("content-conversation", "reports[].accepted"): "see above",
    ("content-conversation", "reports[].report[][]"): "some statuses make no sense, and are passed",
    ("content-conversation", "reports[].sender"): "see above",
    ("content-choose", "content"): "what else the message says does not matter",
    ("content-choose", "media_types[]"): "a type may be none of those that were chosen",
    ("content-choose", "languages[]"): "a language may be none of those that were chosen",
    ("content-markdown", "members[]"): "it matters where there is a mention",
}
"""Given fields of which another value may be as good, and why."""

TEXTS = frozenset(
    {
        ("content-message", "sender_uri"),
        ("content-message", "room_uri"),
        ("content-extension", "key"),
    }
)
"""Fields that may be any text, though some of their values look like octets."""

CHANGES = Changes(CONTENT, UNNOTICED, limit=6, limit_of_types=2, texts=TEXTS)
