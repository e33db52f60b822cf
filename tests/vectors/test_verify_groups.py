"""Passive clients: whose fault it is when a group cannot be followed."""

import pytest
from vectors.corruption import FILES, KIND_OF, cases_of, changed, replaced

from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy, suite_of
from mimi.mls import MLSMessage
from mimi.tree.leaf import KeyPackageSource, Lifetime, UpdateSource
from mimi.tree.math import LeafIndex
from mimi.vectors import checked_fields, verify_case
from mimi.vectors.generate.party import NOW, Manner, Party

KIND = KIND_OF["passive-client-welcome"]
WELCOMES = cases_of(FILES["own-passive-client-welcome"])[:5]
FOUNDER, WITH_PSKS, UNMERGED, BETWEEN, CERTIFIED = WELCOMES
PUBLIC, PRIVATE = cases_of(FILES["own-passive-client-handling-commit"])[:2]


def failure_of(case):
    failure = verify_case(KIND, case)
    assert failure is not None
    return failure


def test_every_field_of_a_case_is_checked_but_what_it_takes():
    inputs = {"external_psks[0].psk_id", "external_psks[0].psk"}
    names = {field for field, _ in checked_fields(KIND, BETWEEN)}
    assert names | {"external_psks", "epochs"} == KIND.fields
    names = {field for field, _ in checked_fields(KIND, PUBLIC)}
    assert {"epochs[15].commit", "epochs[15].epoch_authenticator"} <= names
    assert "epochs[2].proposals[0]" in names
    assert not names & inputs


# The client


def test_another_message_is_no_key_package():
    failure = failure_of(FOUNDER | {"key_package": FOUNDER["welcome"]})
    assert (failure.field, failure.expected) == ("key_package", "a key package")
    assert failure.got == "Welcome"


def test_the_key_package_of_another_suite_is_named():
    assert failure_of(FOUNDER | {"cipher_suite": 3}).field == "key_package"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (UpdateSource(), "LeafSourceError"),
        (KeyPackageSource(Lifetime(2, 1)), "LifetimeError"),
        (KeyPackageSource(Lifetime(1, 2)), "SignatureError"),
    ],
)
def test_the_leaf_of_a_key_package_is_one_that_can_be_added(source, error):
    package = decode(MLSMessage, bytes.fromhex(FOUNDER["key_package"])).body
    other = replace(package, leaf_node=replace(package.leaf_node, leaf_node_source=source))
    failure = failure_of(FOUNDER | {"key_package": encode(MLSMessage(other)).hex()})
    assert failure.field == "key_package"
    assert error in failure.got


@pytest.mark.parametrize("name", ["init_priv", "encryption_priv", "signature_priv"])
def test_a_private_key_that_is_anothers_is_named(name):
    failure = failure_of(FOUNDER | {name: BETWEEN[name]})
    assert failure.field == name
    assert failure.expected.startswith("the private key of ")


# Its group


def test_the_welcome_of_another_is_named():
    failure = failure_of(FOUNDER | {"welcome": BETWEEN["welcome"]})
    assert failure.field == "welcome"
    assert "NoSecretsError" in failure.got


@pytest.mark.parametrize("tree", [None, UNMERGED["ratchet_tree"]])
def test_a_tree_that_is_not_that_of_the_welcome_is_named(tree):
    failure = failure_of(WITH_PSKS | {"ratchet_tree": tree})
    assert (failure.field, failure.expected) == ("ratchet_tree", "the tree of the Welcome")


def test_a_tree_beside_another_in_the_welcome_is_named():
    failure = failure_of(BETWEEN | {"ratchet_tree": UNMERGED["ratchet_tree"]})
    assert failure.field == "ratchet_tree"
    assert failure.expected[:100] == UNMERGED["ratchet_tree"][:100]


@pytest.mark.parametrize("name", ["psk_id", "psk"])
def test_another_pre_shared_key_shows_where_it_is_used(name):
    for index in range(3):
        steps = ("external_psks", index, name)
        value = WITH_PSKS["external_psks"][index][name]
        assert failure_of(replaced(WITH_PSKS, steps, changed(value))).field == "welcome"
        value = PUBLIC["external_psks"][index][name]
        field = failure_of(replaced(PUBLIC, steps, changed(value))).field
        assert field == f"epochs[{4 if index < 2 else 5}].commit"


# What follows


def test_a_commit_of_a_proposal_that_did_not_arrive_is_named():
    for case in (PUBLIC, PRIVATE):
        for number, epoch in enumerate(case["epochs"]):
            fewer = replaced(case, ("epochs", number, "proposals"), epoch["proposals"][1:])
            if number == 7:  # where what is proposed is not committed
                assert verify_case(KIND, fewer) is None
            elif epoch["proposals"]:
                failure = failure_of(fewer)
                assert failure.field == f"epochs[{number}].commit"
                assert "MissingProposals" in failure.got


def test_messages_in_each_others_places_are_named():
    for case in (PUBLIC, PRIVATE):
        commit = case["epochs"][0]["commit"]
        proposals = case["epochs"][2]["proposals"]
        failure = failure_of(replaced(case, ("epochs", 0, "proposals"), [commit]))
        assert (failure.field, failure.expected) == ("epochs[0].proposals[0]", "a proposal")
        assert failure.got.startswith("CommitStaged")
        other = {"proposals": [], "commit": proposals[0]}
        failure = failure_of(replaced(case, ("epochs", 2), case["epochs"][2] | other))
        assert (failure.field, failure.expected) == ("epochs[2].commit", "a commit")
        assert failure.got.startswith("ProposalReceived")


def test_messages_of_other_epochs_are_named():
    for case in (PUBLIC, PRIVATE):
        for epochs in (case["epochs"][1:], [case["epochs"][0], *case["epochs"]]):
            failure = failure_of(case | {"epochs": epochs})
            assert failure.field == f"epochs[{int(len(epochs) > len(case['epochs']))}].commit"
            assert "FutureEpoch" in failure.got or "WrongEpochError" in failure.got


def test_a_commit_that_removes_the_client_cannot_be_followed():
    party = Party.start(suite_of(1), SeededEntropy(1), Manner())
    vector = party.invite(0, lambda package: lambda group: group.commit(now=NOW, add=[package]))
    party.commit(0, lambda group: group.commit(now=NOW, remove=[LeafIndex(1)]))
    case = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in vector.items()
    }
    (epoch,) = vector["epochs"]
    case["epochs"] = [
        epoch
        | {"commit": epoch["commit"].hex()}
        | {"epoch_authenticator": epoch["epoch_authenticator"].hex()}
    ]
    failure = failure_of(case)
    assert (failure.field, failure.got) == ("epochs[0].commit", "one that removes us")
