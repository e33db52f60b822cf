"""What providers do for each other beside rooms: people, consent, key packages, abuse, assets."""

from mimi import content
from mimi.client import Change, DeviceRoom
from mimi.codec import encode
from mimi.content import attachment
from mimi.crypto import SeededEntropy, Suite
from mimi.identity import RoomUri
from mimi.policy.presets.moderated import (
    ATTENDEE,
    MODERATED,
    MODERATOR,
    POLICY_ENFORCER,
    SPEAKER,
)
from mimi.policy.propose import list_update
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    BaseRoomPolicy,
    DownloadPrivacy,
    DownloadPrivacyType,
    ProviderAssetUploadDomains,
    RoomMetaData,
)
from mimi.protocol.consent import ConsentOperation, ConsentScope
from mimi.protocol.identifiers import (
    FieldSource,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    ProfileField,
    QueryElement,
    SearchIdentifierType,
    UserProfile,
)
from mimi.vectors.generate.transcript_town import Profile, Town
from mimi.vectors.generate.written import Vector

PARENT = RoomUri.parse("mimi://a.example/r/library")
CHILD = RoomUri.parse("mimi://a.example/r/reading-group")
ANA, BO, CY, DAN = (
    b"mimi://a.example/u/ana",
    b"mimi://b.example/u/bo",
    b"mimi://c.example/u/cy",
    b"mimi://d.example/u/dan",
)
EVE, NOBODY = b"mimi://d.example/u/eve", b"mimi://d.example/u/nobody"
HUB = b"mimi://a.example"
CODE = b"mimi://a.example/r/library?code=4f8e1c"
MOST_OCTETS = 1 << 16


def _query(handle: bytes) -> IdentifierRequest:
    element = QueryElement(SearchIdentifierType.HANDLE, None, handle)
    return IdentifierRequest((element,))


FOUND = IdentifierResponse(
    IdentifierQueryCode.SUCCESS,
    found_profiles=(
        UserProfile(BO, (ProfileField(FieldSource.VCARD_FIELD, b"FN", b"Bo Bookworm"),)),
    ),
)


def services(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Return what happens in and around the library."""
    domains = {"a.example": True, "b.example": False, "c.example": False, "d.example": True}
    profiles = {"b.example": (Profile(encode(_query(b"bookworm")), encode(FOUND)),)}
    town = Town(suite, entropy, domains, "a.example", profiles)
    town.buy("ana/phone@a.example", "cy/phone@c.example", "dan/phone@d.example")
    town.buy("bo/phone@b.example", count=1)
    town.buy("bo/laptop@b.example", count=1, last_resort=False)
    town.buy("eve/phone@d.example", count=0, last_resort=False)
    for act in (_find, _found, _ask, _bring, _refuse, _code, _report, _fetch, _cross, _part):
        act(town)
    return town.vector(
        "Somebody is found by a handle, and nobody by another; key packages without consent, with"
        " it, for some devices alone and of last resort, and none at all; consent that is"
        " cancelled, and one that is revoked; group info refused, and granted for a joining code; a"
        " report of abuse with a message that was sent and one that was not; assets through the"
        " hub; somebody leaves while a device joins by a commit, which takes that along, and the"
        " hub proposes the rest of it beside; who is taken out of a room has to leave the one that"
        " depends on it; and a room that closes when nobody is left."
    )


def _find(town: Town) -> None:
    ana = town.phone("ana/phone")
    town.do(ana.finds("b.example", _query(b"bookworm")))
    town.do(ana.finds("b.example", _query(b"bookwyrm")))


def _found(town: Town) -> None:
    ana = town.phone("ana/phone")
    assets = AssetPolicy(
        AssetUploadLocation.LOCAL_PROVIDER,
        tuple(
            ProviderAssetUploadDomains(each.encode(), (f"assets.{each}".encode(),))
            for each in town.stations
        ),
        DownloadPrivacy((DownloadPrivacyType.HUB_PROXY,), (), DownloadPrivacyType.HUB_PROXY),
        MOST_OCTETS,
        MOST_OCTETS,
        MOST_OCTETS,
        MOST_OCTETS,
    )
    metadata = RoomMetaData(str(PARENT).encode(), b"Library")
    components = MODERATED.having(metadata, assets).components()
    participants = {ANA: MODERATOR, HUB: POLICY_ENFORCER}
    town.do(ana.founds(PARENT, components, participants, town.hub, town.now))


def _ask(town: Town) -> None:
    """Bo is asked before his key packages are given out."""
    ana, bo = town.phone("ana/phone"), town.phone("bo/phone")
    scope = ConsentScope(ANA, BO, str(PARENT).encode())
    town.do(ana.asks_keys(PARENT, BO))
    town.do(ana.consents(ConsentOperation.REQUEST, scope))
    town.do(bo.consents(ConsentOperation.GRANT, scope))


def _bring(town: Town) -> None:
    """His devices have one key package each; the second time one has none, the third neither."""
    ana = town.phone("ana/phone")
    town.do(ana.asks_keys(PARENT, BO))
    town.do(ana.adds(PARENT, BO, role=SPEAKER))
    town.do(ana.says(PARENT, town.text("Hush"), town.now))


def _refuse(town: Town) -> None:
    """What Ana asks of Cy she takes back; what Cy has granted he takes back.

    Eve's device has offered no key package, and somebody is no user at all.
    """
    ana, cy = town.phone("ana/phone"), town.phone("cy/phone")
    scope = ConsentScope(ANA, CY)
    town.do(ana.consents(ConsentOperation.REQUEST, scope))
    town.do(ana.consents(ConsentOperation.CANCEL, scope))
    town.do(ana.consents(ConsentOperation.REQUEST, scope))
    town.do(cy.consents(ConsentOperation.GRANT, scope))
    town.do(cy.consents(ConsentOperation.REVOKE, scope))
    town.do(ana.asks_keys(PARENT, CY))
    town.do(ana.asks_keys(PARENT, EVE))
    town.do(ana.asks_keys(PARENT, NOBODY))


def _code(town: Town) -> None:
    ana, dan = town.phone("ana/phone"), town.phone("dan/phone")
    town.do(dan.asks(PARENT))
    town.do(ana.does(PARENT, lambda room: room.change_links(add=[CODE], now=town.now), town.now))
    town.do(dan.asks(PARENT, CODE + b"0"))
    town.do(dan.asks(PARENT, CODE, ATTENDEE))


def _report(town: Town) -> None:
    """Dan reports what Bo has said, and what he has not."""
    bo, dan = town.phone("bo/phone"), town.phone("dan/phone")
    town.do(bo.says(PARENT, town.text("Dan cannot read"), town.now))
    town.do(dan.reports(PARENT, BO, "He insults me", bo.said[-1], forged=b"Dan is a thief"))


def _fetch(town: Town) -> None:
    """Bo sends a file, which Dan gets through the hub; from elsewhere he does not."""
    bo, dan = town.phone("bo/phone"), town.phone("dan/phone")
    url, drawn = "https://assets.b.example/page-1", town.entropy.fork(b"page 1")
    part, octets = attachment.encrypt(
        b"Call me Ishmael.", url=url, content_type="text/plain", filename="page 1", entropy=drawn
    )
    town.assets[url] = octets
    both = content.mixed(content.text_part("Read this"), part)
    message = content.body(both, entropy=drawn)
    town.do(bo.says(PARENT, message, town.now))
    town.do(dan.fetches(PARENT, url))
    town.do(dan.fetches(PARENT, "https://assets.b.example/page-2"))
    town.do(dan.fetches(PARENT, "https://elsewhere.example/page-1"))


def _cross(town: Town) -> None:
    """Dan leaves; before that is committed, a device joins, whose commit takes his leaf along."""
    ana, dan = town.phone("ana/phone"), town.phone("dan/phone")
    town.do(dan.does(PARENT, lambda room: room.leave(now=town.now), town.now))
    town.buy("ana/laptop@a.example", count=1)
    town.do(town.phone("ana/laptop").asks(PARENT))
    town.do(dan.gone(PARENT))
    town.do(ana.does(PARENT, lambda room: room.commit(now=town.now), town.now))


def _lists(room: DeviceRoom, user: bytes, now: int) -> Change[DeviceRoom]:
    """Return how somebody comes to take part, without a device."""
    return room.commit([list_update(room.policy, add={user: SPEAKER})], now=now)


def _part(town: Town) -> None:
    """Ana and Bo, and not all of the library, read together; he is taken out of it, and so of that.

    When she leaves as well, the group's room is no more.
    """
    ana, bo = town.phone("ana/phone"), town.phone("bo/phone")
    town.do(ana.does(PARENT, lambda room: _lists(room, CY, town.now), town.now))
    base = BaseRoomPolicy(parent_dependant=True, parent_room=(str(PARENT).encode(),))
    metadata = RoomMetaData(str(CHILD).encode(), b"Reading group")
    components = MODERATED.having(metadata, base).components()
    participants = {ANA: MODERATOR, HUB: POLICY_ENFORCER}
    town.do(ana.founds(CHILD, components, participants, town.hub, town.now))
    town.do(ana.asks_keys(CHILD, BO))
    scope = ConsentScope(ANA, BO, str(CHILD).encode())
    town.do(bo.consents(ConsentOperation.GRANT, scope))
    town.do(ana.adds(CHILD, BO, role=SPEAKER))
    town.do(bo.says(CHILD, town.text("Chapter one"), town.now))
    town.do(ana.does(PARENT, lambda room: room.remove([BO], now=town.now), town.now))
    town.do(bo.gone(PARENT))
    town.do(town.phone("ana/laptop").asks(CHILD))
    town.do(ana.does(CHILD, lambda room: room.commit(now=town.now), town.now))
    town.do(bo.gone(CHILD))
    town.do(ana.does(CHILD, lambda room: room.leave(now=town.now), town.now))
    town.do(ana.gone(CHILD), town.phone("ana/laptop").gone(CHILD))
    town.do(ana.asks(CHILD))
