"""What providers say to each other: draft-ietf-mimi-protocol-06, without I/O.

One module for each endpoint has the structures of its bodies, what a receiver checks of them, and
their signatures and encryptions::

    keys         keyMaterial                 groupinfo    groupInfo
    update       update                      consent      requestConsent, updateConsent
    submit       submitMessage               identifiers  identifierQuery
    fanout       notify                      abuse        reportAbuse
    franking     the hub's stamp             assets       proxyDownload
    directory    where all of them are       pseudonyms   credentials that hide who somebody is

`mimi.protocol.http` carries them, as values for any HTTP client and server::

    request = request_to(directory, Endpoint.UPDATE, room, update, source=ours, target=hub)
    send(request.method, request.url, request.headers, request.body)
    ...
    received = read_request(listener, method, target, headers, body, authenticated=domains)
    update = received.content()                       # errors: `refuse(error)` is the response
    respond(received.endpoint, update_accepted(timestamp))

Octets are decoded first (`MalformedError`), then checked (`BodyError`): ``check_...`` and
``verify_...`` say all that can be said without the room's state.

The machines say what a provider does about it, each as a value and a step::

    Hub, HubRoom    rooms that are hosted       KeyStore     key packages of one's users
    FollowerRoom    rooms that one's users      Consents     who may fetch them
                    are in                      Provider     all of it: docs/integration.md

    step = provider.handle(state, method, target, headers, body, authenticated=domains, now=now)
    store(step.state); answer(step.response); then step.effects
"""

from mimi.policy.structures import FRANKING_AGENT as FRANKING_AGENT
from mimi.protocol.abuse import AbuseReport as AbuseReport
from mimi.protocol.abuse import AbuseType as AbuseType
from mimi.protocol.abuse import AbusiveMessage as AbusiveMessage
from mimi.protocol.abuse import check_report as check_report
from mimi.protocol.abuse import verify_abusive_message as verify_abusive_message
from mimi.protocol.assets import Download as Download
from mimi.protocol.assets import asset_domains as asset_domains
from mimi.protocol.assets import check_download as check_download
from mimi.protocol.consent import ConsentEntry as ConsentEntry
from mimi.protocol.consent import ConsentOperation as ConsentOperation
from mimi.protocol.consent import ConsentScope as ConsentScope
from mimi.protocol.consent import check_consent as check_consent
from mimi.protocol.consent import check_granted as check_granted
from mimi.protocol.consent_pairs import Consent as Consent
from mimi.protocol.consents import ConsentNotice as ConsentNotice
from mimi.protocol.consents import Consents as Consents
from mimi.protocol.consents import EntryDropped as EntryDropped
from mimi.protocol.consents import Peering as Peering
from mimi.protocol.consents import consent_entry as consent_entry
from mimi.protocol.deliveries import Deliver as Deliver
from mimi.protocol.deliveries import Limits as Limits
from mimi.protocol.deliveries import Resync as Resync
from mimi.protocol.deliveries import Unrouted as Unrouted
from mimi.protocol.directory import Directory as Directory
from mimi.protocol.directory import Endpoint as Endpoint
from mimi.protocol.directory import Template as Template
from mimi.protocol.directory import directory_url as directory_url
from mimi.protocol.endpoints import FORMS as FORMS
from mimi.protocol.endpoints import Form as Form
from mimi.protocol.errors import BodyError as BodyError
from mimi.protocol.errors import FrankError as FrankError
from mimi.protocol.errors import HubError as HubError
from mimi.protocol.fanout import ApplicationFanout as ApplicationFanout
from mimi.protocol.fanout import CommitFanout as CommitFanout
from mimi.protocol.fanout import FanoutMessage as FanoutMessage
from mimi.protocol.fanout import ProposalFanout as ProposalFanout
from mimi.protocol.fanout import WelcomeFanout as WelcomeFanout
from mimi.protocol.fanout import check_fanout as check_fanout
from mimi.protocol.fanout import fanout_of_message as fanout_of_message
from mimi.protocol.fanout import fanout_of_update as fanout_of_update
from mimi.protocol.fanout import fanout_of_welcome as fanout_of_welcome
from mimi.protocol.fanout import notify_body as notify_body
from mimi.protocol.fanout import read_notify as read_notify
from mimi.protocol.follower import FollowerRoom as FollowerRoom
from mimi.protocol.follower_notify import notify as notify
from mimi.protocol.forwarding import Forwarding as Forwarding
from mimi.protocol.franking import FRANK_AAD as FRANK_AAD
from mimi.protocol.franking import FrankAAD as FrankAAD
from mimi.protocol.franking import FrankedMessage as FrankedMessage
from mimi.protocol.franking import FrankingAgent as FrankingAgent
from mimi.protocol.franking import FrankingAgentData as FrankingAgentData
from mimi.protocol.franking import FrankingIntegrityTBS as FrankingIntegrityTBS
from mimi.protocol.franking import ServerFrankingContext as ServerFrankingContext
from mimi.protocol.franking import check_franking_agent as check_franking_agent
from mimi.protocol.franking import frank as frank
from mimi.protocol.franking import frank_aad as frank_aad
from mimi.protocol.franking import franking_agent as franking_agent
from mimi.protocol.franking import franking_tag as franking_tag
from mimi.protocol.franking import franking_tag_of as franking_tag_of
from mimi.protocol.franking import server_frank as server_frank
from mimi.protocol.franking import verify_frank as verify_frank
from mimi.protocol.franking import verify_received as verify_received
from mimi.protocol.groupinfo import GroupInfoCode as GroupInfoCode
from mimi.protocol.groupinfo import GroupInfoNoSuchRoom as GroupInfoNoSuchRoom
from mimi.protocol.groupinfo import GroupInfoNotAuthorized as GroupInfoNotAuthorized
from mimi.protocol.groupinfo import GroupInfoRatchetTreeTBE as GroupInfoRatchetTreeTBE
from mimi.protocol.groupinfo import GroupInfoRequest as GroupInfoRequest
from mimi.protocol.groupinfo import GroupInfoRequestTBS as GroupInfoRequestTBS
from mimi.protocol.groupinfo import GroupInfoResponse as GroupInfoResponse
from mimi.protocol.groupinfo import PendingProposal as PendingProposal
from mimi.protocol.groupinfo import SealedGroupInfo as SealedGroupInfo
from mimi.protocol.groupinfo import check_group_info_request as check_group_info_request
from mimi.protocol.groupinfo import open_group_info as open_group_info
from mimi.protocol.groupinfo import seal_group_info as seal_group_info
from mimi.protocol.groupinfo import sign_group_info_request as sign_group_info_request
from mimi.protocol.hosting import Envelope as Envelope
from mimi.protocol.hosting import FixedRooms as FixedRooms
from mimi.protocol.hosting import Hosting as Hosting
from mimi.protocol.http import MOST_OCTETS as MOST_OCTETS
from mimi.protocol.http import Answered as Answered
from mimi.protocol.http import HttpRequest as HttpRequest
from mimi.protocol.http import HttpResponse as HttpResponse
from mimi.protocol.http import Listener as Listener
from mimi.protocol.http import Received as Received
from mimi.protocol.http import Refused as Refused
from mimi.protocol.http import asset_response as asset_response
from mimi.protocol.http import directory_request as directory_request
from mimi.protocol.http import directory_response as directory_response
from mimi.protocol.http import read_directory as read_directory
from mimi.protocol.http import read_request as read_request
from mimi.protocol.http import read_response as read_response
from mimi.protocol.http import refusal as refusal
from mimi.protocol.http import refuse as refuse
from mimi.protocol.http import request_to as request_to
from mimi.protocol.http import respond as respond
from mimi.protocol.http_errors import HttpError as HttpError
from mimi.protocol.http_errors import Method as Method
from mimi.protocol.http_errors import Status as Status
from mimi.protocol.hub import Hub as Hub
from mimi.protocol.identifiers import FieldSource as FieldSource
from mimi.protocol.identifiers import IdentifierQueryCode as IdentifierQueryCode
from mimi.protocol.identifiers import IdentifierRequest as IdentifierRequest
from mimi.protocol.identifiers import IdentifierResponse as IdentifierResponse
from mimi.protocol.identifiers import ProfileField as ProfileField
from mimi.protocol.identifiers import QueryElement as QueryElement
from mimi.protocol.identifiers import SearchIdentifierType as SearchIdentifierType
from mimi.protocol.identifiers import UserProfile as UserProfile
from mimi.protocol.identifiers import check_identifier_request as check_identifier_request
from mimi.protocol.identifiers import check_identifier_response as check_identifier_response
from mimi.protocol.keys import ClientKeyMaterial as ClientKeyMaterial
from mimi.protocol.keys import KeyMaterialClientCode as KeyMaterialClientCode
from mimi.protocol.keys import KeyMaterialRequest as KeyMaterialRequest
from mimi.protocol.keys import KeyMaterialRequestTBS as KeyMaterialRequestTBS
from mimi.protocol.keys import KeyMaterialResponse as KeyMaterialResponse
from mimi.protocol.keys import KeyMaterialUserCode as KeyMaterialUserCode
from mimi.protocol.keys import check_key_material_request as check_key_material_request
from mimi.protocol.keys import check_key_material_response as check_key_material_response
from mimi.protocol.keys import check_key_package as check_key_package
from mimi.protocol.keys import incompatible_protocol as incompatible_protocol
from mimi.protocol.keys import sign_key_material_request as sign_key_material_request
from mimi.protocol.keys import suits as suits
from mimi.protocol.keystore import Discretion as Discretion
from mimi.protocol.keystore import KeyStore as KeyStore
from mimi.protocol.message import MessageKind as MessageKind
from mimi.protocol.message import content_kind as content_kind
from mimi.protocol.outbox import Line as Line
from mimi.protocol.protocol import IdentifierUri as IdentifierUri
from mimi.protocol.protocol import Protocol as Protocol
from mimi.protocol.protocol import ProviderOf as ProviderOf
from mimi.protocol.provider import Provider as Provider
from mimi.protocol.provider_rows import Scope as Scope
from mimi.protocol.provider_rows import load_provider as load_provider
from mimi.protocol.provider_rows import open_provider as open_provider
from mimi.protocol.provider_rows import part_of as part_of
from mimi.protocol.provider_rows import prefixes as prefixes
from mimi.protocol.provider_rows import provider_changes as provider_changes
from mimi.protocol.provider_rows import save_provider as save_provider
from mimi.protocol.provider_rows import with_dependents as with_dependents
from mimi.protocol.provider_scope import scope_of_answer as scope_of_answer
from mimi.protocol.provider_scope import scope_of_call as scope_of_call
from mimi.protocol.provider_scope import scope_of_request as scope_of_request
from mimi.protocol.provider_state import Answer as Answer
from mimi.protocol.provider_state import Call as Call
from mimi.protocol.provider_state import ClaimGroupInfo as ClaimGroupInfo
from mimi.protocol.provider_state import ClaimKeys as ClaimKeys
from mimi.protocol.provider_state import ConsentOf as ConsentOf
from mimi.protocol.provider_state import CreateRoom as CreateRoom
from mimi.protocol.provider_state import DecideConsent as DecideConsent
from mimi.protocol.provider_state import Fetch as Fetch
from mimi.protocol.provider_state import FetchAsset as FetchAsset
from mimi.protocol.provider_state import FindUser as FindUser
from mimi.protocol.provider_state import OfferKeys as OfferKeys
from mimi.protocol.provider_state import Profiles as Profiles
from mimi.protocol.provider_state import ProviderEffect as ProviderEffect
from mimi.protocol.provider_state import ProviderState as ProviderState
from mimi.protocol.provider_state import ProviderStep as ProviderStep
from mimi.protocol.provider_state import Reply as Reply
from mimi.protocol.provider_state import ReportAbuse as ReportAbuse
from mimi.protocol.provider_state import Reported as Reported
from mimi.protocol.provider_state import SendHttp as SendHttp
from mimi.protocol.provider_state import Session as Session
from mimi.protocol.provider_state import Stuck as Stuck
from mimi.protocol.provider_state import SubmitMessage as SubmitMessage
from mimi.protocol.provider_state import Then as Then
from mimi.protocol.provider_state import UpdateRoom as UpdateRoom
from mimi.protocol.provider_state import Vouching as Vouching
from mimi.protocol.pseudonyms import IdentityLinkTBE as IdentityLinkTBE
from mimi.protocol.pseudonyms import PseudonymousCredential as PseudonymousCredential
from mimi.protocol.pseudonyms import PseudonymousCredentialTBS as PseudonymousCredentialTBS
from mimi.protocol.pseudonyms import check_pseudonyms as check_pseudonyms
from mimi.protocol.pseudonyms import link_identity as link_identity
from mimi.protocol.pseudonyms import random_uuid as random_uuid
from mimi.protocol.pseudonyms import user_of_pseudonymous as user_of_pseudonymous
from mimi.protocol.pseudonyms import verify_identity_link as verify_identity_link
from mimi.protocol.retry import retry_after as retry_after
from mimi.protocol.retry import retry_in as retry_in
from mimi.protocol.room import Cascade as Cascade
from mimi.protocol.room import Closed as Closed
from mimi.protocol.room import HubRoom as HubRoom
from mimi.protocol.room import HubStep as HubStep
from mimi.protocol.room import Notify as Notify
from mimi.protocol.submit import Frank as Frank
from mimi.protocol.submit import SubmitAccepted as SubmitAccepted
from mimi.protocol.submit import SubmitEpochTooOld as SubmitEpochTooOld
from mimi.protocol.submit import SubmitMessageRequest as SubmitMessageRequest
from mimi.protocol.submit import SubmitMessageResponse as SubmitMessageResponse
from mimi.protocol.submit import SubmitNotAllowed as SubmitNotAllowed
from mimi.protocol.submit import SubmitResponseCode as SubmitResponseCode
from mimi.protocol.submit import check_submit_request as check_submit_request
from mimi.protocol.update import CommitBundle as CommitBundle
from mimi.protocol.update import FullGroupInfo as FullGroupInfo
from mimi.protocol.update import GroupInfoOption as GroupInfoOption
from mimi.protocol.update import HandshakeBundle as HandshakeBundle
from mimi.protocol.update import PartialGroupInfoOption as PartialGroupInfoOption
from mimi.protocol.update import ProposalBundle as ProposalBundle
from mimi.protocol.update import UpdateAccepted as UpdateAccepted
from mimi.protocol.update import UpdateInvalidProposals as UpdateInvalidProposals
from mimi.protocol.update import UpdateRequest as UpdateRequest
from mimi.protocol.update import UpdateResponseCode as UpdateResponseCode
from mimi.protocol.update import UpdateRoomResponse as UpdateRoomResponse
from mimi.protocol.update import UpdateWrongEpoch as UpdateWrongEpoch
from mimi.protocol.update import check_update_request as check_update_request
from mimi.protocol.update import check_update_response as check_update_response
from mimi.protocol.update import invalid_proposals as invalid_proposals
from mimi.protocol.update import not_allowed as not_allowed
from mimi.protocol.update import update_accepted as update_accepted
from mimi.protocol.update import update_request as update_request
from mimi.protocol.update import wrong_epoch as wrong_epoch
