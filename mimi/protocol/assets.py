"""Downloading assets through the hub (section 5.10).

A hub fetches for its peers what is at their asset servers, and nothing else: it must not become a
proxy to all the world. Nothing is fetched here.
"""

import re
from collections.abc import Collection, Iterable, Iterator

import attrs

from mimi.identity import Domain, IdentifierError
from mimi.policy.structures import AssetPolicy, ProviderAssetUploadDomains
from mimi.protocol.errors import AssetDomainError, DownloadPortError, DownloadUrlError

HTTPS_PORT = 443

_URL = re.compile(
    r"https://"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\.?"
    r"(?::(?P<port>[0-9]{0,5}))?"
    r"(?:[/?][!$&-;=?-Z_a-z~\[\]%]*)?",
    re.IGNORECASE | re.ASCII,
)
"""A URL of RFC 3986 whose host is a name. There is no user information, since readers disagree on
where it ends; and no fragment, which is no server's business."""


@attrs.frozen
class Download:
    """What a hub may fetch.

    Attributes:
        url: The whole URL.
        host: The domain of its host.
    """

    url: str
    host: Domain


def asset_domains(policies: Iterable[AssetPolicy]) -> frozenset[Domain]:
    """Return the domains of the asset servers that the policies of rooms name.

    Raises:
        DownloadUrlError: One is no domain; the rules of `mimi.policy` would have refused it.
    """
    listed = (each for policy in policies for each in policy.upload_domains)
    return frozenset(name for each in listed for name in _named(each))


def _named(listed: ProviderAssetUploadDomains) -> Iterator[Domain]:
    for name in listed.asset_upload_destinations:
        try:
            yield Domain(name.decode("ascii"))
        except (UnicodeDecodeError, IdentifierError) as error:
            raise DownloadUrlError(f"{name!r} is no domain", domain=name) from error


def peer_domains(policy: AssetPolicy, providers: Collection[Domain]) -> frozenset[Domain]:
    """Return the domains of the asset servers that a policy names for providers and are theirs.

    A provider stands for its own domain and for those below it. For others the policy proves
    nothing: who may change that of one room would else open the hub to every host.

    Args:
        policy: The policy of a room.
        providers: Who takes part in the room, and its hub.

    Raises:
        DownloadUrlError: One is no domain; see `asset_domains`.
    """
    found = set[Domain]()
    for listed in policy.upload_domains:
        above = listed.provider.decode("ascii", "replace")
        if any(str(each) == above for each in providers):
            found |= {name for name in _named(listed) if f".{name}".endswith(f".{above}")}
    return frozenset(found)


def host_of(url: str) -> Domain:
    """Return the host of what a peer asks for.

    Raises:
        DownloadUrlError: It is no URL with the scheme https and a host name.
    """
    return _located(url)[0]


def check_download(
    url: str, domains: Collection[Domain], ports: Collection[int] = (HTTPS_PORT,)
) -> Download:
    """Check that a hub may fetch what a peer asks for.

    A domain does not stand for those below it.

    Args:
        url: The parameter of the request.
        domains: Those of the asset servers of all peers.
        ports: At which ports there may be asset servers.

    Raises:
        DownloadUrlError: It is no URL with the scheme https and a host name.
        DownloadPortError: It is at another port.
        AssetDomainError: It is at another domain.
    """
    host, port = _located(url)
    if port not in ports:
        raise DownloadPortError(f"port {port}", port=port)
    if host not in domains:
        raise AssetDomainError(f"{host} is no asset server of a peer", domain=str(host))
    return Download(url, host)


def _located(url: str) -> tuple[Domain, int]:
    found = _URL.fullmatch(url)
    if found is None:
        raise DownloadUrlError("no https URL with a host name")
    try:
        host = Domain(found["host"])
    except IdentifierError as error:
        raise DownloadUrlError(f"no host name: {error}") from error
    return host, int(found["port"] or HTTPS_PORT)
