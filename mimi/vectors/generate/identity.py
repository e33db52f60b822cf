"""Identifiers, good ones and bad ones: what is written down here is what they are looked at as.

Nothing depends on a seed. The texts are chosen by hand, and what they are is computed.
"""

from collections.abc import Iterator

from mimi.vectors.checks.identity import (
    form_from_mimi,
    form_of_dangers,
    form_of_foreign,
    form_of_uri,
)
from mimi.vectors.generate.identity_eye import TEXTS
from mimi.vectors.generate.identity_foreign import FROM_MIMI, TO_MIMI
from mimi.vectors.generate.identity_uris import URIS
from mimi.vectors.generate.written import Vector


def uris() -> Iterator[Vector]:
    """Yield ``mimi:`` URIs, accepted and refused."""
    for description, *texts in URIS:
        for text in texts:
            start = {"kind": "identity-uri", "description": description, "uri": text}
            yield start | form_of_uri(text)


def foreign() -> Iterator[Vector]:
    """Yield identifiers of other systems, and URIs that are to become such."""
    for form, description, provider, *texts in TO_MIMI:
        for text in texts:
            fields = form_of_foreign(str(form), str(text), provider)
            yield _foreign(str(form), str(description), provider) | {"text": text} | fields
    for form, description, provider, *mimis in FROM_MIMI:
        for mimi in mimis:
            fields = form_from_mimi(str(form), str(mimi), provider)
            start = _foreign(str(form), str(description), provider)
            yield start | {"text": None, "canonical": None, "mimi": mimi} | fields


def _foreign(form: str, description: str, provider: str | None) -> Vector:
    return {
        "kind": "identity-foreign",
        "description": description,
        "form": form,
        "provider": provider,
    }


def eye() -> Iterator[Vector]:
    """Yield texts with what in them may mislead a reader."""
    for description, known, *texts in TEXTS:
        for text in texts:
            yield {
                "kind": "identity-eye",
                "description": description,
                "text": text,
                "known": list(known),
                "dangers": form_of_dangers(str(text), tuple(known)),
            }
