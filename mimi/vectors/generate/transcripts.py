"""Transcripts of several providers and devices: four scenarios, each in a file of its own."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from mimi.crypto import CipherSuite, SeededEntropy, suite_of
from mimi.vectors.generate.transcript_example import example
from mimi.vectors.generate.transcript_failures import failures
from mimi.vectors.generate.transcript_policy import policy
from mimi.vectors.generate.transcript_services import services
from mimi.vectors.generate.written import Vector


def example_flow(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield the draft's example flow."""
    yield example(suite_of(CipherSuite.X25519_AES128), entropy)


def refusals(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield a moderated room, and what a hub refuses."""
    yield policy(suite_of(CipherSuite.P256_AES128), entropy)


def recoveries(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield what goes wrong on the way."""
    yield failures(suite_of(CipherSuite.X25519_CHACHA20), entropy)


def further_services(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield what providers do for each other beside rooms."""
    yield services(suite_of(CipherSuite.X448_AES256), entropy)


TRANSCRIPTS: Mapping[str, Callable[[SeededEntropy], Iterator[Vector]]] = MappingProxyType(
    {
        "transcript-example": example_flow,
        "transcript-policy": refusals,
        "transcript-failures": recoveries,
        "transcript-services": further_services,
    }
)
"""From files, without ``.json``, to what writes their only case."""
