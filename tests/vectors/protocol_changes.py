"""What may be changed in the vectors of the protocol, and why it may go unnoticed.

Where something is refused, other changes may leave it refused for the same rule: there the rule and
what would come out are changed, and nothing else.
"""

import attrs
from vectors.changes import Changes, Reasons
from vectors.corruption import steps_of
from vectors.extension_changes import others_somewhere
from vectors.sets import PROTOCOL, Case

from mimi.vectors import Kind, checked_fields

UNNOTICED: Reasons = {
    ("*", "description"): "it is for people",
    ("protocol-check", "body"): "names and contents may be others",
    ("protocol-check", "given.now"): "it matters for key packages",
    ("protocol-check", "given.url"): "another path may be downloaded as well",
    ("protocol-check", "given.ports[]"): "several may be permitted",
    ("protocol-directory", "document"): "names that nobody knows may be others",
    ("protocol-directory", "urls[].parameter"): "users of one domain",
    ("protocol-request", "most_octets"): "most bodies are shorter",
    ("protocol-request", "body"): "what it says is not compared here",
    ("protocol-request", "headers[][]"): "headers that nobody knows",
    ("protocol-response", "headers[][]"): "the same, and the type of a body that nobody reads",
    ("protocol-response", "now"): "it matters for dates",
    ("protocol-response", "most_octets"): "most bodies are shorter",
    ("protocol-response", "status"): "others are as final",
    ("protocol-response", "body"): "that of a refusal is not read",
    ("protocol-key-material-response", "request"): "only some of it matters",
    ("protocol-key-material-response", "now"): "key packages are valid for longer",
    ("protocol-group-info-response", "request"): "only suite and key matter",
}
"""Given fields of which another value may be as good, and why."""

RESULTS = {
    "protocol-body": {"value", "at"},
    "protocol-check": {"result", "rule"},
    "protocol-directory": {"endpoints", "urls", "rule"},
    "protocol-request": {"url", "endpoint", "parameter", "source", "rule", "status", "allow"},
    "protocol-response": {"outcome", "structure", "retry_after", "is_final", "rule"},
    "protocol-key-material-request": {"tbs", "verified_by", "rule"},
    "protocol-key-material-response": {"references", "rule"},
    "protocol-frank": {"salt", "context", "server_frank", "tbs", "rule"},
    "protocol-franking-agent": {"after", "rule"},
    "protocol-group-info-request": {"tbs", "rule"},
    "protocol-group-info-response": {"tbs", "opened", "rule"},
    "protocol-report": {"franking_tag", "context", "rule"},
    "protocol-identity-link": {"tbs", "rule"},
}
"""The fields of results, which are named, by kinds."""


def is_of_the_smallest_suite_or_a_fifth(number: int, case: Case) -> bool:
    return case.get("cipher_suite", 1) == 1 or number % 5 == 0


def is_refused(file: str, case: Case) -> bool:
    """Whether other changes may leave a case refused for the same rule."""
    return case.get("rule", case.get("at")) is not None


def results_of(kind: Kind, case: Case) -> list[str]:
    """The fields of results, and the kind."""
    results = RESULTS[kind.name] | {"kind"}
    fields = checked_fields(kind, case)
    return [field for field, syntax in fields if not syntax and steps_of(field)[0] in results]


WITHOUT_TRANSCRIPTS = attrs.evolve(
    PROTOCOL, files=tuple(name for name in PROTOCOL.files if "transcript" not in name)
)
"""The files of single cases; what is changed in a scenario, its own tests say."""

TEXTS = frozenset(
    {
        ("protocol-check", "given.url"),
        ("protocol-request", "target"),
        ("protocol-request", "headers[][]"),
        ("protocol-response", "headers[][]"),
    }
)
"""Fields that may be any text, and are empty somewhere."""

CHANGES = Changes(
    WITHOUT_TRANSCRIPTS,
    UNNOTICED,
    limit=3,
    limit_of_types=2,
    texts=TEXTS,
    is_chosen=is_of_the_smallest_suite_or_a_fifth,
    is_free=is_refused,
    named=results_of,
    others_somewhere=others_somewhere,
)
