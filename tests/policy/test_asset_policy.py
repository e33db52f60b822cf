"""Which files may come with a message, where they are kept, and who may fetch them."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.sent import (
    ALICE,
    ALL,
    BOB,
    DIRECT,
    FORBIDDEN,
    HUB_PROXY,
    IMAGE,
    OHTTP,
    REQUIRED,
    STRANGER,
    C,
    expiring,
    message,
    room,
    rules,
    without,
)

from mimi.mls import MediaType, Parameter
from mimi.policy.capability import Capability
from mimi.policy.facts import (
    Act,
    AssetFacts,
    AssetKind,
    MessageRule,
    Topic,
)
from mimi.policy.messages import (
    DOWNLOADS,
    UPLOADS,
    judge_download,
    judge_receiving,
    judge_sending,
    permissions_of,
)
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    DownloadPrivacy,
    DownloadPrivacyType,
    MessageExpiration,
    ProviderAssetUploadDomains,
)

# Assets (sections 6.4 and 8.4)

PNG, GIF = MediaType(b"image/png"), MediaType(b"image/gif")
GFM = MediaType(b"text/markdown", (Parameter(b"variant", b"GFM"),))
FORBIDS, PERMITS_NOT = [MessageRule.MEDIA_TYPE_FORBIDDEN], [MessageRule.MEDIA_TYPE_NOT_PERMITTED]
ASSETS = AssetPolicy(
    AssetUploadLocation.UNSPECIFIED,
    (),
    DownloadPrivacy((DIRECT, OHTTP), (HUB_PROXY,), OHTTP),
    *(10, 20, 30, 40),
)


def assets(**changes: Any) -> AssetPolicy:
    return attrs.evolve(ASSETS, **changes)


def file(kind: AssetKind, **facts: Any) -> AssetFacts:
    name = "text" if kind is AssetKind.ATTACHMENT else kind.value
    return AssetFacts(f"{name}/x", **facts)


@pytest.mark.parametrize(("kind", "most"), list(zip(AssetKind, (10, 20, 30, 40), strict=True)))
def test_sizes(kind: AssetKind, most: int) -> None:
    here = room(ASSETS)
    for size in (None, 0, most):
        assert judge_sending(here, message(assets=(file(kind, size=size),))).is_allowed
        assert judge_download(here, BOB, file(kind, size=size)).is_allowed
    large = file(kind, size=most + 1)
    (refusal,) = judge_sending(here, message(assets=(file(kind), large))).refusals
    assert (refusal.rule, refusal.bound, refusal.asset) == (MessageRule.MAX_SIZE, most, 1)
    (refusal,) = judge_download(here, BOB, large).refusals
    assert (refusal.rule, refusal.bound, refusal.user) == (MessageRule.MAX_SIZE, most, BOB)


@pytest.mark.parametrize("kind", AssetKind)
def test_downloads_need_the_capability_of_the_kind(kind: AssetKind) -> None:
    facts = message(assets=(file(kind), file(kind)))
    assert all(each.is_allowed for each in judge_receiving(room(), facts, BOB).downloads)
    reception = judge_receiving(room(bob=without(DOWNLOADS[kind])), facts, BOB)
    assert reception.decision.is_allowed
    found = [[each.capability for each in one.refusals] for one in reception.downloads]
    assert found == [[DOWNLOADS[kind]]] * 2
    assert judge_download(room(bob=(DOWNLOADS[kind],)), BOB, file(kind)).is_allowed
    assert judge_sending(room(alice=(UPLOADS[kind], C.CAN_SEND_MESSAGE)), facts).is_allowed


def test_ways_to_download() -> None:
    here = room(assets(download_privacy=DownloadPrivacy((DIRECT,), (OHTTP,), DIRECT)))
    found = {how: rules(judge_download(here, BOB, IMAGE, how)) for how in DownloadPrivacyType}
    refused = [MessageRule.DOWNLOAD_TYPE]
    assert found == {DIRECT: [], HUB_PROXY: refused, OHTTP: refused}
    permissions = permissions_of(here, BOB)
    assert permissions.download_types == (DIRECT,)
    assert permissions.default_download_type is DIRECT
    assert judge_download(room(), BOB, IMAGE, OHTTP).is_allowed


@pytest.mark.parametrize(
    ("forbidden", "permitted", "media_type", "refused"),
    [
        ((PNG,), None, "image/png", FORBIDS),
        ((PNG,), None, "image/png;a=b", FORBIDS),
        ((PNG,), None, "image/gif", []),
        ((GFM,), None, "text/markdown;variant=CommonMark", []),
        ((GFM,), None, "text/markdown;variant=gfm", FORBIDS),
        ((), (PNG,), "IMAGE/PNG", []),
        ((), (PNG,), "image/gif", PERMITS_NOT),
        ((), (GFM,), "text/markdown", PERMITS_NOT),
        ((), (), "image/png", PERMITS_NOT),
        ((PNG,), (PNG, GIF), "image/png", FORBIDS),
        ((PNG,), (GIF,), "image/png", [*FORBIDS, *PERMITS_NOT]),
        ((PNG,), None, "image", []),
        ((), (PNG,), "image", PERMITS_NOT),
    ],
)  # fmt: skip
def test_media_types(
    forbidden: tuple[MediaType, ...],
    permitted: tuple[MediaType, ...] | None,
    media_type: str,
    refused: list[MessageRule],
) -> None:
    here = room(assets(forbidden_media_types=forbidden, permitted_media_types=permitted))
    assert rules(judge_sending(here, message(assets=(AssetFacts(media_type),)))) == refused
    assert rules(judge_sending(here, message(media_types=(media_type,)))) == refused
    assert rules(judge_download(here, BOB, AssetFacts(media_type))) == refused


def kept(provider: bytes, *domains: bytes) -> ProviderAssetUploadDomains:
    return ProviderAssetUploadDomains(provider, domains)


LISTED = (kept(b"a.example", b"cdn.example", b"a.example"), kept(b"b.example", b"b.example"))
LOCAL = assets(asset_upload_location=AssetUploadLocation.LOCAL_PROVIDER, upload_domains=LISTED)
HUB = assets(
    asset_upload_location=AssetUploadLocation.HUB,
    upload_domains=(kept(b"hub.example", b"files.hub.example"),),
)


@pytest.mark.parametrize(
    ("policy", "sender", "host", "is_allowed"),
    [
        (LOCAL, ALICE, "cdn.example", True),
        (LOCAL, ALICE, "CDN.example", True),
        (LOCAL, ALICE, None, True),
        (LOCAL, ALICE, "b.example", False),
        (LOCAL, ALICE, "x.cdn.example", False),
        (LOCAL, ALICE, "192.0.2.1", False),
        (LOCAL, ALICE, "", False),
        (LOCAL, BOB, "b.example", True),
        (LOCAL, BOB, "cdn.example", False),
        (HUB, ALICE, "files.hub.example", True),
        (HUB, BOB, "files.hub.example", True),
        (HUB, BOB, "hub.example", False),
        (ASSETS, ALICE, "192.0.2.1", True),
    ],
)
def test_where_assets_are_kept(
    policy: AssetPolicy, sender: bytes, host: str | None, is_allowed: bool
) -> None:
    facts = message(sender=sender, assets=(AssetFacts("image/png", host=host),))
    decision = judge_sending(room(policy), facts)
    assert rules(decision) == ([] if is_allowed else [MessageRule.UPLOAD_DOMAIN])
    assert judge_receiving(room(policy), facts, BOB).decision == decision


@pytest.mark.parametrize("sender", [b"", b"\xff", b"alice", STRANGER])
def test_the_assets_of_who_has_no_provider_here_are_nowhere(sender: bytes) -> None:
    facts = message(sender=sender, assets=(AssetFacts("image/png", host="a.example"),))
    assert rules(judge_sending(room(LOCAL), facts))[-1] is MessageRule.UPLOAD_DOMAIN


# Sending and receiving


@given(
    act=st.sampled_from(Act),
    topic=st.sampled_from(Topic),
    capabilities=st.frozensets(st.sampled_from(ALL)),
    expiry=st.none() | st.integers(0, 30),
    said=st.sampled_from((expiring(REQUIRED, 10, 20), expiring(FORBIDDEN))),
    host=st.sampled_from((None, "a.example", "b.example")),
)
def test_who_sends_and_who_receives_come_to_one_answer(
    act: Act,
    topic: Topic,
    capabilities: frozenset[Capability],
    expiry: int | None,
    said: MessageExpiration,
    host: str | None,
) -> None:
    here = room(LOCAL, said, alice=tuple(capabilities))
    asset = AssetFacts("image/png", size=11, host=host)
    facts = message(act=act, topic=topic, expiry=expiry, assets=(asset,))
    sent = judge_sending(here, facts)
    assert judge_receiving(here, facts, BOB).decision == sent
    assert MessageRule.MAX_SIZE in sent.rules
    more = judge_sending(room(LOCAL, said), facts)
    assert set(more.refusals) <= set(sent.refusals)
