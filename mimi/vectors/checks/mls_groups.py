"""Whole groups that use the extensions, as a member and a follower see them."""

import attrs

from mimi.codec import decode, encode
from mimi.crypto import HPKEPrivateKey, SeededEntropy, Suite
from mimi.mls.appdata import Component
from mimi.mls.client import Client
from mimi.mls.events import CommitStaged, ProposalReceived
from mimi.mls.grease import without_grease
from mimi.mls.group import Group
from mimi.mls.join import OwnKeyPackage
from mimi.mls.keypackage import KeyPackage, validate_key_package
from mimi.mls.message import MLSMessage
from mimi.mls.psk import ApplicationPSK
from mimi.mls.public import PublicGroup
from mimi.mls.settings import Settings
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.mls_data import LIFETIMES, LONGEST_LIFETIME, components_in
from mimi.vectors.checks.mls_keys import component_in, hpke_key_in, signer_in
from mimi.vectors.extension_rules import judged


@attrs.frozen
class Both:
    """A member, and somebody who follows the group without its secrets."""

    member: Group
    follower: PublicGroup

    def hear(self, case: Case, index: int) -> "Both":
        """Let both receive a proposal, element *index* of a list."""
        wire, heard = case.octets(index), []
        for who in (self.member, self.follower):
            with case.valid(index):
                step = who.receive(wire, now=0)
                if not all(isinstance(event, ProposalReceived) for event in step.events):
                    raise DifferenceError(case.name(index), "a proposal", shown(step.events))
            heard.append(step.group)
        member, follower = heard
        assert isinstance(member, Group)  # noqa: S101 - as above
        assert isinstance(follower, PublicGroup)  # noqa: S101 - as above
        return Both(member, follower)

    def follow(self, epoch: Case) -> "Both":
        """Let both follow the commit of an epoch."""
        wire = epoch.octets("commit")
        with epoch.valid("commit"):
            member = self.member.receive(wire, now=0).events[0]
            follower = self.follower.receive(wire, now=0).events[0]
            if not isinstance(member, CommitStaged) or not isinstance(follower, CommitStaged):
                raise DifferenceError(epoch.name("commit"), "a commit", "something else")
            if member.removes_me:
                raise DifferenceError(epoch.name("commit"), "a commit to follow", "a removal")
            return Both(member.accept().group, follower.accept().group)


def check_group(case: Case) -> None:
    """Join a group, and follow it in both ways from epoch to epoch."""
    check_kind(case, "mls-extensions-group")
    suite = case.suite()
    components = components_in(case, lambda _: None)
    both = Both(_joined(case, suite, components), _followed(case, suite, components))
    case.same("initial_epoch_authenticator", both.member.epoch_authenticator)
    if both.follower.context != both.member.context:
        raise DifferenceError("group_info", "that of the Welcome's epoch", "another")
    for epoch in case.parts("epochs", least=1):
        names = "refused", "proposals", "commit", "epoch_authenticator", "group_context"
        epoch.only(*names)
        proposals = epoch.part("proposals")
        for index in range(proposals.length()):
            both = both.hear(proposals, index)
        _check_refused(epoch, both)
        both = both.follow(epoch)
        epoch.same("epoch_authenticator", both.member.epoch_authenticator)
        epoch.same("group_context", encode(both.member.context))
        epoch.same("group_context", encode(both.follower.context))


def _check_refused(epoch: Case, both: Both) -> None:
    for part in epoch.parts("refused"):
        part.only("message", "rule")
        wire = part.octets("message")
        for who in (both.member, both.follower):
            judged(part, lambda who=who, wire=wire: who.receive(wire, now=0))  # type: ignore[misc]  # the defaults bind the loop's variables


def _joined(case: Case, suite: Suite, components: dict[int, Component]) -> Group:
    own = _own_key_package(case, suite)
    client = Client.create(
        own.key_package.leaf_node.credential,
        suite,
        signer=own.signer,
        settings=Settings(maximum_lifetime=LONGEST_LIFETIME, components=components),
        capabilities=without_grease(own.key_package.leaf_node.capabilities),
        entropy=SeededEntropy(b"mls-extensions-group"),
    )
    client = client.with_key_package(own)
    for part in case.parts("psks"):
        part.only("component_id", "psk_id", "psk")
        psk = ApplicationPSK(component_in(part), part.octets("psk_id"))
        client = client.with_psk(psk, part.secret("psk"))
    welcome = case.octets("welcome")
    with case.valid("welcome"):
        _, group = client.join(welcome, now=0).accept()
    return group


def _own_key_package(case: Case, suite: Suite) -> OwnKeyPackage:
    octets = case.octets("key_package")
    with case.valid("key_package"):
        package = decode(MLSMessage, octets).body
        if not isinstance(package, KeyPackage):
            raise DifferenceError("key_package", "a key package", type(package).__name__)
        validate_key_package(suite, package, lifetimes=LIFETIMES)
    leaf = package.leaf_node
    init, encryption = (hpke_key_in(case, suite, name) for name in ("init_priv", "encryption_priv"))
    signer = signer_in(case, suite, "signature_priv")
    for name, got, public in (
        ("init_priv", init.public, package.init_key),
        ("encryption_priv", encryption.public, leaf.encryption_key),
        ("signature_priv", signer.public, leaf.signature_key),
    ):
        if got != public:  # the public key is signed, so that the private one is at fault
            wanted = f"the private key of {shown(public.hex())}"
            raise DifferenceError(name, wanted, f"the key of {shown(got.hex())}")
        case.note(name)
    return OwnKeyPackage(package, init, encryption, signer)


def _followed(case: Case, suite: Suite, components: dict[int, Component]) -> PublicGroup:
    octets, receivers = case.octets("group_info"), list[HPKEPrivateKey]()
    if case.value("receiver_priv") is not None:
        receivers.append(hpke_key_in(case, suite, "receiver_priv"))
    with case.valid("group_info"):
        group = PublicGroup.from_group_info(
            octets, now=0, maximum_lifetime=LONGEST_LIFETIME, components=components
        )
    return group.with_receivers(*receivers)
