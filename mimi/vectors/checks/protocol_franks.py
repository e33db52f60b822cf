"""Franks: as a receiver verifies them, and as a hub does on a report."""

from mimi.codec import encode
from mimi.crypto import Suite
from mimi.mls.appdata import Proposed
from mimi.mls.context import GroupContext
from mimi.mls.framing import MemberSender
from mimi.mls.state import PublicState
from mimi.protocol.abuse import AbusiveMessage, verify_abusive_message
from mimi.protocol.errors import FrankError
from mimi.protocol.franking import (
    FrankedMessage,
    FrankingAgent,
    FrankingAgentData,
    FrankingIntegrityTBS,
    ServerFrankingContext,
    franked_content,
    franking_tag,
    server_frank,
    verify_received,
)
from mimi.protocol.submit import Frank
from mimi.tree.credential import BasicCredential
from mimi.tree.leaf import Capabilities, KeyPackageSource, LeafNode, Lifetime
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.case import Case, DifferenceError
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.protocol_keys import room_in, structure_in, uri_in
from mimi.vectors.protocol_rules import judged


def check_frank(case: Case) -> None:
    """Verify a frank as the receiver of a message, and how its hub made it."""
    check_kind(case, "protocol-frank")
    suite, message = case.suite(), _franked(case)
    agent = structure_in(case, "franking_agent", FrankingAgentData)
    framed, hub_key = case.boolean("framed"), case.secret("hub_key")
    context = ServerFrankingContext(message.sender, message.room, message.accepted_timestamp)
    case.same("salt", _salt(message.application_data, framed))
    case.same("context", encode(context))
    case.same("tbs", _signed(suite, message.frank, context))
    case.same("server_frank", server_frank(hub_key, message.tag, context))
    judged(case, lambda: verify_received(suite, agent, message, framed=framed))
    if case.value("rule") is None and case.octets("server_frank") != message.frank.server_frank:
        raise DifferenceError("hub_key", "the key of the frank", "another")


def _franked(case: Case) -> FrankedMessage:
    return FrankedMessage(
        case.octets("application_data"),
        case.octets("franking_tag"),
        structure_in(case, "frank", Frank),
        case.integer("accepted_timestamp"),
        str(uri_in(case, "sender_uri")).encode(),
        str(room_in(case, "room_uri")).encode(),
    )


def _salt(application_data: bytes, framed: bool) -> bytes | None:  # noqa: FBT001 - as it is given
    try:
        return franked_content(application_data, framed=framed).salt
    except FrankError:
        return None


def _signed(suite: Suite, stamp: Frank, context: ServerFrankingContext) -> bytes:
    return encode(FrankingIntegrityTBS(stamp.server_frank, suite.code, context))


def check_reported(case: Case) -> None:
    """Verify, as the hub, a message that is reported."""
    check_kind(case, "protocol-report")
    suite, message = case.suite(), structure_in(case, "message", AbusiveMessage)
    abuser, room, framed = uri_in(case, "abuser"), room_in(case), case.boolean("framed")
    hub_key, signature_key = case.secret("hub_key"), case.octets("signature_pub")
    context = judged(
        case,
        lambda: verify_abusive_message(
            message,
            abuser=abuser,
            room=room,
            hub_key=hub_key,
            signature_key=signature_key,
            framed=framed,
        ),
    )
    case.same("context", None if context is None else encode(context))
    case.same("franking_tag", _tag(message.message_content, framed))
    code = message.frank.franking_signature_ciphersuite
    if context is not None and code != suite.code:
        raise DifferenceError("cipher_suite", "that of the frank", f"{suite.code}")


def _tag(content: bytes, framed: bool) -> bytes | None:  # noqa: FBT001 - as it is given
    salt = _salt(content, framed)
    return None if salt is None else franking_tag(salt, content)


def check_agent(case: Case) -> None:
    """Verify what updates in a commit make of the franking agent of a group."""
    check_kind(case, "protocol-franking-agent")
    suite, listed = case.suite(), case.part("updates")
    sender = MemberSender(LeafIndex(0))
    updates = [Proposed(listed.octets(at), sender) for at in range(listed.length())]
    if not updates:
        raise DifferenceError("updates", "at least one", "none")
    state = _state(suite)
    case.same("after", judged(case, lambda: FrankingAgent().updated(None, updates, state)))


def _state(suite: Suite) -> PublicState:
    """Return a state of which only the cipher suite matters."""
    credential, source = BasicCredential(b""), KeyPackageSource(Lifetime(0, 0))
    leaf = LeafNode(b"", b"", credential, Capabilities(), source, (), b"")
    context = GroupContext(suite.code, b"", 0, b"", b"", ())
    return PublicState(context, RatchetTree.of_leaf(suite, leaf), b"", b"")
