"""Extensions, and the contents of those that RFC 9420 defines (sections 7.2, 11.1 and 12)."""

from typing import Annotated, Any, TypeAlias, TypeVar

from mimi.codec import Bytes, Opaque, decode, encode, struct, unique_by
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import Credential, SignaturePublicKey

T = TypeVar("T")


@struct
class Extension:
    """A type and contents that only the type's specification reads."""

    extension_type: ExtensionType
    extension_data: Opaque


Extensions: TypeAlias = Annotated[
    tuple[Extension, ...],
    unique_by("extension_type", "two extensions have the same type", "RFC 9420 section 13.4"),
]
"""A list of extensions, each type at most once (section 13.4)."""

HPKEPublicKey: TypeAlias = Annotated[bytes, Bytes("HPKEPublicKey")]
"""A key for encryption, as the cipher suite's KEM serialises it (section 5.1.1)."""


@struct
class RequiredCapabilities:
    """What every member of the group must support (section 11.1)."""

    extension_types: tuple[ExtensionType, ...] = ()
    proposal_types: tuple[ProposalType, ...] = ()
    credential_types: tuple[CredentialType, ...] = ()


@struct
class ExternalSender:
    """Someone outside the group who may propose (section 12.1.8.1)."""

    signature_key: SignaturePublicKey
    credential: Credential


@struct
class ExternalPub:
    """The key for joining by an external commit (section 12.4.3.2)."""

    external_pub: HPKEPublicKey


@struct
class ApplicationId:
    """An identifier that the application gives to a leaf (section 5.3.3)."""

    application_id: Opaque


ExternalSenders: TypeAlias = tuple[ExternalSender, ...]
"""The contents of the extension ``external_senders``: ``ExternalSender external_senders<V>``."""


def find(extensions: tuple[Extension, ...], extension_type: int) -> bytes | None:
    """Return the contents of an extension, or None where it is absent."""
    for extension in extensions:
        if extension.extension_type == extension_type:
            return extension.extension_data
    return None


def required_capabilities(extensions: tuple[Extension, ...]) -> RequiredCapabilities:
    """Return what *extensions* require of members; nothing, where they do not say.

    Raises:
        MalformedError: The extension does not parse.
    """
    data = find(extensions, ExtensionType.REQUIRED_CAPABILITIES)
    return RequiredCapabilities() if data is None else decode(RequiredCapabilities, data)


def external_senders(extensions: tuple[Extension, ...]) -> tuple[ExternalSender, ...]:
    """Return the external senders that *extensions* name, in their order.

    Raises:
        MalformedError: The extension does not parse.
    """
    data = find(extensions, ExtensionType.EXTERNAL_SENDERS)
    senders: tuple[ExternalSender, ...] = () if data is None else decode(ExternalSenders, data)
    return senders


def extension(extension_type: ExtensionType, content: Any, declared: Any = None) -> Extension:
    """Return an extension with *content* encoded, as its own class or as *declared*."""
    return Extension(extension_type, encode(content, declared))
