"""Markdown: what is sent of a text, and its links with what to think of them.

The packages of the extra ``markdown`` are needed, and looked for when a case is verified.
"""

from importlib import import_module
from typing import Any

from mimi.content.gfm_errors import MissingExtraError
from mimi.vectors.case import Case
from mimi.vectors.checks.content import check_kind


def missing() -> str:
    """Return what has to be installed to verify such vectors; empty for nothing."""
    try:
        for name in ("gfm_mimi", "links"):
            import_module(f"mimi.content.{name}")
    except MissingExtraError as error:
        return error.reason
    return ""


def check_markdown(case: Case) -> None:
    """Verify a text without HTML, and the links in it."""
    from mimi.content.gfm_mimi import without_html  # noqa: PLC0415 - see `missing`

    check_kind(case, "content-markdown")
    source, members = case.string("source"), case.strings("members")
    with case.at("source"):
        sent = without_html(source)
    case.same("without_html", sent)
    case.same("links", judged(sent, members))


def judged(source: str, members: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the links of a received text, each with what to think of it.

    Args:
        source: The text.
        members: The URIs of the users who have a client in the group.
    """
    from mimi.content.gfm_mimi import links  # noqa: PLC0415
    from mimi.content.links import Doubtful, Members, Mention, judge  # noqa: PLC0415

    known = Members.of(members)
    found = []
    for link in links(source):
        verdict = None if link.is_image else judge(link.text, link.target, known)
        name = "same"
        if isinstance(verdict, Mention | Doubtful):
            name = type(verdict).__name__.lower()
        reasons = verdict.reasons if isinstance(verdict, Doubtful) else ()
        found.append(
            {
                "text": link.text,
                "target": link.target,
                "autolink": link.is_autolink,
                "verdict": "image" if verdict is None else name,
                "reasons": [reason.name.lower().replace("_", "-") for reason in reasons],
            }
        )
    return found
