"""Identifier queries: finding a user of another provider (section 5.8)."""

from collections.abc import Collection
from typing import Annotated

from mimi.codec import ClosedEnum8, Given, Opaque, struct
from mimi.identity import Domain
from mimi.mls.components import AppDataDictionary
from mimi.protocol.consent import NO_EXTENSIONS
from mimi.protocol.errors import (
    EmptyQueryError,
    FoundUserError,
    QueryResultError,
    QueryTextError,
    TextError,
)
from mimi.protocol.protocol import USERS, IdentifierUri, UTF8String, identified, text_of


class SearchIdentifierType(ClosedEnum8):
    """What is compared with what is searched, and how."""

    HANDLE = 1
    """The whole handle, as a URI."""
    NICK = 2
    """The nickname, or the user part of the handle."""
    EMAIL = 3
    """The address, an addr-spec of RFC 5322."""
    PHONE = 4
    """The telephone number in international format, with a plus sign."""
    PARTIAL_NAME = 5
    """Part of a name, in whatever case."""
    WHOLE_PROFILE = 6
    """Part of any field that can be searched."""
    OIDC_STD_CLAIM = 7
    """A standard claim of OpenID Connect."""
    VCARD_FIELD = 8
    """A property of a vCard (RFC 6350)."""


@struct
class QueryElement:
    """One thing that must match.

    Attributes:
        search_type: What is compared.
        name: The name of the claim or property; None for other types.
        search_value: What it is compared with, in UTF-8.
    """

    search_type: SearchIdentifierType
    name: Annotated[
        bytes | None,
        Given(
            "search_type",
            {
                SearchIdentifierType.OIDC_STD_CLAIM: Opaque,
                SearchIdentifierType.VCARD_FIELD: Opaque,
            },
        ),
    ]
    search_value: Opaque


@struct
class IdentifierRequest:
    """A query: all elements must match."""

    query_elements: tuple[QueryElement, ...]
    id_request_extensions: AppDataDictionary = NO_EXTENSIONS


class IdentifierQueryCode(ClosedEnum8):
    """What became of a query."""

    SUCCESS = 0
    NOT_FOUND = 1
    AMBIGUOUS = 2
    FORBIDDEN = 3
    UNSUPPORTED_FIELD = 4


class FieldSource(ClosedEnum8):
    """Where the name of a field comes from."""

    OIDC_STD_CLAIM = 7
    VCARD_FIELD = 8


@struct
class ProfileField:
    """A field of a user's profile."""

    field_source: FieldSource
    field_name: UTF8String
    field_value: Opaque


@struct
class UserProfile:
    """A user who was found."""

    stable_uri: IdentifierUri
    fields: tuple[ProfileField, ...] = ()


@struct
class IdentifierResponse:
    """What answers a query.

    Attributes:
        response_code: What became of it.
        uri: Users who were found, by their URIs alone.
        found_profiles: Users who were found, with what is shown of them.
        id_response_extensions: What components add.
    """

    response_code: IdentifierQueryCode
    uri: tuple[IdentifierUri, ...] = ()
    found_profiles: tuple[UserProfile, ...] = ()
    id_response_extensions: AppDataDictionary = NO_EXTENSIONS


def check_identifier_request(request: IdentifierRequest) -> None:
    """Check a received query.

    Raises:
        EmptyQueryError: It asks for nothing, or an element has an empty name or value.
        QueryTextError: A name or a value is not UTF-8.
    """
    if not request.query_elements:
        raise EmptyQueryError("a query without elements")
    for index, element in enumerate(request.query_elements):
        for field, octets in (("name", element.name), ("search_value", element.search_value)):
            if octets is None:
                continue
            if not octets:
                raise EmptyQueryError(f"element {index} has an empty {field}", index=index)
            try:
                text_of(field, octets)
            except TextError as error:
                raise QueryTextError(
                    f"element {index}: {error.reason}", index=index, field=field
                ) from error


def check_identifier_response(response: IdentifierResponse, asked: Collection[Domain]) -> None:
    """Check a received answer.

    Args:
        response: What was received.
        asked: The domains of the provider that was asked.

    Raises:
        QueryResultError: It has results beside a code that says that there are none, or none
            beside success.
        IdentifierUriError: A URI is not that of a user.
        FoundUserError: A user is of another provider.
        TextError: The name of a field is not UTF-8.
    """
    code = response.response_code
    found = (*response.uri, *(profile.stable_uri for profile in response.found_profiles))
    if bool(found) is not (code is IdentifierQueryCode.SUCCESS):
        raise QueryResultError(f"{len(found)} results beside {code}", code=code)
    for uri in found:
        user = identified("uri", uri, USERS)
        if user.provider not in asked:
            raise FoundUserError(f"{user} is of another provider", user=uri)
    for profile in response.found_profiles:
        for field in profile.fields:
            text_of("field_name", field.field_name)
