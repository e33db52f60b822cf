"""Identifiers: accepted with their canonical form, or refused for a rule; dangers to the eye.

Other systems' identifiers beyond ASCII, and dangers to the eye, need the packages of the extra
``identity``, which are looked for when a case is verified.
"""

from typing import Any

from mimi.errors import MimiError
from mimi.identity import FORMS, MimiUri, errors
from mimi.identity.errors import IdentifierError, InexpressibleError, MissingExtraError
from mimi.identity.uri import TYPES
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind

RULES: dict[str, type[MimiError]] = {
    "uri-length": errors.UriTooLongError,
    "character": errors.CharacterError,
    "percent": errors.PercentError,
    "utf-8": errors.EncodingError,
    "scheme": errors.SchemeError,
    "authority": errors.AuthorityError,
    "userinfo": errors.UserinfoError,
    "port": errors.PortError,
    "ip-address": errors.AddressError,
    "query": errors.QueryError,
    "fragment": errors.FragmentError,
    "host": errors.NoHostError,
    "label-empty": errors.EmptyLabelError,
    "label-length": errors.LabelTooLongError,
    "label": errors.LabelError,
    "domain-length": errors.DomainTooLongError,
    "domain-bidi": errors.BidiDomainError,
    "segment-empty": errors.EmptySegmentError,
    "segment-dots": errors.DotSegmentError,
    "segment-count": errors.SegmentCountError,
    "type": errors.UnknownTypeError,
    "separator": errors.SeparatorError,
    "sigil": errors.SigilError,
    "name-empty": errors.NoNameError,
    "name-length": errors.NameTooLongError,
    "name-character": errors.NameCharacterError,
    "local-part": errors.LocalPartError,
    "number": errors.NumberError,
    "inexpressible-type": errors.InexpressibleTypeError,
    "inexpressible-name": errors.InexpressibleNameError,
    "inexpressible-encoding": errors.InexpressibleEncodingError,
    "no-domain": errors.NoDomainError,
    "other-provider": errors.OtherProviderError,
}
"""From the short names in vectors to the errors of those who break the rules."""

_NAMES = {error: name for name, error in RULES.items()}

TYPE_NAMES = {kind: kind.__name__.removesuffix("Uri").lower() for letter, kind in TYPES.items()}
"""What the types of ``mimi:`` URIs are called in vectors."""


def missing() -> str:
    """Return what has to be installed to verify all such vectors; empty for nothing."""
    try:
        with errors.extra_for("XMPP addresses beyond ASCII"):
            import precis_i18n  # noqa: F401, PLC0415 - the extra may be missing
        import mimi.identity.eye  # noqa: F401, PLC0415
    except MissingExtraError as error:
        return error.reason
    return ""


def rule_of(error: MimiError) -> str:
    """Return the short name of the rule that was broken; of another error, what it is."""
    return _NAMES.get(type(error), f"{type(error).__name__}: {error}")


def form_of_uri(text: str) -> dict[str, Any]:
    """Return what a ``mimi:`` URI is: the fields of a case beside the URI itself."""
    fields: dict[str, Any] = dict.fromkeys(
        ("type", "canonical", "provider", "names", "path_segment", "iri", "rule", "at")
    )
    try:
        uri = MimiUri.parse(text)
    except IdentifierError as error:
        return fields | {"rule": rule_of(error), "at": error.at}
    return fields | {
        "type": TYPE_NAMES[type(uri)],
        "canonical": str(uri),
        "provider": uri.provider.unicode,
        "names": [name.text for _, name in uri.names],
        "path_segment": uri.path_segment,
        "iri": uri.iri,
    }


def check_uri(case: Case) -> None:
    """Verify what a URI is, or for which rule it is refused, and where."""
    check_kind(case, "identity-uri")
    _check_fields(case, form_of_uri(case.string("uri")))
    if case.value("canonical") is not None:
        with case.at("canonical"):
            uri = MimiUri.parse(case.string("canonical"))
        if uri != MimiUri.from_path_segment(case.string("path_segment")):
            raise DifferenceError("path_segment", str(uri), case.string("path_segment"))
        if uri != MimiUri.from_iri(case.string("iri")):
            raise DifferenceError("iri", str(uri), case.string("iri"))


def form_of_foreign(form: str, text: str, provider: str | None) -> dict[str, Any]:
    """Return what a text in the form of another system is, and as a ``mimi:`` URI."""
    kind = FORMS[form]
    fields: dict[str, Any] = dict.fromkeys(("canonical", "mimi", "rule", "at"))
    try:
        identifier = kind.parse(text)
        fields["canonical"] = str(identifier)
        uri = identifier.to_mimi(provider)
    except IdentifierError as error:
        return fields | {"rule": rule_of(error), "at": error.at}
    except InexpressibleError as error:
        return fields | {"rule": rule_of(error)}
    if kind.from_mimi(uri, provider) != identifier:
        raise DifferenceError("mimi", str(identifier), "another identifier on the way back")
    return fields | {"mimi": str(uri)}


def form_from_mimi(form: str, mimi: str, provider: str | None) -> dict[str, Any]:
    """Return what a ``mimi:`` URI is in the form of another system."""
    fields: dict[str, Any] = dict.fromkeys(("canonical", "rule", "at"))
    try:
        identifier = FORMS[form].from_mimi(MimiUri.parse(mimi), provider)
    except InexpressibleError as error:
        return fields | {"rule": rule_of(error)}
    return fields | {"canonical": str(identifier)}


def check_foreign(case: Case) -> None:
    """Verify what an identifier is in another form, one way or the other, or why it is not."""
    check_kind(case, "identity-foreign")
    form = case.string("form")
    if form not in FORMS:
        raise DifferenceError("form", " or ".join(FORMS), shown(form))
    provider = None if case.value("provider") is None else case.string("provider")
    if case.value("text") is None:
        with case.at("mimi"):
            fields = form_from_mimi(form, case.string("mimi"), provider)
    else:
        with case.at("text"):
            fields = form_of_foreign(form, case.string("text"), provider)
    _check_fields(case, fields)


def form_of_dangers(text: str, known: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the dangers of a text to the eye."""
    from mimi.identity.eye import look  # noqa: PLC0415 - see `missing`

    return [
        {
            "danger": finding.danger.name.lower().replace("_", "-"),
            "at": finding.at,
            "known": finding.known or None,
        }
        for finding in look(text, known)
    ]


def check_eye(case: Case) -> None:
    """Verify the dangers of a text to the eye."""
    check_kind(case, "identity-eye")
    case.same("dangers", form_of_dangers(case.string("text"), case.strings("known")))


def _check_fields(case: Case, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        case.same(name, value)
