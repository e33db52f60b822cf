"""Everything that is encoded by itself: what documentation and tools walk over."""

from typing import Any

from mimi.protocol import (
    abuse,
    consent,
    fanout,
    franking,
    groupinfo,
    identifiers,
    keys,
    pseudonyms,
    submit,
    update,
)

STRUCTURES: dict[str, Any] = {
    "draft-ietf-mimi-protocol-06, sections 5.2 and 5.3": (
        keys.KeyMaterialRequestTBS,
        keys.KeyMaterialRequest,
        keys.KeyMaterialResponse,
        update.UpdateRequest,
        update.UpdateRoomResponse,
    ),
    "draft-ietf-mimi-protocol-06, sections 5.4 and 5.5": (
        submit.SubmitMessageRequest,
        submit.SubmitMessageResponse,
        franking.FrankAAD,
        franking.FrankingAgentData,
        franking.FrankingIntegrityTBS,
        fanout.FanoutMessage,
    ),
    "draft-ietf-mimi-protocol-06, section 5.6": (
        groupinfo.GroupInfoRequestTBS,
        groupinfo.GroupInfoRequest,
        groupinfo.GroupInfoRatchetTreeTBE,
        groupinfo.GroupInfoResponseTBS,
        groupinfo.GroupInfoResponse,
    ),
    "draft-ietf-mimi-protocol-06, sections 5.7 to 5.9": (
        consent.ConsentEntry,
        consent.ConsentScope,
        identifiers.IdentifierRequest,
        identifiers.IdentifierResponse,
        abuse.AbuseReport,
    ),
    "draft-ietf-mimi-protocol-06, section 6": (
        pseudonyms.PseudonymousCredentialTBS,
        pseudonyms.PseudonymousCredential,
        pseudonyms.IdentityLinkTBE,
    ),
}
"""From sections to their outermost structures, choices and aliases."""
