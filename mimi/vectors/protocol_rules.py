"""The rules that vectors of the protocol between providers name (vectors/protocol/README.md)."""

from collections.abc import Callable
from typing import TypeVar

from mimi.crypto import UnknownCipherSuiteError
from mimi.errors import MalformedError, MimiError
from mimi.protocol import errors as body
from mimi.protocol import http_errors as http
from mimi.vectors.case import Case, DifferenceError

T = TypeVar("T")

DIRECTORY_RULES: dict[str, type[MimiError]] = {
    "directory": body.DirectoryError,
    "repeated-name": body.RepeatedNameError,
    "template": body.TemplateError,
    "repeated-template": body.RepeatedTemplateError,
    "missing-endpoint": body.MissingEndpointError,
    "endpoint-parameter": body.EndpointParameterError,
}
"""Rules of directories (section 5.1)."""

HTTP_RULES: dict[str, type[MimiError]] = {
    "header": http.HeaderError,
    "source": http.SourceError,
    "unauthenticated-source": http.UnauthenticatedSourceError,
    "host": http.HostError,
    "unknown-endpoint": http.UnknownEndpointError,
    "method": http.MethodError,
    "path-parameter": http.PathParameterError,
    "content-length": http.ContentLengthError,
    "content-type": http.ContentTypeError,
}
"""Rules of requests and responses but for their bodies (section 4.1)."""

BODY_RULES: dict[str, type[MimiError]] = {
    "malformed": MalformedError,
    "incompatible-protocol": body.IncompatibleProtocolError,
    "identifier-uri": body.IdentifierUriError,
    "text": body.TextError,
    "path-mismatch": body.PathMismatchError,
    "embedded-tree": body.EmbeddedTreeError,
    "provider-credential": body.ProviderCredentialError,
    "unknown-cipher-suite": UnknownCipherSuiteError,
    # 5.2
    "no-acceptable-suite": body.NoAcceptableSuiteError,
    "requester-key": body.RequesterKeyError,
    "requester-credential": body.RequesterCredentialError,
    "key-material-signature": body.KeyMaterialSignatureError,
    "answered-protocol": body.AnsweredProtocolError,
    "answered-user": body.AnsweredUserError,
    "populated-clients": body.PopulatedClientsError,
    "client-status": body.ClientStatusError,
    "client-uri": body.ClientUriError,
    "unsuitable-key-package": body.UnsuitableKeyPackageError,
    "key-package-user": body.KeyPackageUserError,
    "repeated-key-package": body.RepeatedKeyPackageError,
    # 5.3
    "handshake": body.HandshakeError,
    "more-proposals": body.MoreProposalsError,
    "next-group-info": body.NextGroupInfoError,
    # 5.4
    "not-application": body.NotApplicationError,
    "foreign-sender": body.ForeignSenderError,
    "frank-suite": body.FrankSuiteError,
    "frank-signature": body.FrankSignatureError,
    "franking-tag": body.FrankingTagError,
    "server-frank": body.ServerFrankError,
    "franked-content": body.FrankedContentError,
    "franked-sender": body.FrankedSenderError,
    "franked-room": body.FrankedRoomError,
    "franking-key": body.FrankingKeyError,
    "repeated-franking-agent": body.RepeatedFrankingAgentError,
    # 5.5
    "empty-notify": body.EmptyNotifyError,
    "fanned-out": body.FannedOutError,
    "last-epoch": body.LastEpochError,
    "stapled-proposals": body.StapledProposalsError,
    # 5.6
    "group-info-key": body.GroupInfoKeyError,
    "group-info-credential": body.GroupInfoCredentialError,
    "group-info-request-signature": body.GroupInfoRequestSignatureError,
    "group-info-suite": body.GroupInfoSuiteError,
    "group-info-room": body.GroupInfoRoomError,
    "group-info-response-signature": body.GroupInfoResponseSignatureError,
    "sealed-group-info": body.SealedGroupInfoError,
    "hub-sender": body.HubSenderError,
    "pending-proposal": body.PendingProposalError,
    # 5.7
    "consent-operation": body.ConsentOperationError,
    "consent-domain": body.ConsentDomainError,
    # 5.8
    "empty-query": body.EmptyQueryError,
    "query-text": body.QueryTextError,
    "query-result": body.QueryResultError,
    "found-user": body.FoundUserError,
    # 5.9
    "abuser": body.AbuserError,
    # 5.10
    "download-url": body.DownloadUrlError,
    "download-port": body.DownloadPortError,
    "asset-domain": body.AssetDomainError,
    # 6.1
    "pseudonym-form": body.PseudonymFormError,
    "pseudonym-key": body.PseudonymKeyError,
    "identity-link": body.IdentityLinkError,
    "nested-pseudonym": body.NestedPseudonymError,
}
"""Rules of bodies, in the order of the draft's sections."""

PROTOCOL_RULES: dict[str, type[MimiError]] = {**DIRECTORY_RULES, **HTTP_RULES, **BODY_RULES}
"""From short names to the errors of those who break the rules."""

_NAMES: dict[type, str] = {error: name for name, error in PROTOCOL_RULES.items()}


def protocol_rule_of(error: MimiError) -> str:
    """Return the short name of the rule that was broken; of another error, what it is.

    A kind of error that has no name of its own has that of what it is a kind of.
    """
    for kind in type(error).__mro__:
        if kind in _NAMES:
            return _NAMES[kind]
    return f"{type(error).__name__}: {error}"


def decided(attempt: Callable[[], T]) -> tuple[T | None, str | None]:
    """Return what comes out, or by which rule it is refused.

    Raises:
        DifferenceError: A field of the case cannot be read.
    """
    try:
        return attempt(), None
    except DifferenceError:
        raise
    except MimiError as error:
        return None, protocol_rule_of(error)


def judged(case: Case, attempt: Callable[[], T], field: str = "rule") -> T | None:
    """Check the rule for which something is refused; return what comes of it otherwise.

    Raises:
        DifferenceError: It is refused for another rule, or is not refused.
    """
    result, rule = decided(attempt)
    case.same(field, rule)
    return result
