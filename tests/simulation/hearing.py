"""What a person does with what arrives, and what must come of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mls.snapshot import snapshot
from simulation.dice import Dice
from simulation.person import Person
from simulation.service import Handshake, Letter, name_of
from tree.members import NOW

from mimi.errors import InvalidError, MalformedError, MimiError
from mimi.mls import (
    ApplicationMessage,
    Client,
    CommitStaged,
    FutureEpoch,
    Group,
    Held,
    MissingProposals,
    NewMemberCommitSender,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    PublicGroup,
    Step,
)
from mimi.mls.errors import (
    DuplicateGroupError,
    HandshakeAfterEndError,
    KeyConsumedError,
    NoSecretsError,
    UnknownPSKError,
    WrongEpochError,
)
from mimi.mls.join import read_welcome

REFUSALS = (MalformedError, InvalidError)
"""What a message may be refused with; all else is a mistake of the library, or of the caller."""


@contextmanager
def unharmed(value: Group | PublicGroup | Client, *, draws: bool = False) -> Iterator[None]:
    """Check that nothing of a value changes.

    Args:
        value: The value.
        draws: Whether randomness may be drawn: in vain, where one's own mistake is found late.
    """
    before = _contents(value, draws=draws)
    yield
    assert _contents(value, draws=draws) == before


def _contents(value: Group | PublicGroup | Client, *, draws: bool) -> dict[str, Any]:
    contents: dict[str, Any] = snapshot(value)
    return {name: field for name, field in contents.items() if not draws or name != "entropy"}


def outcome(group: Any, wire: bytes) -> tuple[Any, Any]:
    """Return the group after a message, and what comes of it: an event or an error."""
    try:
        step: Step[Any] = group.receive(wire, now=NOW)
    except REFUSALS as error:
        return group, error
    (event,) = step.events
    return step.group, event


def heard(person: Person, wire: bytes) -> tuple[Any, Any]:
    """Return a member's group after a message and what comes of it, as others see it, too."""
    assert person.group is not None
    after, event = outcome(person.group, wire)
    person.world.compares(person, wire, event)
    return after, event


# Handshakes


def follow(person: Person, dice: Dice) -> bool:
    """Process the next handshake of the log; return whether there was one for them."""
    log = person.world.service.log
    if person.group is None or person.group.removed or person.cursor == len(log):
        return False
    handshake = log[person.cursor]
    fate = dice.roll(10)
    if fate == 9:
        hear_spoiled(person, handshake.wire, dice, "handshake")
    elif fate == 8:
        _hear_early(person, dice)
    elif fate == 7:
        outcome(person.group, handshake.wire)
        person.restart()
        person.world.note("crash: before storing a handshake")
    _take(person, handshake)
    return True


def _take(person: Person, handshake: Handshake) -> None:
    assert person.group is not None
    world, group = person.world, person.group
    after, event = heard(person, handshake.wire)
    if isinstance(event, UnknownPSKError):
        with unharmed(group):
            assert type(outcome(group, handshake.wire)[1]) is UnknownPSKError
        world.note("PSK: learned when a commit used it")
        person.group = world.with_psks(group)
        person.store()
        after, event = heard(person, handshake.wire)
    change = handshake.transition
    if change is None:
        own = handshake.leaf == group.leaf_index
        kind = OwnMessageEchoed if own else ProposalReceived
        assert type(event) is kind, event
        person.group = after
    elif group.held is not None and group.held.wire == handshake.wire:
        assert event == OwnCommitConfirmed(handshake.epoch, group.held.welcome)
        person.group = after
        person.own.insert(0, handshake.wire)
        world.note("commit: held, confirmed")
        world.invite(handshake, event.welcome)
    else:
        assert isinstance(event, CommitStaged), event
        assert event.removes_me == (group.leaf_index in change.applied.removed)
        assert event.committer == change.committer
        lost = group.held is not None
        person.group = event.accept().group
        world.note("commit: followed")
        world.note("commit: held, dropped after losing", lost and person.group.held is None)
        world.note("member: removed, and told so", event.removes_me)
    person.cursor += 1
    if change is not None and not person.group.removed:
        world.entered(person)
    person.store()


def _hear_early(person: Person, dice: Dice) -> None:
    """Receive a handshake before its turn, and drop what comes of it."""
    assert person.group is not None
    log, group = person.world.service.log, person.group
    if len(log) == person.cursor + 1:
        return
    handshake = dice.pick(log[person.cursor + 1 :])
    with unharmed(group):
        after, event = heard(person, handshake.wire)
    if handshake.epoch > group.epoch:
        assert event == Held(FutureEpoch(handshake.epoch))
        assert after is group
        person.world.note("handshake: early, held for its epoch")
    elif isinstance(event, Held):
        assert isinstance(event.reason, MissingProposals)
        assert after is group
        person.world.note("handshake: early, held for its proposals")
    elif isinstance(event, MimiError):
        assert type(event) is UnknownPSKError


def hear_again(person: Person, dice: Dice) -> None:
    """Receive a handshake that was processed before."""
    group, log = person.group, person.world.service.log
    if group is None or person.cursor == 0:
        return
    first = dice.roll(min(person.cursor, 12))
    handshake = log[person.cursor - 1 - first]
    with unharmed(group):
        after, event = heard(person, handshake.wire)
        assert after.save() == group.save()
    note = person.world.note
    if handshake.epoch < group.epoch:
        if handshake.wire in person.own[: group.settings.past_epochs + 1]:
            assert event == OwnCommitConfirmed(handshake.epoch, None)
            note("handshake: duplicate of one's own commit, confirmed again")
        else:
            assert type(event) is WrongEpochError, event
            note("handshake: duplicate of an earlier epoch, refused")
    elif isinstance(event, MimiError):
        assert type(event) in (KeyConsumedError, HandshakeAfterEndError), event
        note("handshake: duplicate of the epoch, refused")
    else:
        assert isinstance(event, OwnMessageEchoed | ProposalReceived), event
        note("handshake: duplicate of the epoch, without effect")


def spoiled(wire: bytes, dice: Dice) -> tuple[bytes, int]:
    """Return a message with one bit flipped, and where."""
    at = dice.roll(len(wire))
    return wire[:at] + bytes([wire[at] ^ 1 << dice.roll(8)]) + wire[at + 1 :], at


def hear_spoiled(person: Person, wire: bytes, dice: Dice, what: str) -> None:
    """Receive a message with a flipped bit: it must be refused, and change nothing.

    Who is removed does not learn the secrets of the next epoch, and cannot check the confirmation
    tag. A member's commit is authenticated beside that, tag and all; the commit by which a joiner
    removes its old leaf is signed but for the tag.
    """
    assert person.group is not None
    group = person.group
    changed, at = spoiled(wire, dice)
    with unharmed(group):
        after, event = heard(person, changed)
    assert after is group
    if isinstance(event, CommitStaged):
        assert event.removes_me
        assert event.sender == NewMemberCommitSender()
        assert at >= len(wire) - group.suite.kdf.nh
        person.world.note("handshake: corrupted tag, removed all the same")
        return
    assert isinstance(event, Held | OwnMessageEchoed | MimiError), event
    if isinstance(event, Held):
        assert isinstance(event.reason, FutureEpoch)
    person.world.note(f"{what}: corrupted copy, refused", isinstance(event, MimiError))


# Letters


def expected(person: Person, letter: Letter) -> type[Any]:
    """Return what must come of a letter: the class of an event or of an error."""
    group = person.group
    assert group is not None
    if letter.epoch > group.epoch:
        return Held if group.is_active else WrongEpochError
    if letter.epoch < max(person.since, group.epoch - group.settings.past_epochs):
        return WrongEpochError
    if letter.leaf == group.leaf_index:
        return OwnMessageEchoed
    return person.reading(letter).refusal(letter.generation) or ApplicationMessage


def read(person: Person, dice: Dice) -> bool:
    """Read a letter, not always the first that came; return whether there was one."""
    box = person.world.service.mail.get(person.name, [])
    if person.group is None or not box:
        return False
    place = dice.roll(min(len(box), 12)) if dice.one_in(3) else 0
    letter = box[place]
    if dice.one_in(10):
        hear_spoiled(person, letter.wire, dice, "letter")
    wanted = expected(person, letter)
    if letter.epoch <= person.group.epoch and dice.one_in(20):
        outcome(person.group, letter.wire)
        person.restart()
        person.world.note("crash: before storing a letter")
    return _open(person, letter, wanted, place)


def _open(person: Person, letter: Letter, wanted: type[Any], place: int) -> bool:
    group, note = person.group, person.world.note
    assert group is not None
    box = person.world.service.mail[person.name]
    if wanted is ApplicationMessage:
        after, event = outcome(group, letter.wire)
    else:
        with unharmed(group):
            after, event = outcome(group, letter.wire)
        assert after is group
    assert type(event) is wanted, (event, wanted)
    if letter.epoch > group.epoch:  # who was removed may come back into that epoch
        note("letter: early, held for its epoch", wanted is Held)
        box.append(box.pop(place))
        return False
    del box[place]
    if wanted is ApplicationMessage:
        _check(person, letter, event)
        person.group = after
        person.store()
        note("letter: read")
        note("letter: read with authenticated data", letter.aad != b"")
        note("letter: read epochs later", letter.epoch < group.epoch)
        note("letter: read after others that were sent later", place > 0)
    else:
        note(f"letter: {wanted.__name__}")
    return True


def _check(person: Person, letter: Letter, event: ApplicationMessage) -> None:
    assert (event.sender, event.epoch, event.generation) == (
        letter.leaf,
        letter.epoch,
        letter.generation,
    )
    assert (event.data, event.aad) == (letter.data, letter.aad)
    assert name_of(event.leaf_node) == letter.sender
    assert letter not in person.heard
    person.heard.add(letter)
    person.reading(letter).read(letter.generation)


# Welcomes


def join(person: Person, dice: Dice) -> bool:
    """Open the first Welcome that came; return whether that led anywhere."""
    if not person.welcomes:
        return False
    world, (welcome, epoch) = person.world, person.welcomes[0]
    if person.group is not None and not person.group.removed:
        _join_again(person, welcome)
        if person.since >= epoch:  # joined by a commit meanwhile: the Welcome is of no use
            del person.welcomes[0]
        return False
    if dice.one_in(6):
        hear_spoiled_welcome(person, welcome, epoch, dice)
    try:
        staged = person.client.join(welcome, now=NOW, tree=world.tree_of(epoch))
    except UnknownPSKError:
        world.note("PSK: learned when a Welcome used it")
        person.client = world.with_psks(person.client)
        staged = person.client.join(welcome, now=NOW, tree=world.tree_of(epoch))
    if dice.one_in(10):
        person.restart()
        world.note("crash: before storing a group that was joined")
        return False
    del person.welcomes[0]
    person.client, group = staged.accept()
    person.enters(group, world.service.log_after(epoch))
    world.note("member: joined by a Welcome")
    if dice.one_in(3):
        _join_again(person, welcome)
    return True


def hear_spoiled_welcome(person: Person, welcome: bytes, epoch: int, dice: Dice) -> None:
    """Open a Welcome with a flipped bit: it must be refused, and cost nothing.

    What a Welcome holds for the others whom the commit adds is nothing to this one.
    """
    wire, _ = spoiled(welcome, dice)
    with unharmed(person.client):
        try:
            staged = person.client.join(wire, now=NOW, tree=person.world.tree_of(epoch))
        except REFUSALS:
            person.world.note("Welcome: corrupted copy, refused")
        else:
            assert len(read_welcome(welcome).secrets) > 1
            assert staged.context == person.world.service.epochs[epoch].context


def _join_again(person: Person, welcome: bytes) -> None:
    """Open a Welcome to a group in which one is."""
    assert person.group is not None
    tree, groups = person.group.ratchet_tree, [person.group]
    with unharmed(person.client), unharmed(person.group):
        try:
            person.client.join(welcome, now=NOW, tree=tree, groups=groups)
        except NoSecretsError:
            person.world.note("Welcome: opened again, its key package was used")
        except (DuplicateGroupError, UnknownPSKError):
            person.world.note("Welcome: opened again, to a group of one's own")
        else:
            raise AssertionError("joined twice")
