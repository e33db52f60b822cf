"""Stored groups: what is written and erased at each step, and that a loaded group goes on."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, gathered
from mls.storage import (
    PSK,
    PSK_VALUE,
    Stored,
    client,
    damaged,
    eventful,
    follower,
    framed,
    payload_of,
    reloaded,
    taken,
)
from tree.members import NOW, every_suite, refused

from mimi.codec import cbor, encode
from mimi.crypto import SeededEntropy, os_entropy
from mimi.errors import MimiError
from mimi.mls import (
    Client,
    Group,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    PublicGroup,
    ReInit,
    Settings,
)
from mimi.mls.errors import ClosedGroupError, KeyConsumedError, NewerSnapshotError
from mimi.tree.codepoints import ProtocolVersion

# Rows


def test_a_row_is_framed_as_documented():
    group = eventful()
    for name, row in group.save().items():
        _, kind, _, payload, _ = cbor.decode(row)
        assert framed(name, kind, payload) == row
        assert set(name.split("/")) >= {kind} or kind == "epoch"


def test_rows_say_what_the_specification_calls_so():
    rows = eventful().save()
    kind, says = payload_of(rows["group"])
    assert kind == "group"
    assert {"group_context", "confirmation_tag", "init_secret", "resumption_psk"} <= says.keys()
    assert "encryption_secret" not in says


def test_structures_are_stored_in_their_encoding():
    group = eventful()
    rows = group.save()
    assert payload_of(rows["group"])[1]["group_context"] == encode(group.context)
    assert payload_of(rows["tree/0/0"])[1]["nodes"][0] == encode(group.state.tree.node(0))


def test_every_kind_of_row_is_there():
    assert {payload_of(row)[0] for row in eventful().save().values()} == {
        *("group", "sent", "contents", "tree", "proposal", "update", "psk"),
        *("epoch", "secret", "sender", "exporter", "held"),
    }
    kinds = {payload_of(row)[0] for row in follower().save().values()}
    assert kinds == {
        *("public_group", "contents", "branch", "keys", "signers", "capabilities"),
        *("proposal", "group_info"),
    }
    kinds = {payload_of(row)[0] for row in client().save().values()}
    assert kinds == {"client", "contents", "key_package", "psk"}


@pytest.mark.parametrize("value", [eventful, follower, client])
def test_a_value_comes_back(value):
    Stored(value()).loaded()


@pytest.mark.parametrize("value", [eventful, follower, client])
def test_what_is_not_followed_from_is_compared_in_full(value):
    """A value that shares nothing with the stored one is stored all the same."""
    stored = Stored(value())
    assert stored.keep(reloaded(stored.value))[1] == ()


def test_nothing_has_changed():
    for value in (eventful(), follower(), client()):
        changes = value.changes_since(value)
        assert (dict(changes.written), changes.erased) == ({}, ())


def test_changes_do_not_show_secrets():
    _, alice, _ = gathered(2)
    before = alice.group
    alice.says(b"a word")
    shown = repr(alice.group.changes_since(before))
    epoch = alice.group.epoch
    assert shown == (
        f"Changes(written ['sent', 'epoch/{epoch}/secret/2', 'epoch/{epoch}/sender/0'], "
        f"erased ['epoch/{epoch}/secret/1'])"
    )


def test_changes_cannot_be_changed():
    written = eventful().changes_since(follower_less()).written
    with pytest.raises(TypeError):
        written["group"] = b""


def follower_less() -> Group:
    """Return another group, of which none follows."""
    return gathered(1)[1].group


def test_another_group_takes_the_place_of_a_stored_one():
    stored = Stored(eventful())
    stored.keep(follower_less())
    stored.keep(eventful())
    stored.loaded()


def test_a_state_in_which_less_was_opened_takes_the_place_of_another():
    """So it is when a transaction failed: the next step starts from the state before."""
    _, alice, bob = gathered(2)
    before = alice.group
    stored = Stored(taken(before, bob.group.protect(b"a word")[1]))
    _, erased = stored.keep(before)
    assert erased == tuple(f"epoch/{before.epoch}/{name}" for name in ("secret/0", "sender/1"))


# Loading


@every_suite
@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_a_loaded_group_goes_on(suite, handshake):
    room, alice, bob, carol = gathered(3, suite=suite, handshake=handshake)
    room.agrees()
    authenticator = alice.group.epoch_authenticator
    for person in room.people:
        person.group, person.client = reloaded(person.group), reloaded(person.client)
        assert person.group.epoch_authenticator == authenticator
    if room.follower is not None:
        room.follower = reloaded(room.follower)
    room.agrees()
    bob.proposes(Group.propose_update)
    carol.commits(add=room.enter("Dave"))
    room.agrees()


def test_settings_and_entropy_are_given_again():
    group = follower_less()
    rows = group.save()
    settings, entropy = Settings(past_epochs=0), SeededEntropy(1)
    loaded = Group.load(rows, entropy=entropy, settings=settings)
    assert (loaded.settings, loaded.entropy) == (settings, entropy)
    assert Group.load(rows, settings=settings).entropy == os_entropy
    member = Client.load(client().save(), entropy=entropy, settings=settings)
    assert (member.settings, member.entropy) == (settings, entropy)
    assert PublicGroup.load(follower().save(), maximum_lifetime=5).maximum_lifetime == 5


def test_the_next_message_has_the_next_generation():
    _, alice, bob = gathered(2)
    alice.says(b"first")
    sent_octets = alice.group.sent_octets
    alice.group, sent = reloaded(alice.group).protect(b"second")
    assert alice.group.sent_octets > sent_octets
    assert bob.hears(sent).generation == 1
    assert alice.hears(sent) == OwnMessageEchoed(alice.group.epoch)


def test_a_replay_is_refused_after_loading():
    _, alice, bob = gathered(2)
    wire = alice.says(b"once")
    with refused(KeyConsumedError, generation=0):
        reloaded(bob.group).receive(wire, now=NOW)


def test_keys_of_skipped_messages_are_kept():
    _, alice, bob = gathered(2)
    wires = []
    for number in range(4):
        alice.group, wire = alice.group.protect(b"%d" % number)
        wires.append(wire)
    bob.hears(wires[2])
    bob.group = reloaded(bob.group)
    assert bob.hears(wires[0]).data == b"0"
    bob.group = reloaded(bob.group)
    assert bob.hears(wires[1]).data == b"1"
    assert bob.hears(wires[3]).data == b"3"
    with refused(KeyConsumedError, generation=0):
        bob.hears(wires[0])


def test_a_late_message_of_a_member_that_has_left_is_read_after_loading():
    _, alice, bob, carol = gathered(3)
    leaf = carol.group.leaf_node
    carol.group, wire = carol.group.protect(b"farewell")
    alice.commits(remove=[carol])
    alice.commits()
    bob.group = reloaded(bob.group)
    event = bob.hears(wire)
    assert (event.data, event.leaf_node) == (b"farewell", leaf)
    with refused(KeyConsumedError, generation=0):
        reloaded(bob.group).receive(wire, now=NOW)


def test_a_held_commit_is_confirmed_after_loading():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    draft = alice.group.commit(now=NOW, add=[carol.offers()])
    alice.group = reloaded(draft.hold())
    assert bob.hears(draft.commit)
    epoch = alice.group.epoch
    assert alice.hears(draft.commit) == OwnCommitConfirmed(epoch, draft.welcome)
    carol.joins(draft.welcome, by=alice)
    room.agrees()
    assert reloaded(alice.group).receive(draft.commit, now=NOW).events == (
        OwnCommitConfirmed(epoch),
    )


def test_a_held_commit_that_lost_is_erased():
    _, alice, bob = gathered(2, handshake=PUBLIC)
    stored = Stored(alice.group)
    written, erased = stored.keep(alice.group.commit(now=NOW).hold())
    assert (set(written), erased) == ({"held", "contents"}, ())
    wire = bob.group.commit(now=NOW).commit
    _, erased = stored.keep(taken(stored.value, wire))
    assert "held" in erased


def test_an_update_of_ones_own_can_be_committed_after_loading():
    room, alice, bob = gathered(2)
    alice.proposes(Group.propose_update)
    alice.group = reloaded(alice.group)
    bob.commits()
    room.agrees()
    assert not [name for name in alice.group.save() if name.startswith("update/")]


def test_proposals_come_back_in_their_order():
    _, alice, bob, _ = gathered(3)
    stored = Stored(alice.group)
    for leaf in (2, 1):
        alice.proposes(Group.propose_remove, leaf)
        bob.proposes(Group.propose_update)
        stored.keep(alice.group)
    first = alice.group.pending[0].reference
    assert reloaded(alice.group).pending == alice.group.pending
    written, erased = stored.keep(alice.group.without_proposal(first))
    assert erased == (f"proposal/{first.hex()}",)
    assert len(written) == 1 + 3  # the others move up
    assert stored.loaded().pending == stored.value.pending


def test_pre_shared_keys_come_back():
    room, alice, bob = gathered(2)
    for person in (alice, bob):
        person.group = reloaded(person.group.with_psk(PSK, PSK_VALUE))
    name, value = alice.group.resumption_psk
    alice.commits(psks=[PSK])
    alice.group, bob.group = reloaded(alice.group), reloaded(bob.group)
    bob.commits(psks=[name])
    room.agrees()
    assert alice.group.psk_value(name) == value
    stored = Stored(alice.group)
    _, (erased,) = stored.keep(alice.group.without_psk(PSK))
    assert erased.startswith("psk/")


def test_who_was_removed_stays_so():
    _, alice, bob = gathered(2, handshake=PUBLIC)
    stored = Stored(bob.group)
    alice.commits(remove=[bob])
    written, erased = stored.keep(bob.group)
    assert (set(written), erased) == ({"group"}, ())
    with refused(ClosedGroupError):
        stored.loaded().protect(b"I am still here")


def test_a_group_that_was_reinitialised_stays_so():
    _, alice, bob = gathered(2)
    next_group = ReInit(b"the next", ProtocolVersion.MLS10, alice.client.suite.code, ())
    alice.commits(reinit=next_group)
    assert reloaded(bob.group).reinit == next_group
    with refused(ClosedGroupError):
        reloaded(alice.group).protect(b"too late")


def test_a_client_joins_after_loading():
    room, alice = gathered(1)
    (bob,) = room.enter("Bob")
    stored = Stored(bob.client)
    draft = alice.group.commit(now=NOW, add=[bob.offers()])
    written, erased = stored.keep(bob.client)
    (name,) = (name for name in written if name != "contents")
    bob.client = stored.loaded()
    stored = Stored(bob.client)
    alice.group = draft.accept()
    bob.joins(draft.welcome, by=alice)
    written, erased = stored.keep(bob.client)
    assert (set(written), erased) == ({"contents"}, (name,))
    room.agrees()


def test_a_follower_forgets_the_group_info_with_the_epoch():
    room, alice, _ = gathered(2, handshake=PUBLIC)
    room.agrees()
    stored = Stored(room.follower)
    assert stored.loaded().group_info == room.follower.group_info
    alice.commits()
    written, erased = stored.keep(room.follower)
    assert (set(written), erased) == (
        {"public_group", "contents", "tree/0/0", "keys/0"},
        ("group_info",),
    )
    room.follower = stored.loaded()
    room.agrees()


# The deletion schedule


def in_the_clear(rows: dict[str, bytes], octets: bytes) -> list[str]:
    return [name for name, row in rows.items() if octets in row]


def test_what_a_message_consumes_is_erased():
    _, alice, *_ = gathered(5)
    stored, tree, epoch = Stored(alice.group), alice.group.message_keys, alice.group.epoch
    root = tree.frontier[7].reveal()
    assert in_the_clear(stored.rows, root) == [f"epoch/{epoch}/secret/7"]
    alice.says(b"first")
    written, erased = stored.keep(alice.group)
    assert erased == (f"epoch/{epoch}/secret/7",)
    assert not in_the_clear(stored.rows, root)
    assert {name for name in written if "secret" in name} == {
        f"epoch/{epoch}/secret/{node}" for node in (2, 5, 11)
    }
    used = alice.group.message_keys.senders[0].application.secret.reveal()
    assert in_the_clear(stored.rows, used) == [f"epoch/{epoch}/sender/0"]
    alice.says(b"second")
    written, erased = stored.keep(alice.group)
    assert (set(written), erased) == ({"sent", f"epoch/{epoch}/sender/0"}, ())
    assert not in_the_clear(stored.rows, used)


def test_the_key_of_a_skipped_message_is_erased_when_it_comes():
    _, alice, bob = gathered(2)
    alice.group, late = alice.group.protect(b"late")
    alice.says(b"early")
    stored = Stored(bob.group)
    key = bob.group.message_keys.senders[0].application.skipped[0].key.reveal()
    assert in_the_clear(stored.rows, key)
    bob.hears(late)
    stored.keep(bob.group)
    assert not in_the_clear(stored.rows, key)


def test_an_epoch_is_erased_with_the_window():
    _, alice, bob = gathered(2, past_epochs=2, handshake=PUBLIC)
    first = alice.group
    alice.says(b"first")
    stored = Stored(alice.group)
    names = {name for name in stored.rows if name.startswith(f"epoch/{first.epoch}/")}
    assert len(names) == 3
    exporter = f"epoch/{first.epoch}/exporter"
    for _ in range(2):
        bob.commits()
        _, erased = stored.keep(alice.group)
        assert names & set(erased) <= {exporter}
        assert in_the_clear(stored.rows, first.secrets.sender_data_secret.reveal())
    bob.commits()
    _, erased = stored.keep(alice.group)
    exporter = f"epoch/{alice.group.epoch - 1}/exporter"
    gone = {name for name in names if not name.endswith("exporter")}
    assert gone | {f"epoch/{first.epoch}", exporter} == set(erased)
    assert not in_the_clear(stored.rows, first.secrets.sender_data_secret.reveal())


def test_without_a_window_an_epoch_is_erased_at_once():
    _, alice, bob = gathered(2, past_epochs=0)
    stored, epoch = Stored(alice.group), alice.group.epoch
    init = alice.group.secrets.init_secret.reveal()
    bob.commits()
    _, erased = stored.keep(alice.group)
    assert erased == (f"epoch/{epoch}/secret/1", f"epoch/{epoch}/exporter")
    assert not in_the_clear(stored.rows, init)


def test_keys_that_a_commit_replaces_are_gone():
    _, alice, _ = gathered(2)
    stored = Stored(alice.group)
    keys = [key.reveal() for key in alice.group.private.keys.values()]
    assert all(in_the_clear(stored.rows, key) == ["group"] for key in keys)
    alice.commits()
    stored.keep(alice.group)
    assert not any(in_the_clear(stored.rows, key) for key in keys)


# Versions


@pytest.mark.parametrize("version", [2, 1 << 40])
@pytest.mark.parametrize("value", [eventful, follower, client])
def test_a_newer_version_is_told_from_damage(value, version):
    stored = Stored(value())
    for name, row in stored.rows.items():
        kind, _ = payload_of(row)
        rows = {**stored.rows, name: framed(name, kind, b"what nobody knows yet", version)}
        with pytest.raises(MimiError) as caught:
            reloaded(stored.value, rows)
        assert type(caught.value) is NewerSnapshotError
        assert caught.value.where == {"row": name, "version": version}


@pytest.mark.parametrize("version", [0, -1])
def test_there_is_no_older_version(version):
    stored = Stored(eventful())
    _, _, _, payload, _ = cbor.decode(stored.rows["sent"])
    rows = {**stored.rows, "sent": framed("sent", "sent", payload, version)}
    with damaged("sent", f"no version {version}"):
        reloaded(stored.value, rows)
