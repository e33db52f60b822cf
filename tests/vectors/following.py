"""Following the case of a passive client event by event, to see what happens in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vectors.corruption import cases_of

from mimi.codec import decode
from mimi.crypto import Secret, SeededEntropy, suite_of
from mimi.mls import (
    Client,
    CommitStaged,
    ExternalPSK,
    Group,
    MLSMessage,
    OwnKeyPackage,
    ProposalReceived,
    Settings,
    StagedJoin,
)

FOR_EVER = (1 << 64) - 1
NOW = 0


class Passed(NamedTuple):
    """An epoch that passed: the proposals that came, the commit, and the group after it."""

    proposals: tuple[ProposalReceived, ...]
    commit: CommitStaged[Group]
    wires: tuple[str, ...]
    group: Group


def octets(case: Any, name: str) -> bytes:
    return bytes.fromhex(case[name])


def staged(case: Any) -> StagedJoin[Client, Group]:
    """The group of a case, still to be joined."""
    suite = suite_of(case["cipher_suite"])
    package = decode(MLSMessage, octets(case, "key_package")).body
    own = OwnKeyPackage(
        package,
        suite.hpke_private_key(octets(case, "init_priv")),
        suite.hpke_private_key(octets(case, "encryption_priv")),
        suite.signature_private_key(octets(case, "signature_priv")),
    )
    client = Client.create(
        package.leaf_node.credential,
        suite,
        signer=own.signer,
        settings=Settings(maximum_lifetime=FOR_EVER),
        entropy=SeededEntropy(1),
    ).with_key_package(own)
    for psk in case["external_psks"]:
        client = client.with_psk(ExternalPSK(octets(psk, "psk_id")), Secret(octets(psk, "psk")))
    tree = None if case["ratchet_tree"] is None else octets(case, "ratchet_tree")
    return client.join(octets(case, "welcome"), now=NOW, tree=tree)


def passed(case: Any) -> Iterator[Passed]:
    """What happens in a case, epoch by epoch."""
    _, group = staged(case).accept()
    for epoch in case["epochs"]:
        received = []
        for wire in epoch["proposals"]:
            step = group.receive(bytes.fromhex(wire), now=NOW)
            group = step.group
            received += step.events
        (commit,) = group.receive(octets(epoch, "commit"), now=NOW).events
        group = commit.accept().group
        yield Passed(tuple(received), commit, (*epoch["proposals"], epoch["commit"]), group)


def epochs_of(path: Path) -> Iterator[tuple[Any, tuple[Passed, ...]]]:
    """The cases of a file of our own, each with what happens in it."""
    for case in cases_of(path):
        yield case, tuple(passed(case))
