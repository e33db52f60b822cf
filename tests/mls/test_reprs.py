"""What is printed of a group, by a log or a debugger, holds nothing that must not be read."""

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import attrs
import pytest
from mls.meeting import PRIVATE, PUBLIC, gathered
from tree.members import NOW, SUITE

from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey
from mimi.mls import ExternalPSK, Group, LeafChange, ReInit, reinitialise
from mimi.tree.codepoints import ProtocolVersion

HIDDEN = Secret, HPKEPrivateKey, SignaturePrivateKey
SAID = b"nobody else should read this"


def parts(value: Any) -> list[Any]:
    """Return what a value holds, as far as the language lets anybody see it."""
    if isinstance(value, FunctionType):
        return [cell.cell_contents for cell in value.__closure__ or ()]
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, tuple | list | frozenset):
        return list(value)
    fields = attrs.fields(type(value)) if attrs.has(type(value)) else ()
    held = [getattr(value, field.name) for field in fields]
    return [*held, *getattr(value, "__dict__", {}).values()]


def everything(*roots: Any) -> Iterator[Any]:
    """Yield every value that can be reached, each once."""
    seen: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, str | int | bytes | type | None):
            continue
        seen[id(value)] = value
        yield value
        if not isinstance(value, HIDDEN):
            waiting += parts(value)


def spellings(octets: bytes) -> tuple[str, ...]:
    """Return how octets look when they are printed."""
    return repr(octets)[2:-1], octets.hex(), str(list(octets))[1:-1]


@pytest.fixture(scope="module", params=[PUBLIC, PRIVATE], ids=["public", "private"])
def roots(request) -> list[Any]:
    """Return a bit of everything that a client can hold."""
    room, alice, bob, carol = gathered(3, handshake=request.param)
    dave, erin = room.enter("Dave", "Erin")
    letter, words = ExternalPSK(b"a letter"), Secret(b"what the letter says")
    change = LeafChange(signer=SUITE.generate_signature_key(SeededEntropy(b"new")))
    for person in (alice, bob, carol):
        person.group = person.group.with_psk(letter, words)
    dave.client = dave.client.with_psk(letter, words)
    steps = [bob.group.receive(alice.group.protect(SAID)[1], now=NOW)]
    alice.commits()
    bob.proposes(Group.propose_update, change)
    draft = alice.group.commit(now=NOW, add=[dave.offers()], psks=[letter])
    steps += [person.group.receive(draft.commit, now=NOW) for person in (bob, carol)]
    staged = dave.client.join(draft.welcome, now=NOW)
    outside = erin.client.join_externally(alice.group.group_info(), now=NOW)
    ended = carol.group.commit(
        now=NOW, reinit=ReInit(b"next", ProtocolVersion.MLS10, SUITE.code, ()), references=[]
    ).accept()
    package = bob.offers()
    founded = reinitialise(
        ended, carol.client, [package, alice.offers()], now=NOW, same_client=lambda *_: True
    )
    held = draft.hold()
    clients = [person.client for person in room.people]
    return [
        *clients,
        alice.group,
        bob.group,
        held,
        draft,
        founded,
        staged,
        outside,
        change,
        *steps,
        *(step.events[0] for step in steps),
        room.follower,
        held.receive(draft.commit, now=NOW),
    ]


def test_nothing_that_is_printed_holds_a_secret(roots):
    reached = list(everything(*roots))
    hidden = {value.reveal() for value in reached if isinstance(value, HIDDEN)}
    assert len(hidden) > 80
    secrets = [spelling for octets in hidden | {SAID} for spelling in spellings(octets)]
    kinds = set()
    for value in reached:
        kinds.add(type(value).__name__)
        for text in {repr(value), str(value), f"{value}"}:
            assert not [secret for secret in secrets if secret in text], type(value)
    assert kinds >= {
        "ApplicationMessage",
        "Client",
        "CommitStaged",
        "Draft",
        "EpochSecrets",
        "ExternalDraft",
        "Group",
        "HPKEPrivateKey",
        "HeldCommit",
        "LeafChange",
        "NewEpoch",
        "OwnCommitConfirmed",
        "OwnKeyPackage",
        "OwnUpdate",
        "PastEpoch",
        "PrivateTree",
        "Ratchet",
        "Secret",
        "SecretTree",
        "SignaturePrivateKey",
        "StagedJoin",
        "Step",
    }


def test_the_search_would_find_a_secret():
    @attrs.frozen
    class Careless:
        shown: bytes
        secret: Secret

    secret = Secret(bytes(range(200, 232)))
    for value in (Careless(secret.reveal(), secret), [secret.reveal().hex(), secret]):
        found = [text for text in spellings(secret.reveal()) if text in repr(value)]
        assert len(found) == 1
        assert secret in [item for item in everything(value) if isinstance(item, Secret)]


def test_a_secret_shows_its_length_alone(roots):
    assert {repr(value) for value in everything(*roots) if isinstance(value, Secret)} >= {
        f"Secret({SUITE.nh} octets)"
    }


def test_what_is_printed_is_short_and_names_the_group(roots):
    shown = [repr(value) for value in roots]
    assert "Group(b'a meeting', epoch 2, leaf 0)" in shown
    assert "StagedJoin(b'a meeting', epoch 3, leaf 3)" in shown
    assert "ExternalDraft(b'a meeting', epoch 2 to 3)" in shown
    assert "LeafChange(signer)" in shown
    assert any(text.startswith("Draft(epoch 2 to 3, ") for text in shown)
    assert any(text.startswith("CommitStaged(by leaf 0, epoch 2 to 3)") for text in shown)
    assert f"ApplicationMessage(leaf 0, {len(SAID)} octets)" in shown
