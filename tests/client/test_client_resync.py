"""A commit that the hub accepts and members cannot process: reported, and recovered from."""

import pytest
from client.neighbourhood import Neighbourhood, text
from mls.attacker import Attacker, zeros

from mimi.client import Joined, NeedsResync
from mimi.codec import decode
from mimi.mls import MLSMessage, safe_aad
from mimi.mls.errors import ConfirmationTagError
from mimi.mls.tree_options import ServedRatchetTree
from mimi.mls.welcome import sign_group_info
from mimi.protocol.update import CommitBundle, FullGroupInfo, UpdateAccepted, update_request


def false_commit(there, name):
    """Return an update whose confirmation tag is another than that of the epoch that it opens."""
    group, hub = there.of(name).group, there.room.group
    attacker = Attacker.inside(group)
    components = group.settings.components
    wire = attacker.commit(tag=zeros, aad=safe_aad(()), components=components)
    (event,) = hub.receive(wire, now=there.now // 1000).events
    then = event.accept(hub).group
    info = sign_group_info(
        then.suite,
        then.context,
        hub.group_info.extensions,
        then.state.confirmation_tag,
        group.leaf_index,
        group.signer,
    )
    bundle = CommitBundle(None, FullGroupInfo(info), ServedRatchetTree())
    return update_request(decode(MLSMessage, wire), bundle)


@pytest.mark.parametrize("restoring", [False, True])
def test_a_commit_of_which_the_tag_is_false(restoring):
    there = Neighbourhood(restoring=restoring)
    there.create("alice/phone")
    there.add("alice/phone", "alice", "bob")
    there.say("bob/laptop", text("Before", b"1"))
    response = there.update("bob/phone", false_commit(there, "bob/phone"))
    assert isinstance(response.details, UpdateAccepted)
    there.inbox["bob/phone"].clear()
    there.hear()
    names = ("alice/phone", "alice/laptop", "bob/laptop")
    for name in names:
        event = there.events[name][-1]
        assert isinstance(event, NeedsResync)
        assert type(event.reason) is ConfirmationTagError
    for name in names:
        there.inbox[name].clear()
        (event,) = there.come_in(name)
        assert isinstance(event, Joined)
    there.say("alice/laptop", text("After", b"2"))
    there.check_agreement(*names)
    assert [entry.text for entry in there.of("bob/laptop").shown] == ["Before", "After"]
