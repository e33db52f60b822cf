"""What of a body a receiver processes."""

from mimi.content.choose import Receiver, choose
from mimi.content.message import decode
from mimi.vectors.case import Case
from mimi.vectors.checks.content import check_kind


def check_choice(case: Case) -> None:
    """Verify which parts a receiver processes that understands some media types and languages."""
    check_kind(case, "content-choose")
    with case.at("content"):
        part = decode(case.octets("content")).nested_part
    types, languages = case.strings("media_types"), case.strings("languages")
    with case.at("media_types"):
        receiver = Receiver(types)
    with case.at("languages"):
        receiver = Receiver(types, languages)
    case.same("chosen", [each.index for each in choose(part, receiver)])
