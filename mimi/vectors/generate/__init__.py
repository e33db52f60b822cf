"""Writing test vectors of our own: those of MLS, of its extensions, and of MIMI.

::

    files = generate(1)                 # from file names to octets
    files["treekem.json"]               # the same for the same seed, everywhere and for ever
    generate(1, "content")["refused.json"]

Those of MLS have the published formats; the other sets are described by their READMEs, each in its
folder of ``vectors``.

All randomness comes from the seed: each kind, and in it each cipher suite, reads a stream of its
own, so that a change to one kind leaves the others as they are.
"""

from collections.abc import Callable, Iterable, Iterator

from mimi.crypto import SeededEntropy, Suite
from mimi.errors import UsageError
from mimi.vectors.generate.basics import crypto_basics, deserialization, tree_math
from mimi.vectors.generate.content_attachments import attachments
from mimi.vectors.generate.content_choices import choices
from mimi.vectors.generate.content_context import (
    derived_values,
    receptions,
    references,
    reports,
    salts,
)
from mimi.vectors.generate.content_conversations import conversations
from mimi.vectors.generate.content_extensions import extensions
from mimi.vectors.generate.content_markdown import texts
from mimi.vectors.generate.content_messages import accepted
from mimi.vectors.generate.content_refused import refused
from mimi.vectors.generate.identity import eye, foreign, uris
from mimi.vectors.generate.messages import message_protection, welcome
from mimi.vectors.generate.mls_agreement import framings, message_ids, negotiations, safe_aads
from mimi.vectors.generate.mls_credentials import multi_credentials
from mimi.vectors.generate.mls_data import dictionaries
from mimi.vectors.generate.mls_groups_read import all_groups
from mimi.vectors.generate.mls_keys import encryption, exports, psks, signing
from mimi.vectors.generate.mls_members import app_acks, last_resorts, self_removes
from mimi.vectors.generate.mls_semiprivate import semi_private
from mimi.vectors.generate.mls_trees import partial_group_infos, tree_options
from mimi.vectors.generate.mls_updates import updates
from mimi.vectors.generate.passive import (
    passive_handling_commit,
    passive_random,
    passive_welcome,
)
from mimi.vectors.generate.policy import (
    combinations,
    components,
    decisions,
    foundings,
    join_links,
    participants,
)
from mimi.vectors.generate.protocol import PROTOCOL
from mimi.vectors.generate.schedule import (
    key_schedule,
    psk_secrets,
    secret_tree,
    transcript_hashes,
)
from mimi.vectors.generate.syntax import message_structures
from mimi.vectors.generate.trees import tree_operations, tree_validation, treekem
from mimi.vectors.generate.written import SUITES, Vector, written

OfSuite = Callable[[Suite, SeededEntropy], Iterable[Vector]]
Maker = Callable[[SeededEntropy], Iterable[Vector]]


def _in_each_suite(make: OfSuite, suites: Iterable[Suite] = SUITES) -> Maker:
    def made(entropy: SeededEntropy) -> Iterator[Vector]:
        for suite in suites:
            yield from make(suite, entropy.fork(int(suite.code).to_bytes(2, "big")))

    return made


_MLS: dict[str, Maker] = {
    "tree-math": lambda _: tree_math(),
    "crypto-basics": _in_each_suite(crypto_basics),
    "deserialization": lambda _: deserialization(),
    "key-schedule": _in_each_suite(key_schedule),
    "psk_secret": _in_each_suite(psk_secrets),
    "secret-tree": _in_each_suite(secret_tree),
    "transcript-hashes": _in_each_suite(transcript_hashes),
    "messages": _in_each_suite(message_structures),
    "message-protection": _in_each_suite(message_protection),
    "welcome": _in_each_suite(welcome),
    "tree-operations": _in_each_suite(tree_operations),
    "tree-validation": _in_each_suite(tree_validation),
    "treekem": _in_each_suite(treekem),
    "passive-client-welcome": _in_each_suite(passive_welcome),
    "passive-client-handling-commit": _in_each_suite(passive_handling_commit),
    "passive-client-random": _in_each_suite(passive_random),
}

_CONTENT: dict[str, Maker] = {
    "messages": accepted,
    "refused": refused,
    "status": reports,
    "derived": derived_values,
    "received": receptions,
    "references": references,
    "salts": salts,
    "extensions": extensions,
    "attachments": attachments,
    "conversations": conversations,
    "choices": choices,
    "markdown": lambda _: texts(),
}

_IDENTITY: dict[str, Maker] = {
    "uris": lambda _: uris(),
    "foreign": lambda _: foreign(),
    "eye": lambda _: eye(),
}

EXTENSION_SUITES = tuple(suite for suite in SUITES if suite.code in (1, 2, 3, 7))
"""The cipher suites of the vectors of the MLS extensions: various curves, AEADs and hashes."""


def _in_some_suites(make: OfSuite) -> Maker:
    return _in_each_suite(make, EXTENSION_SUITES)


_EXTENSIONS: dict[str, Maker] = {
    "signing": _in_some_suites(signing),
    "encryption": _in_some_suites(encryption),
    "exports": _in_some_suites(exports),
    "psks": _in_some_suites(psks),
    "dictionaries": _in_some_suites(dictionaries),
    "updates": _in_some_suites(updates),
    "safe-aad": _in_some_suites(safe_aads),
    "message-ids": _in_some_suites(message_ids),
    "framing": _in_some_suites(framings),
    "negotiation": _in_some_suites(negotiations),
    "app-acks": _in_some_suites(app_acks),
    "self-removes": _in_some_suites(self_removes),
    "last-resort": _in_some_suites(last_resorts),
    "multi-credentials": _in_some_suites(multi_credentials),
    "semi-private": _in_some_suites(semi_private),
    "tree-options": _in_some_suites(tree_options),
    "partial-group-infos": _in_some_suites(partial_group_infos),
    "groups": _in_some_suites(all_groups),
}

_POLICY: dict[str, Maker] = {
    "components": lambda _: components(),
    "participants": lambda _: participants(),
    "join_links": lambda _: join_links(),
    "decisions": lambda _: decisions(),
    "combinations": lambda _: combinations(),
    "foundings": lambda _: foundings(),
}

_SETS = {
    "mls": _MLS,
    "content": _CONTENT,
    "identity": _IDENTITY,
    "mls-extensions": _EXTENSIONS,
    "policy": _POLICY,
    "protocol": PROTOCOL,
}

SETS: tuple[str, ...] = tuple(_SETS)
"""The sets of vectors, each of which is a folder."""

GENERATED: tuple[str, ...] = tuple(_MLS)
"""The files of the set ``mls``, by their names without ``.json``."""

GENERATED_CONTENT: tuple[str, ...] = tuple(_CONTENT)
"""The files of the set ``content``."""

GENERATED_EXTENSIONS: tuple[str, ...] = tuple(_EXTENSIONS)
"""The files of the set ``mls-extensions``."""

GENERATED_POLICY: tuple[str, ...] = tuple(_POLICY)
"""The files of the set ``policy``."""

GENERATED_PROTOCOL: tuple[str, ...] = tuple(PROTOCOL)
"""The files of the set ``protocol``."""


def generate(seed: int, of: str = "mls") -> dict[str, bytes]:
    """Return a whole set of vectors: from file names to octets.

    Args:
        seed: What the vectors depend on.
        of: One of `SETS`.

    Raises:
        UsageError: There is no such set.
    """
    return {f"{kind}.json": generate_kind(kind, seed, of) for kind in _makers(of)}


def generate_kind(kind: str, seed: int, of: str = "mls") -> bytes:
    """Return one file.

    Args:
        kind: A file of the set, as one of `GENERATED` or of `GENERATED_CONTENT`.
        seed: What the vectors depend on.
        of: One of `SETS`.

    Raises:
        UsageError: There is no such set, or no such kind in it.
    """
    maker = _makers(of).get(kind)
    if maker is None:
        raise UsageError(f"no vectors of kind {kind} can be generated", kind=kind)
    name = kind if of == "mls" else f"{of}/{kind}"
    return written(maker(SeededEntropy(seed).fork(name.encode())))


def _makers(of: str) -> dict[str, Maker]:
    if of not in _SETS:
        raise UsageError(f"no set of vectors {of}: {', '.join(SETS)}", set=of)
    return _SETS[of]


__all__ = [
    "GENERATED",
    "GENERATED_CONTENT",
    "GENERATED_EXTENSIONS",
    "GENERATED_POLICY",
    "GENERATED_PROTOCOL",
    "SETS",
    "generate",
    "generate_kind",
]
