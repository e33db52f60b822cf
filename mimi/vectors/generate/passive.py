"""What a client sees that joins a group and follows it without ever sending anything."""

from collections.abc import Iterator

from mimi.crypto import SeededEntropy, Suite, draw
from mimi.mls import Draft, Group, ReInit, Remove, ResumptionPSK, ResumptionPSKUsage, WireFormat
from mimi.mls.psk import PSK
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.party import FORMATS, NOW, Commit, Manner, Party, Propose
from mimi.vectors.generate.written import Vector, below

RANDOM_EPOCHS = 24
RANDOM_MEMBERS = 9
"""From how many members on nobody is added: over eight, so that the tree doubles and halves."""

# Joining


def passive_welcome(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield five Welcomes: with the tree or beside it, with and without a path and PSKs."""
    for number, join in enumerate(
        (_join_the_founder, _join_with_psks, _join_unmerged, _join_between, _join_with_certificates)
    ):
        yield join(suite, entropy.fork(bytes([number])))


def _adding(package: bytes, *, path: bool, psks: tuple[PSK, ...] = ()) -> Commit:
    return lambda group: group.commit(now=NOW, add=[package], path=path, psks=psks)


def _grow(party: Party, count: int, *, path: bool = True) -> None:
    """Let the last member add the next, until there are so many."""
    while len(party.members) < count:
        party.commit(max(party.members), _adding(party.offer(), path=path))


def _join_the_founder(suite: Suite, entropy: SeededEntropy) -> Vector:
    party = Party.start(suite, entropy, Manner())
    return party.invite(0, lambda package: _adding(package, path=False))


def _join_with_psks(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Join with three pre-shared keys and a path, beside another new member."""
    party = Party.start(suite, entropy, Manner(tree_in_welcome=False, psks=3))
    _grow(party, 3)
    other = party.offer()

    def commit(package: bytes) -> Commit:
        return lambda group: group.commit(now=NOW, add=[other, package], psks=party.psks)

    return party.invite(1, commit)


def _join_unmerged(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Join without a path, beside another unmerged leaf."""
    party = Party.start(suite, entropy, Manner(tree_in_welcome=False))
    _grow(party, 5)
    party.commit(0, lambda group: group.commit(now=NOW, remove=[LeafIndex(2), LeafIndex(3)]))
    party.commit(1, lambda group: group.commit(now=NOW))
    party.commit(0, _adding(party.offer(), path=False))
    return party.invite(0, lambda package: _adding(package, path=False))


def _join_between(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Take a blank leaf amid others, with a path that is encrypted to unmerged leaves."""
    party = Party.start(suite, entropy, Manner(psks=1))
    _grow(party, 5)
    party.commit(0, lambda group: group.commit(now=NOW, remove=[LeafIndex(1)]))
    party.commit(4, lambda group: group.commit(now=NOW))
    party.propose(2, lambda group: group.propose_update(now=NOW))
    return party.invite(4, lambda package: _adding(package, path=True, psks=tuple(party.psks)))


def _join_with_certificates(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Join a group that requires something of its members, half of whom show certificates."""
    party = Party.start(suite, entropy, Manner(is_certified=True))
    _grow(party, 3)
    extensions = party.extensions()

    def commit(package: bytes) -> Commit:
        return lambda group: group.commit(now=NOW, add=[package], extensions=extensions)

    return party.invite(2, commit)


# Following: every kind of proposal, by value and by reference


def passive_handling_commit(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield what happens in a group that sends public messages, and in one that sends private."""
    for wire_format in FORMATS:
        own = entropy.fork(bytes([wire_format]))
        party = Party.start(suite, own, Manner((wire_format,), psks=3))
        _grow(party, 3)
        vector = party.invite(1, lambda package: _adding(package, path=True))
        for happen in (
            _members_come,
            _keys_mix,
            _extensions_change,
            _outsiders_act,
            _members_go,
            _the_end,
        ):
            happen(party)
        yield vector


def _removing(leaf: LeafIndex) -> Propose:
    return lambda group: group.propose_remove(leaf, now=NOW)


def _all_pending(group: Group) -> Draft[Group]:
    return group.commit(now=NOW)


def _pending_without_path(group: Group) -> Draft[Group]:
    return group.commit(now=NOW, path=False)


def _members_come(party: Party) -> None:
    """An empty commit; additions by value and by reference, the tree doubled; updates."""
    party.commit(0, _all_pending)
    party.commit(1, _adding(party.offer(), path=False))
    package = party.offer()
    party.propose(2, lambda group: group.propose_add(package, now=NOW, aad=b"a friend"))
    party.commit(4, _pending_without_path)
    for sender in (1, 5):
        party.propose(sender, lambda group: group.propose_update(now=NOW))
    party.commit(2, lambda group: group.commit(now=NOW, aad=b"two updates"))


def _keys_mix(party: Party) -> None:
    """External pre-shared keys by value and by reference; the resumption PSK of the last epoch."""
    first, second, third = party.psks
    party.commit(0, lambda group: group.commit(now=NOW, psks=[first, second], path=False))
    party.propose(5, lambda group: group.propose_psk(third, now=NOW))
    party.propose(1, lambda group: group.propose_psk(_resumption(group, 1), now=NOW))
    party.commit(4, lambda group: group.commit(now=NOW, psks=[_resumption(group, 0)]))


def _resumption(group: Group, back: int) -> ResumptionPSK:
    return ResumptionPSK(ResumptionPSKUsage.APPLICATION, group.group_id, group.epoch - back)


def _extensions_change(party: Party) -> None:
    """New extensions of the group context by value, by reference, and proposed in vain."""
    extensions = party.extensions()
    party.commit(5, lambda group: group.commit(now=NOW, extensions=extensions))
    party.propose(0, lambda group: group.propose_extensions((), now=NOW))
    party.commit(1, lambda group: group.commit(now=NOW, references=()))
    party.propose(0, lambda group: group.propose_extensions(extensions[1:], now=NOW))
    party.commit(1, _all_pending)


def _outsiders_act(party: Party) -> None:
    """Proposals of an external sender and of a client to come; commits of two that join."""
    party.propose_from_outside(Remove(LeafIndex(2)))
    party.propose_joining()
    party.commit(5, _all_pending)
    party.join_externally()
    party.join_externally(resync=0)


def _members_go(party: Party) -> None:
    """Removals by value and by reference; all kinds in one commit; the tree halved."""
    party.commit(1, lambda group: group.commit(now=NOW, remove=[LeafIndex(2)]))
    first, package, extensions = next(iter(party.psks)), party.offer(), party.extensions()
    party.propose(4, lambda group: group.propose_update(now=NOW))
    party.propose(1, lambda group: group.propose_psk(first, now=NOW))
    party.commit(
        0,
        lambda group: group.commit(
            now=NOW, remove=[LeafIndex(5)], add=[package], psks=[first], extensions=extensions
        ),
    )
    for leaf in sorted(party.members):
        if leaf > 3:
            party.propose(1, _removing(leaf))
    party.commit(0, _all_pending)


def _the_end(party: Party) -> None:
    """A reinitialisation: by value in public, by reference in private."""
    reinit = ReInit(b"a group to come", ProtocolVersion.MLS10, party.suite.code, ())
    if party.manner.formats == (WireFormat.MLS_PUBLIC_MESSAGE,):
        party.commit(0, lambda group: group.commit(now=NOW, reinit=reinit))
        return
    party.propose(1, lambda group: group.propose_reinit(reinit, now=NOW))
    party.commit(0, _pending_without_path)


# Following: whatever comes


def passive_random(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield what happens in a group that fills and empties, and half of which sends in private."""
    party = Party.start(suite, entropy, Manner(psks=2))
    _grow(party, 3)
    vector = party.invite(2, lambda package: _adding(package, path=True))
    party.commit(0, lambda group: group.commit(now=NOW, psks=party.psks, path=False))
    for number in range(1, RANDOM_EPOCHS):
        _random_epoch(party, grows=number < RANDOM_EPOCHS // 2)
    yield vector


def _random_epoch(party: Party, *, grows: bool) -> None:
    """Let members propose what they like, and one of them, or a joiner, commit."""
    for _ in range(below(party.entropy, 4)):
        _random_proposal(party, grows=grows)
    if below(party.entropy, 8) == 0:
        party.join_externally(None if grows else _anyone(party))
        return
    committer = _anyone(party)
    change = _random_change(party, committer, grows=grows)
    party.commit(committer, change)


def _anyone(party: Party) -> LeafIndex:
    """Return any member but the one that only listens."""
    leaves = [leaf for leaf in sorted(party.members) if leaf != party.listener]
    return leaves[below(party.entropy, len(leaves))]


def _random_proposal(party: Party, *, grows: bool) -> None:
    sender, other, kind = _anyone(party), _anyone(party), below(party.entropy, 6)
    psk = tuple(party.psks)[below(party.entropy, len(party.psks))]
    package = party.offer() if kind < 3 and grows and _has_room(party) else None
    aad = draw(party.entropy, below(party.entropy, 20))

    def propose(group: Group) -> tuple[Group, bytes]:
        if package is not None:
            return group.propose_add(package, now=NOW, aad=aad)
        if kind < 2:
            return group.propose_remove(other, now=NOW, aad=aad)
        if kind < 4:
            return group.propose_update(now=NOW, aad=aad)
        if kind == 4:
            return group.propose_psk(psk, now=NOW, aad=aad)
        return group.propose_extensions(party.extensions()[below(party.entropy, 3) :], now=NOW)

    party.propose(sender, propose)


def _random_change(party: Party, committer: LeafIndex, *, grows: bool) -> Commit:
    """Return a commit of what was proposed, and mostly of something more."""
    kind, path, other = below(party.entropy, 6), below(party.entropy, 3) > 0, _anyone(party)
    add = [party.offer()] if kind < 3 and grows and _has_room(party) else []
    remove = [other] if kind < 3 and not grows and other != committer else []
    psks = list(party.psks)[: max(kind - 3, 0)]
    return lambda group: group.commit(now=NOW, add=add, remove=remove, psks=psks, path=path)


def _has_room(party: Party) -> bool:
    return len(party.members) < RANDOM_MEMBERS
