"""The protocol between providers: all files of the set."""

from collections.abc import Callable, Iterable, Iterator

from mimi.crypto import SeededEntropy, Suite
from mimi.vectors.generate.protocol_bodies import bodies
from mimi.vectors.generate.protocol_checks import checks
from mimi.vectors.generate.protocol_directory import directories
from mimi.vectors.generate.protocol_franks import franking_agents, franks, reports
from mimi.vectors.generate.protocol_groupinfos import (
    group_info_requests,
    group_info_responses,
)
from mimi.vectors.generate.protocol_http import requests, responses
from mimi.vectors.generate.protocol_keys import identity_links, key_material_requests
from mimi.vectors.generate.protocol_material import key_material_responses
from mimi.vectors.generate.transcripts import TRANSCRIPTS
from mimi.vectors.generate.written import SUITES, Vector

Maker = Callable[[SeededEntropy], Iterable[Vector]]


def _in_each_suite(make: Callable[[Suite, SeededEntropy], Iterable[Vector]]) -> Maker:
    def made(entropy: SeededEntropy) -> Iterator[Vector]:
        for suite in SUITES:
            yield from make(suite, entropy.fork(int(suite.code).to_bytes(2, "big")))

    return made


PROTOCOL: dict[str, Maker] = {
    "bodies": lambda _: bodies(),
    "checks": checks,
    "directories": lambda _: directories(),
    "requests": lambda _: requests(),
    "responses": lambda _: responses(),
    "key-material-requests": _in_each_suite(key_material_requests),
    "key-material-responses": _in_each_suite(key_material_responses),
    "franks": _in_each_suite(franks),
    "franking-agents": _in_each_suite(franking_agents),
    "group-info-requests": _in_each_suite(group_info_requests),
    "group-info-responses": _in_each_suite(group_info_responses),
    "reports": _in_each_suite(reports),
    "identity-links": _in_each_suite(identity_links),
    **TRANSCRIPTS,
}
"""From files of the set ``protocol``, without ``.json``, to what writes their cases."""
