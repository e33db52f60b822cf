"""Extensions, and the contents of those that RFC 9420 defines."""

import pytest

from mimi.codec import GREASE_VALUES, decode, encode
from mimi.errors import MalformedError
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    ApplicationId,
    Extension,
    Extensions,
    ExternalPub,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
    external_senders,
    find,
    required_capabilities,
)

SENDERS = (
    ExternalSender(b"first key", BasicCredential(b"hub")),
    ExternalSender(b"second key", BasicCredential(b"hub of another")),
)
REQUIRED = RequiredCapabilities(
    (ExtensionType(0xF001),), (ProposalType(0xF002),), (CredentialType.X509,)
)
GENUINE = (
    extension(ExtensionType.REQUIRED_CAPABILITIES, REQUIRED),
    extension(ExtensionType.EXTERNAL_SENDERS, SENDERS, ExternalSenders),
    extension(ExtensionType.APPLICATION_ID, ApplicationId(b"device")),
    extension(ExtensionType.EXTERNAL_PUB, ExternalPub(b"a key")),
)


def test_contents_are_found_by_type():
    assert decode(Extensions, encode(GENUINE, Extensions)) == GENUINE
    assert required_capabilities(GENUINE) == REQUIRED
    assert external_senders(GENUINE) == SENDERS
    assert decode(ApplicationId, find(GENUINE, ExtensionType.APPLICATION_ID)).application_id == (
        b"device"
    )
    assert find(GENUINE, ExtensionType.EXTERNAL_PUB) == b"\x05a key"


def test_what_is_absent_requires_and_allows_nothing():
    assert find((), ExtensionType.EXTERNAL_PUB) is None
    assert required_capabilities(()) == RequiredCapabilities()
    assert external_senders(()) == ()


def test_an_extension_of_no_octets_is_not_absent():
    assert find((Extension(ExtensionType(0xF001), b""),), 0xF001) == b""


def test_two_extensions_of_one_type_are_malformed():
    octets = encode(GENUINE[:1], Extensions)
    body = octets[1:]
    assert decode(Extensions, bytes([len(body)]) + body) == GENUINE[:1]
    with pytest.raises(MalformedError, match=r"\(RFC 9420 section 13\.4\)$"):
        decode(Extensions, bytes([2 * len(body)]) + 2 * body)


@pytest.mark.parametrize("grease", GREASE_VALUES)
def test_grease_survives(grease):
    extensions = (Extension(ExtensionType(grease), b"any"),)
    assert decode(Extensions, encode(extensions, Extensions)) == extensions


@pytest.mark.parametrize("read", [required_capabilities, external_senders])
def test_octets_behind_the_contents_are_malformed(read):
    longer = tuple(Extension(one.extension_type, one.extension_data + b"\0") for one in GENUINE)
    read(GENUINE)
    with pytest.raises(MalformedError):
        read(longer)
