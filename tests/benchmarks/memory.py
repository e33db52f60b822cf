"""Memory of a group of many, per member: ``python tests/benchmarks/memory.py [--members N]``.

A client joins a full group from a Welcome. Reported are what the join allocates at its peak, and
what is left of it in the end, both divided by the number of members; and what the first commit
adds, since the group before and the group after share what did not change.
"""

import argparse
import gc
import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.large import NOW, SUITE, full

from mimi.crypto import SeededEntropy
from mimi.mls import Client, CommitStaged
from mimi.tree import BasicCredential


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    members = parser.parse_args().members
    joiner = Client.create(BasicCredential(b"joiner"), SUITE, entropy=SeededEntropy(b"joiner"))
    joiner, package = joiner.key_package(now=NOW)
    draft = full(members).group(0).commit(add=[package], now=NOW)
    welcome, group = draft.welcome, draft.accept()
    commit = group.commit(now=NOW).commit
    del draft, group
    gc.collect()
    tracemalloc.start()
    _, joined = joiner.join(welcome, now=NOW).accept()
    gc.collect()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    (event,) = joined.receive(commit, now=NOW).events
    assert isinstance(event, CommitStaged)
    after = event.accept().group
    del event
    gc.collect()
    both, _ = tracemalloc.get_traced_memory()
    print(f"{members} members, Welcome of {len(welcome)} octets")
    print(f"peak while joining: {peak / members:8.0f} octets a member")
    print(f"kept after joining: {kept / members:8.0f} octets a member")
    print(f"first commit adds:  {both - kept:8d} octets, epoch {after.epoch}")


if __name__ == "__main__":
    main()
