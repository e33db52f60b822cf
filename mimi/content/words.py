"""The texts of a body, as they were sent."""

from mimi.content.model import ExternalPart, MultiPart, NestedPart, PartSemantics, SinglePart


def text_of(part: NestedPart) -> str:
    """Return the texts of a body, one after another: what a list of messages shows.

    Of alternatives it is those of the first that has any.
    """
    match part:
        case SinglePart(content_type=kind, content=content):
            return content.decode(errors="replace") if kind.lower().startswith("text/") else ""
        case ExternalPart(description=description):
            return description
        case MultiPart(part_semantics=semantics, parts=parts):
            texts = [text for text in map(text_of, parts) if text]
            if semantics is PartSemantics.CHOOSE_ONE:
                return texts[0] if texts else ""
            return "\n".join(texts)
    return ""
