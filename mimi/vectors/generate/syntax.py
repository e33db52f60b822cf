"""Messages: structures to be decoded and encoded again, each of them signed and sealed for good.

For every cipher suite there are ordinary structures, and bare ones, in which all that may be empty
or absent is; for every size of keys there are full ones, with certificates, every GREASE value
where GREASE may be, all types of proposals, and the greatest numbers that fit.
"""

from collections.abc import Iterator

import attrs

from mimi.codec import encode
from mimi.crypto import Entropy, Secret, Suite, draw
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    AuthenticatedContentTBM,
    ExternalSenderIndex,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PrivateMessage,
    PublicMessage,
    Sender,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, Proposal
from mimi.mls.protect import SIGNATURE_LABEL, authenticate, protect_private, protect_public
from mimi.mls.welcome import (
    GroupInfo,
    GroupSecrets,
    PathSecret,
    Welcome,
    encrypt_welcome,
)
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.content import UINT32_MAX, UINT64_MAX, Contents, Flavour
from mimi.vectors.generate.group import Group
from mimi.vectors.generate.messages import NewEpoch, new_member
from mimi.vectors.generate.written import SUITES, Vector

AUTHOR = LeafIndex(1)
"""The member that signs everything."""

FULL_SUITES = tuple(suite for suite in SUITES if suite.code not in {3, 6})
"""One cipher suite for each size of keys: 3 has those of 1, and 6 those of 4."""


def message_structures(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield a case of every flavour; a full one once for all suites with keys of one size."""
    for flavour in Flavour:
        if flavour is not Flavour.FULL or suite in FULL_SUITES:
            yield _case(_Scene.of(suite, entropy, flavour))


@attrs.frozen
class _Scene:
    """A group in an epoch, and how much its messages say."""

    group: Group
    flavour: Flavour
    epoch: NewEpoch
    membership_key: Secret

    @classmethod
    def of(cls, suite: Suite, entropy: Entropy, flavour: Flavour) -> "_Scene":
        if flavour is Flavour.FULL:
            group = Group.grown(suite, entropy, 4).commit(1, remove=(0, 3))
            group = attrs.evolve(group.add(1, flavour.profile), epoch=UINT64_MAX)
        else:
            group = Group.grown(suite, entropy, 2, flavour.profile)
        epoch = NewEpoch.of(group, None, Contents(group, flavour).context_extensions())
        return cls(group, flavour, epoch, Secret(draw(entropy, suite.nh)))

    @property
    def suite(self) -> Suite:
        return self.group.suite

    @property
    def contents(self) -> Contents:
        return Contents(self.group, self.flavour)

    @property
    def context(self) -> GroupContext:
        return self.epoch.context

    def some(self, size: int) -> bytes:
        """Return random octets, but none in the bare flavour."""
        return b"" if self.flavour is Flavour.BARE else draw(self.group.entropy, size)

    def framed(self, sender: Sender, sent: bytes | Proposal | Commit) -> FramedContent:
        head = self.context.group_id, self.context.epoch
        return FramedContent(*head, sender, self.some(70), sent)

    def signed(self, wire_format: WireFormat, content: FramedContent) -> AuthenticatedContent:
        tag = None
        if isinstance(content.content, Commit):
            tag = draw(self.group.entropy, self.suite.nh)
        signer = self.group.members[AUTHOR].signer
        return authenticate(self.suite, wire_format, content, self.context, signer, tag)

    def public(self, sender: Sender, sent: Proposal | Commit) -> PublicMessage:
        signed = self.signed(WireFormat.MLS_PUBLIC_MESSAGE, self.framed(sender, sent))
        return protect_public(self.suite, signed, self.context, self.membership_key)


def _case(scene: _Scene) -> Vector:
    contents = scene.contents
    return {
        "mls_welcome": encode(MLSMessage(_welcome(scene))),
        "mls_group_info": encode(MLSMessage(_group_info(scene))),
        "mls_key_package": encode(MLSMessage(contents.add().key_package)),
        "ratchet_tree": scene.group.tree.encode(),
        "group_secrets": encode(_group_secrets(scene)),
        "add_proposal": encode(contents.add()),
        "update_proposal": encode(contents.update(AUTHOR)),
        "remove_proposal": encode(contents.remove()),
        "pre_shared_key_proposal": encode(contents.psk()),
        "re_init_proposal": encode(contents.reinit()),
        "external_init_proposal": encode(contents.external_init()),
        "group_context_extensions_proposal": encode(contents.group_context_extensions()),
        "commit": encode(contents.commit(AUTHOR)),
        "public_message_application": encode(MLSMessage(_public_application(scene))),
        "public_message_proposal": encode(MLSMessage(_public_proposal(scene))),
        "public_message_commit": encode(MLSMessage(_public_commit(scene))),
        "private_message": encode(MLSMessage(_private(scene))),
    }


def _welcome(scene: _Scene) -> Welcome:
    """Return a Welcome: for nobody in the bare flavour."""
    group, entropy, new = scene.group, scene.group.entropy, []
    psks = scene.contents.psk_ids() if scene.flavour is Flavour.FULL else ()
    if scene.flavour is not Flavour.BARE:
        client = group.client(scene.flavour.profile)
        joined, leaf = group.join(client)
        new = [new_member(leaf, client, AUTHOR, joined.path(AUTHOR, (leaf,)))]
    psk = Secret(draw(entropy, scene.suite.nh))
    signer = group.members[AUTHOR].signer
    joiner, info = scene.epoch.joiner, scene.epoch.group_info((), AUTHOR, signer)
    return encrypt_welcome(scene.suite, info, joiner, psk, psks, new, entropy)


def _group_info(scene: _Scene) -> GroupInfo:
    full = scene.flavour is Flavour.FULL
    extensions = scene.epoch.info_extensions(scene.flavour, scene.group.entropy)
    signer = LeafIndex(UINT32_MAX if full else AUTHOR)
    return scene.epoch.group_info(extensions, signer, scene.group.members[AUTHOR].signer)


def _group_secrets(scene: _Scene) -> GroupSecrets:
    if scene.flavour is Flavour.BARE:
        return GroupSecrets(scene.epoch.joiner, None, ())
    path_secret = PathSecret(Secret(draw(scene.group.entropy, scene.suite.nh)))
    return GroupSecrets(scene.epoch.joiner, path_secret, scene.contents.psk_ids())


def _public_application(scene: _Scene) -> PublicMessage:
    """Return what nobody may send (section 6.2), but everybody can decode."""
    full = scene.flavour is Flavour.FULL
    sender = MemberSender(LeafIndex(UINT32_MAX if full else AUTHOR))
    content = scene.framed(sender, scene.some(300 if full else 20))
    tbs = FramedContentTBS(WireFormat.MLS_PUBLIC_MESSAGE, content, scene.context)
    signer = scene.group.members[AUTHOR].signer
    signature = scene.suite.sign_with_label(signer, SIGNATURE_LABEL, encode(tbs))
    auth = FramedContentAuthData(signature)
    tbm = encode(AuthenticatedContentTBM(tbs, auth))
    return PublicMessage(content, auth, scene.suite.mac(scene.membership_key.reveal(), tbm))


def _public_proposal(scene: _Scene) -> PublicMessage:
    """Return a member's proposal, a new member's, or an external one."""
    contents, turn = scene.contents, SUITES.index(scene.suite)
    match scene.flavour:
        case Flavour.PLAIN:
            proposals = tuple(contents.members_proposals(AUTHOR))
            return scene.public(MemberSender(AUTHOR), proposals[turn % len(proposals)])
        case Flavour.BARE:
            return scene.public(NewMemberProposalSender(), contents.add())
        case Flavour.FULL:
            external = (
                contents.remove(),
                contents.add(),
                contents.psk(),
                contents.reinit(),
                contents.group_context_extensions(),
            )
            return scene.public(
                ExternalSenderIndex(UINT32_MAX), external[FULL_SUITES.index(scene.suite)]
            )


def _public_commit(scene: _Scene) -> PublicMessage:
    """Return a member's commit, or a joiner's."""
    if scene.flavour is Flavour.FULL:
        return scene.public(NewMemberCommitSender(), scene.contents.external_commit(AUTHOR))
    return scene.public(MemberSender(AUTHOR), scene.contents.commit(AUTHOR))


def _private(scene: _Scene) -> PrivateMessage:
    """Return a private message: padded application data, a proposal, or a commit."""
    sent: bytes | Proposal | Commit
    match scene.flavour:
        case Flavour.PLAIN:
            sent = b"Hello, group"
        case Flavour.BARE:
            sent = scene.contents.remove()
        case Flavour.FULL:
            sent = Contents(scene.group, Flavour.PLAIN).commit(AUTHOR)
    signed = scene.signed(WireFormat.MLS_PRIVATE_MESSAGE, scene.framed(MemberSender(AUTHOR), sent))
    padding = 0 if scene.flavour is Flavour.BARE else 64
    entropy, data_secret = scene.group.entropy, scene.epoch.secrets.sender_data_secret
    secrets = scene.epoch.secrets.open_trees(scene.group.tree.leaf_count)[1]
    return protect_private(scene.suite, signed, secrets, data_secret, entropy, padding)[1]
