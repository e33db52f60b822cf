"""Content kept elsewhere: opened, and sealed again; or refused for a rule."""

from mimi.content.aead import aead_of
from mimi.content.attachment import decrypt
from mimi.content.message import decode
from mimi.content.model import ExternalPart
from mimi.errors import MimiError
from mimi.vectors.case import Case, DifferenceError
from mimi.vectors.checks.content import check_kind, check_written, optional
from mimi.vectors.form import form_of_part
from mimi.vectors.rules import rule_of


def check_attachment(case: Case) -> None:
    """Verify what becomes of octets that were fetched from the URL of a message's ExternalPart."""
    check_kind(case, "content-attachment")
    with case.at("content"):
        part = decode(case.octets("content")).nested_part
    if not isinstance(part, ExternalPart):
        raise DifferenceError("content", "an ExternalPart", type(part).__name__)
    case.same("part", form_of_part(part))
    fetched, most = case.octets("fetched"), case.integer("max_octets")
    now = optional(case, "now")
    plaintext = rule = None
    try:
        plaintext = decrypt(part, fetched, max_octets=most, now=now)
    except MimiError as error:
        rule = rule_of(error)
    case.same("rule", rule)
    case.same("plaintext", plaintext)
    if plaintext is not None and part.enc_alg:
        sealed = aead_of(part.enc_alg).seal(part.key, part.nonce, part.aad, plaintext)
        check_written(fetched, sealed, "fetched")
