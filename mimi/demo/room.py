"""The room of the demonstration: cooperative, and with rules for assets."""

from typing import Any

from mimi.identity import RoomUri
from mimi.policy.presets.cooperative import COOPERATIVE
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    DownloadPrivacy,
    DownloadPrivacyType,
    ProviderAssetUploadDomains,
    RoomMetaData,
)

ASSETS = "assets."
"""What stands before a provider's domain in the name of its server for assets."""
PROVIDERS = ("a.example", "b.example", "c.example")
MOST_OCTETS = 1 << 20
"""How long an asset may be."""


def components(uri: RoomUri) -> tuple[Any, ...]:
    """Return what the components of the room say."""
    assets = AssetPolicy(
        AssetUploadLocation.LOCAL_PROVIDER,
        tuple(
            ProviderAssetUploadDomains(each.encode(), (f"{ASSETS}{each}".encode(),))
            for each in PROVIDERS
        ),
        DownloadPrivacy((DownloadPrivacyType.HUB_PROXY,), (), DownloadPrivacyType.HUB_PROXY),
        MOST_OCTETS,
        MOST_OCTETS,
        MOST_OCTETS,
        MOST_OCTETS,
    )
    metadata = RoomMetaData(str(uri).encode(), b"Clubhouse")
    return tuple(COOPERATIVE.having(metadata, assets).components())
