"""What can be wrong between providers: one class for each rule.

Octets that are no structure are a `MalformedError`. What parses and breaks a rule is a `BodyError`;
what is wrong with a request before its body is read has an HTTP status, in
`mimi.protocol.http_errors`.
"""

from mimi.errors import InvalidError, MalformedError, UsageError

PROTOCOL = "draft-ietf-mimi-protocol-06"
ROOM_POLICY = "draft-ietf-mimi-room-policy-03"


class BodyError(InvalidError):
    """The body of a request or a response breaks a rule."""

    rule = f"{PROTOCOL} section 5"


class IncompatibleProtocolError(BodyError):
    """A body is of a protocol that is not spoken here; ``protocol`` is its number."""

    rule = f"{PROTOCOL} section 5"


class IdentifierUriError(BodyError):
    """A URI is none in canonical form, or identifies something else than it should."""

    rule = f"{PROTOCOL} section 5.2"


class TextError(BodyError):
    """What is for people is not UTF-8."""

    rule = f"{PROTOCOL} section 5"


class PathMismatchError(BodyError):
    """Path and body of a request name different users."""

    rule = f"{PROTOCOL} sections 5.2 and 5.7"


class EmbeddedTreeError(BodyError):
    """A group info holds the ratchet tree, which has a place of its own."""

    rule = f"{PROTOCOL} sections 5.3 and 5.6"


class ProviderCredentialError(InvalidError):
    """A credential does not say of which provider it is, or is another provider's."""

    rule = f"{PROTOCOL} sections 5.4.1 and 7.4"


# The directory (section 5.1)


class DirectoryError(MalformedError):
    """A directory document is no JSON object of texts."""

    rule = f"{PROTOCOL} section 5.1"


class DirectorySizeError(DirectoryError):
    """A directory document is longer than any need be."""


class RepeatedNameError(DirectoryError):
    """A directory document has a name twice."""


class TemplateError(DirectoryError):
    """The place of an endpoint is no https URI template with the endpoint's one variable."""


class RepeatedTemplateError(DirectoryError):
    """Two endpoints have the same place."""


class MissingEndpointError(InvalidError):
    """A directory does not have an endpoint: its provider does not offer it."""

    rule = f"{PROTOCOL} section 5.1"


class EndpointParameterError(UsageError):
    """What an endpoint is asked about is not what its place takes."""

    rule = f"{PROTOCOL} section 5.1"


# Key material (section 5.2)


class KeyMaterialError(BodyError):
    """A request for key material, or what answers it, breaks a rule."""

    rule = f"{PROTOCOL} section 5.2"


class NoAcceptableSuiteError(KeyMaterialError):
    """A request for key material accepts no cipher suite."""


class RequesterKeyError(KeyMaterialError):
    """The requester's key is none of a signature scheme of the acceptable cipher suites."""


class RequesterCredentialError(KeyMaterialError):
    """The requester's credential is for another key, or is another user's."""


class KeyMaterialSignatureError(KeyMaterialError):
    """A request for key material is not signed by the requester's key."""


class AnsweredProtocolError(KeyMaterialError):
    """Key material of another protocol than was asked for."""


class AnsweredUserError(KeyMaterialError):
    """Key material of another user than was asked for."""


class PopulatedClientsError(KeyMaterialError):
    """Clients are listed beside a code that says that there are none."""


class ClientStatusError(KeyMaterialError):
    """What is said of the clients contradicts what is said of the user."""


class ClientUriError(KeyMaterialError):
    """A client is not one of the user, or is listed twice."""


class UnsuitableKeyPackageError(KeyMaterialError):
    """A key package is invalid, expired, or not what was asked for; the cause says why."""


class KeyPackageUserError(KeyMaterialError):
    """A key package is of another user."""


class RepeatedKeyPackageError(KeyMaterialError):
    """A key package is given twice."""


# Updates (section 5.3)


class UpdateError(BodyError):
    """A request to update a room, or what answers it, breaks a rule."""

    rule = f"{PROTOCOL} section 5.3"


class HandshakeError(UpdateError):
    """Something else than a proposal or a commit in a PublicMessage or a SemiPrivateMessage."""

    rule = f"{PROTOCOL} sections 5.3, 5.5 and 5.6"


class MoreProposalsError(UpdateError):
    """Further proposals are not of the group and epoch of the first."""

    rule = f"{PROTOCOL} sections 5.3 and 5.5"


class NextGroupInfoError(UpdateError):
    """The group info beside a commit is not of the epoch that the commit opens."""


# Messages (section 5.4)


class SubmissionError(BodyError):
    """A message that is submitted breaks a rule."""

    rule = f"{PROTOCOL} section 5.4"


class NotApplicationError(SubmissionError):
    """Something else than application data in a PrivateMessage."""

    rule = f"{PROTOCOL} sections 5.4 and 5.5"


class ForeignSenderError(SubmissionError):
    """The sender is not of the provider that submits the message."""


class FrankError(InvalidError):
    """A frank, or what it is about, is not what it should be."""

    rule = f"{PROTOCOL} section 5.4.1"


class FrankSuiteError(FrankError):
    """A frank is signed for another cipher suite than the group's."""


class FrankSignatureError(FrankError):
    """A frank is not signed by the hub over this context."""


class FrankingTagError(FrankError):
    """A franking tag is not that of the message."""


class ServerFrankError(FrankError):
    """A server frank is not one that the hub made over this tag and context."""


class FrankedContentError(FrankError):
    """A franked message does not say who sent it to which room; the cause says why."""


class FrankedSenderError(FrankError):
    """A franked message names another sender than the one whose message it is."""


class FrankedRoomError(FrankError):
    """A franked message names another room than the one that it is in."""


class FrankingKeyError(FrankError):
    """The key of a franking agent is none of the group's signature scheme."""


class RepeatedFrankingAgentError(FrankError):
    """A commit updates the franking agent more than once."""


# Fan-out (section 5.5)


class FanoutError(BodyError):
    """A message that is fanned out breaks a rule."""

    rule = f"{PROTOCOL} section 5.5"


class EmptyNotifyError(FanoutError):
    """A notify request has no message."""


class FannedOutError(FanoutError):
    """Something is fanned out that is neither message nor handshake nor Welcome."""


class LastEpochError(FanoutError):
    """A commit is fanned out after which there is no epoch any more: 64 bits count them."""


class StapledProposalsError(FanoutError):
    """Proposals go with a commit that are not the hub's for the epoch after an external commit."""


# Group info (section 5.6)


class GroupInfoBodyError(BodyError):
    """A request for the group info, or what answers it, breaks a rule."""

    rule = f"{PROTOCOL} section 5.6"


class GroupInfoKeyError(GroupInfoBodyError):
    """The key to encrypt the group info to is none of the cipher suite."""


class GroupInfoCredentialError(GroupInfoBodyError):
    """The credential of a request for the group info is for another key."""


class GroupInfoRequestSignatureError(GroupInfoBodyError):
    """A request for the group info is not signed by the requesting key."""


class GroupInfoSuiteError(GroupInfoBodyError):
    """The group info is sealed with another cipher suite than was asked for."""


class GroupInfoRoomError(GroupInfoBodyError):
    """The group info is of another room than was asked for."""


class GroupInfoResponseSignatureError(GroupInfoBodyError):
    """What answers a request for the group info is not signed by the hub's key."""


class SealedGroupInfoError(GroupInfoBodyError):
    """Group info and tree do not decrypt."""


class HubSenderError(GroupInfoBodyError):
    """Who signed the group info's answer is no external sender of the group."""

    rule = f"{PROTOCOL} section 7.4"


class PendingProposalError(GroupInfoBodyError):
    """A pending proposal is not of the group and epoch of the group info."""


# Consent (section 5.7)


class ConsentError(BodyError):
    """A consent entry breaks a rule."""

    rule = f"{PROTOCOL} section 5.7"


class ConsentOperationError(ConsentError):
    """A consent operation at the endpoint for others."""


class ConsentDomainError(ConsentError):
    """A user is not of the provider that must be theirs."""


# Identifier queries (section 5.8)


class QueryError(BodyError):
    """A query for a user, or what answers it, breaks a rule."""

    rule = f"{PROTOCOL} section 5.8"


class EmptyQueryError(QueryError):
    """A query, or an element of it, asks for nothing."""


class QueryTextError(QueryError):
    """A name or a value that is searched is not UTF-8."""


class QueryResultError(QueryError):
    """What is found contradicts the code of the response."""


class FoundUserError(QueryError):
    """Who is found is no user of the provider that was asked."""


# Abuse (section 5.9)


class AbuseError(BodyError):
    """A report of abuse breaks a rule."""

    rule = f"{PROTOCOL} section 5.9"


class AbuserError(AbuseError):
    """A message in a report was sent by somebody else than the alleged abuser."""


# Downloads (section 5.10)


class DownloadError(BodyError):
    """A download that a hub must not make."""

    rule = f"{PROTOCOL} section 5.10"


class DownloadUrlError(DownloadError):
    """What is to be downloaded has no https URL with a host name."""


class DownloadPortError(DownloadError):
    """What is to be downloaded is at a port that is not permitted."""


class AssetDomainError(DownloadError):
    """What is to be downloaded is not at a peer's domain for assets."""


# Rooms of minimal metadata (section 6)


class PseudonymError(InvalidError):
    """A pseudonymous credential breaks a rule."""

    rule = f"{PROTOCOL} section 6.1"


class PseudonymFormError(PseudonymError):
    """A pseudonym is not a random UUID with the domain of the user's provider."""


class PseudonymKeyError(PseudonymError):
    """A pseudonymous credential is for another key than its leaf has."""


class IdentityLinkError(PseudonymError):
    """The link to an identity is not signed by the key of the identity's client."""


class NestedPseudonymError(PseudonymError):
    """A pseudonym stands for another pseudonymous credential."""


# Rooms at their hub


class HubError(InvalidError):
    """A room cannot be hosted, or something about it cannot be done."""

    rule = f"{PROTOCOL} section 4.3"


class RoomUriError(HubError):
    """A room is not of this provider, or says that it is another."""


class EnvelopeError(HubError):
    """The provider does not host rooms of such a policy (draft-ietf-mimi-arch-02 section 4.4)."""


class HubSenderMissingError(HubError):
    """The hub is no external sender of the group."""

    rule = f"{PROTOCOL} section 7.4"


class StrangerSenderError(HubError):
    """An external sender of the group is of no provider that takes part."""

    rule = f"{PROTOCOL} section 7.4"


class FollowerSenderError(HubError):
    """The external sender of a provider goes while its users take part."""

    rule = f"{PROTOCOL} section 7.4"


class HubReceiverError(HubError):
    """Somebody else than the hub reads the semi-private handshakes of the group."""

    rule = f"{PROTOCOL} section 5.3"


class ParentHubError(HubError):
    """A room depends on another one that this hub does not host."""

    rule = f"{ROOM_POLICY} section 5"


class ParentSubsetError(HubError):
    """The participants of a room are no strict subset of those of the one that it depends on."""

    rule = f"{ROOM_POLICY} section 5"


class FixedRoomError(HubError):
    """The participants have a room of fixed membership already."""

    rule = f"{ROOM_POLICY} section 5"


class LivingRoomError(HubError):
    """A room does not begin anew: there are clients in it."""

    rule = f"{ROOM_POLICY} section 5"


class RestartError(HubError):
    """A new group of a room that persists is not what the room is."""

    rule = f"{ROOM_POLICY} section 5"
