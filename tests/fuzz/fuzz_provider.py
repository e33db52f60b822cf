"""Fuzzing a provider: whatever another provider sends is answered, and what is refused is undone.

    python tests/fuzz/fuzz_provider.py --inputs 1000000 --seed 1

takes a request for each answer of each endpoint, from `protocol.endpoint_cases`, and claims by
other cipher suites, and changes them: the body as `changes` does with any encoding, perhaps to be
signed anew; the target, the headers, the method, and who is authenticated. For each request it
checks that `Provider.handle`

- raises nothing at all;
- answers with a status that the endpoint has, and a body that decodes, or says what it has to ask
  others first;
- returns the same state, and no effects, where it refuses;
- takes less than a second.

The inputs depend on nothing but the seed. The exit code is 1 if anything was found, or if hardly
anything is taken; the requests at fault are printed.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import attrs

if __name__ == "__main__":  # a script finds its own folder only
    sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.changes import CHANGES, invent
from protocol.endpoint_answers import OF_HTTP, called, is_refusal, written
from protocol.endpoint_cases import ALICE, CASES, NOWHERE, Case, asking, claim, other_method
from protocol.providers import BOB, ENTROPY, ROOM, device

from mimi.codec import decode, encode_as
from mimi.crypto import CipherSuite, Suite, suite_of
from mimi.errors import MimiError
from mimi.identity.percent import encode as percent_encoded
from mimi.protocol import FORMS, Endpoint, sign_group_info_request, sign_key_material_request
from mimi.protocol.groupinfo import GroupInfoRequest, GroupInfoRequestTBS
from mimi.protocol.http_errors import Status
from mimi.protocol.keys import KeyMaterialRequest, KeyMaterialRequestTBS
from mimi.protocol.provider_state import Fetch, ProviderStep, SendHttp

CHUNK = 5000
SUITES = (1, 2, 3, 7)
LEAST_TAKEN = 0.02
NANOSECONDS = 1_000_000_000
NAMES = (
    "mimi://a.example/u/alice",
    "mimi://a.example/r/clubhouse",
    "mimi://b.example/r/clubhouse",
    "mimi://xn--bcher-kva.example/u/b%C3%BCcher",
    "MIMI://A.EXAMPLE/u/alice",
    "mimi://a.example:443/r/clubhouse",
    "mimi://a.example/r/club house",
    "mimi://a.example/r/clubhouse\r\nFrom: mimi@c.example",
    "mimi://a.example/r/\u202eesuohbulc",
    "a.example",
    "c.example",
    "https://assets.b.example/x",
    "https://assets.b.example@a.example/x",
    "https://assets.b.example.a.example/x",
    "https://a\u017f\u017fets.b.example/x",
    str(NOWHERE),
    "",
)
"""What may stand where an endpoint is asked about something."""


class FindingError(Exception):
    """What must not happen, with the request that makes it happen."""

    def __init__(self, asked: Case, what: str) -> None:
        carried = dict(asked.carried)
        carried["body"] = carried.get("body", asked.request.body).hex()
        super().__init__(f"{asked.request.url}: {what}\n    {carried}")


# Changes


@cache
def seeds() -> dict[Endpoint, list[Case]]:
    """Return the requests of each endpoint whose bodies are read.

    Devices draw keys for them, others each time: so they are made once.
    """
    made: dict[Endpoint, list[Case]] = {endpoint: [] for endpoint in Endpoint}
    for (endpoint, outcome), make in CASES.items():
        if outcome not in map(called, OF_HTTP):
            made[endpoint].append(make())
    for code in SUITES:
        suite = suite_of(CipherSuite(code))
        made[Endpoint.GROUP_INFO].append(asking(Endpoint.GROUP_INFO, ROOM, _claim(suite)))
        made[Endpoint.KEY_MATERIAL].append(claim(ALICE, suite=suite))
    return made


def _claim(suite: Suite) -> GroupInfoRequest:
    """Return a claim of the group info by a cipher suite."""
    client, key = device(BOB, suite=suite), suite.generate_key_pair(ENTROPY)
    asked = GroupInfoRequestTBS(
        suite.code, client.signer.public, client.credential, key.public, None
    )
    return sign_group_info_request(asked, client.signer)


def carrying(asked: Case, **carried: Any) -> Case:
    """Return a request that arrives otherwise."""
    return attrs.evolve(asked, carried={**asked.carried, **carried})


def body_of(asked: Case) -> bytes:
    return asked.carried.get("body", asked.request.body)


def _target(asked: Case) -> str:
    return str(asked.carried.get("target", asked.request.request_target))


def change_body(random: Random, endpoint: Endpoint, asked: Case, other: Case) -> Case:
    """Change the body, and sign it anew or not."""
    declared, body = FORMS[endpoint].request, body_of(asked)
    change = random.choices(list(CHANGES), list(CHANGES.values()))[0]
    if declared is None or not body:
        return carrying(asked, body=random.randbytes(random.randrange(8)))
    try:
        changed = change(random, declared, body, body_of(other))
    except MimiError:  # one of the seeds is no encoding
        changed = invent(random, declared, body, b"")
    return carrying(asked, body=signed(endpoint, changed) if random.random() < 0.5 else changed)


def _unsigned(declared: Any, value: Any) -> Any:
    return decode(declared, encode_as(declared, value))


def signed(endpoint: Endpoint, body: bytes) -> bytes:
    """Return a body that is signed anew, where it can be."""
    try:
        if endpoint is Endpoint.KEY_MATERIAL:
            asked = _unsigned(KeyMaterialRequestTBS, decode(KeyMaterialRequest, body))
            suite = suite_of(asked.acceptable_ciphersuites[0])
            made: Any = sign_key_material_request(suite, asked, device(BOB, suite=suite).signer)
        elif endpoint is Endpoint.GROUP_INFO:
            wanted = _unsigned(GroupInfoRequestTBS, decode(GroupInfoRequest, body))
            signer = device(BOB, suite=suite_of(wanted.cipher_suite)).signer
            made = sign_group_info_request(wanted, signer)
        else:
            return body
    except (MimiError, IndexError):
        return body
    return FORMS[endpoint].write(made)


def change_target(random: Random, _endpoint: Endpoint, asked: Case, _other: Case) -> Case:
    """Ask about something else, or at another place."""
    target = _target(asked)
    place, _, _ = target.rpartition("/")
    name = random.choice(NAMES)
    kind = random.randrange(5)
    if kind == 0:
        return carrying(asked, target=f"{place}/{percent_encoded(name)}")
    if kind == 1:
        return carrying(asked, target=f"{place}/{name}")
    if kind == 2:
        return carrying(
            asked, target=place + random.choice(("", "/", "//", "/%", "/%00", "/?", "#"))
        )
    at = random.randrange(len(target) + 1)
    if kind == 3:
        return carrying(asked, target=target[:at] + random.choice("%/?#\0\n é\ud800") + target[at:])
    return carrying(asked, target=target[:at] + target[at + 1 :])


def change_headers(random: Random, _endpoint: Endpoint, asked: Case, _other: Case) -> Case:
    """Drop, repeat and change headers, or add some."""
    headers = [tuple(header) for header in asked.carried.get("headers", asked.request.headers)]
    at = random.randrange(len(headers))
    name, value = headers[at]
    kind = random.randrange(6)
    if kind == 0:
        del headers[at]
    elif kind == 1:
        headers.append((random.choice((name, name.upper(), f"{name} ")), value))
    elif kind == 2:
        where = random.randrange(len(value) + 1)
        put = random.choice(
            ("\t", " ", ":", "@", ";", ",", "\r\n", "\0", "\u017f", "é", "[::1]", ".")
        )
        headers[at] = (name, value[:where] + put + value[where:])
    elif kind == 3:
        headers[at] = (name, value.swapcase())
    elif kind == 4:
        headers[at] = (name, value * random.choice((0, 2, 100)))
    else:
        headers += [("X-" + name, value), ("From ", "mimi@c.example")]
    return carrying(asked, headers=tuple(headers))


def change_place(random: Random, endpoint: Endpoint, asked: Case, other: Case) -> Case:
    """Let another method be used, or somebody else ask; or send a body to another place."""
    kind = random.randrange(3)
    if kind == 0:
        methods = (other_method(asked.request), "", "post", "POST ", "DELETE")
        return carrying(asked, method=random.choice(methods))
    if kind == 1:
        return carrying(asked, authenticated=random.choice((set(), {asked.provider.provider})))
    return carrying(asked, body=body_of(other))


Change = Callable[[Random, Endpoint, Case, Case], Case]
OF_REQUESTS: dict[Change, int] = {
    change_body: 70,
    change_target: 12,
    change_headers: 12,
    change_place: 6,
}


# What is checked


def check(endpoint: Endpoint, asked: Case) -> tuple[int, float]:
    """Return the status of the answer, 0 where others are asked first, and the seconds it took.

    Raises:
        FindingError: Something else happens.
    """
    started = time.process_time_ns()
    try:
        step = asked.step()
    except Exception as error:
        raise FindingError(asked, f"handle raised {error!r}") from error
    took = (time.process_time_ns() - started) / NANOSECONDS
    if took > 1:
        raise FindingError(asked, f"takes {took:.1f} s")
    return _check_step(endpoint, asked, step), took


def _check_step(endpoint: Endpoint, asked: Case, step: ProviderStep) -> int:
    response = step.response
    if response is None:
        if step.state is not asked.state or len(step.effects) != 1:
            raise FindingError(asked, f"asks others, and does {step.effects}")
        if not isinstance(step.effects[0], Fetch | SendHttp):
            raise FindingError(asked, f"answers nothing, and does {step.effects}")
        return 0
    if response.status not in set().union(*map(written, Endpoint)):
        raise FindingError(asked, f"is answered {response.status}")
    if response.status < 400 and response.status != FORMS[endpoint].success:
        raise FindingError(asked, f"is answered {response.status}")
    if is_refusal(endpoint, response):
        if response.status >= 400 and response.body:
            raise FindingError(asked, "is refused with a body")
        if step.state is not asked.state:
            raise FindingError(asked, f"is refused with {response.status}, and changes the state")
        if step.effects and response.status != Status.NOT_FOUND:  # what is dropped is told
            raise FindingError(asked, f"is refused with {response.status}, and does {step.effects}")
    return response.status


# Running


@attrs.define
class Totals:
    """What a run has seen."""

    statuses: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    findings: list[str] = attrs.field(factory=list)
    slowest: float = 0.0

    @property
    def inputs(self) -> int:
        """How many requests there were."""
        return self.statuses.total()

    @property
    def share(self) -> float:
        """Which share of them was taken."""
        taken = sum(count for (_, status), count in self.statuses.items() if status < 400)
        return taken / max(self.inputs, 1)

    def add(self, other: "Totals") -> None:
        """Add what another process has seen."""
        self.statuses += other.statuses
        self.findings += other.findings
        self.slowest = max(self.slowest, other.slowest)

    def count(self, endpoint: Endpoint, asked: Case) -> None:
        """Check one request, and count it."""
        try:
            status, took = check(endpoint, asked)
        except FindingError as finding:
            self.findings.append(str(finding))
            return
        self.statuses[endpoint.value, status] += 1
        self.slowest = max(self.slowest, took)


def fuzz(seed: str, inputs: int) -> Totals:
    """Check so many requests, the same ones for the same *seed*."""
    random, totals, listed = Random(seed), Totals(), seeds()
    endpoints, changes, weights = list(listed), list(OF_REQUESTS), list(OF_REQUESTS.values())
    for index in range(inputs):
        endpoint = endpoints[index % len(endpoints)]
        asked, other = random.choice(listed[endpoint]), random.choice(listed[endpoint])
        if random.random() < 0.1:
            other = random.choice(listed[random.choice(endpoints)])
        for change in random.choices(changes, weights, k=random.choice((1, 1, 1, 2))):
            asked = change(random, endpoint, asked, other)
        totals.count(endpoint, asked)
    return totals


def _chunk(work: tuple[str, int]) -> Totals:
    return fuzz(*work)


def run(inputs: int, seed: int, processes: int) -> Totals:
    """Check so many requests; the number of processes does not change them."""
    work = [(f"{seed}/{start}", min(CHUNK, inputs - start)) for start in range(0, inputs, CHUNK)]
    totals = Totals()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, part in enumerate(pool.imap_unordered(_chunk, work), 1):
            totals.add(part)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(work)} parts", end="", file=sys.stderr)
    return totals


def report(totals: Totals) -> None:
    """Print what a run has seen."""
    statuses = sorted({status for _, status in totals.statuses})
    print(f"{'endpoint':18}" + "".join(f"{status or 'asks':>8}" for status in statuses))
    for endpoint in Endpoint:
        counts = (totals.statuses[endpoint.value, status] for status in statuses)
        print(f"{endpoint.value:18}" + "".join(f"{count:8d}" for count in counts))
    print(f"{totals.inputs} requests, {totals.share:.1%} taken, {totals.slowest:.3f} s at most")


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="fuzz a provider's machine")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    totals = run(options.inputs, options.seed, options.processes)
    report(totals)
    print(f"{time.perf_counter() - started:.0f} s")
    if totals.share < LEAST_TAKEN:
        totals.findings.append(f"only {totals.share:.1%} of the requests are taken")
    print("\n".join(f"FOUND {finding}" for finding in totals.findings) or "nothing found")
    return 1 if totals.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
