"""Every request, by the rows of its scope alone: it is answered as if all rows were there."""

import attrs
import pytest
from protocol.endpoint_answers import called
from protocol.endpoint_cases import (
    ABROAD,
    ALICE,
    CASES,
    Case,
    asking,
    octets,
    present,
    provider,
    town,
)
from protocol.providers import device, package
from protocol.town import A

from mimi.identity import UserUri
from mimi.protocol import Endpoint, KeyMaterialRequestTBS, sign_key_material_request
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.http_errors import Status
from mimi.protocol.provider_rows import open_provider
from mimi.tree.extension import RequiredCapabilities

DORA = UserUri(A, "dora")


def _a_claim_by_a_hub_abroad() -> Case:
    """Return Alice's claim for a user of her own provider, as the hub of her room hands it on."""
    now, client = town().now, town().device("alice/phone").device.client
    asked = KeyMaterialRequestTBS(
        octets(ALICE),
        octets(DORA),
        octets(ABROAD),
        (client.suite.code,),
        RequiredCapabilities(),
        client.signer.public,
        client.credential,
    )
    given, phone = [package(device(DORA), now=now // 1000)], octets(DORA.client("phone"))
    state = present()
    return asking(
        Endpoint.KEY_MATERIAL,
        DORA,
        sign_key_material_request(client.suite, asked, client.signer),
        state=attrs.evolve(state, keys=state.keys.stored(octets(DORA), phone, given, now=now)),
        provider=attrs.evolve(provider(), consent=lambda *_: Consent.GRANTED),
    )


def test_who_claims_by_a_hub_abroad_is_known_by_its_key():
    case = _a_claim_by_a_hub_abroad()
    assert case.step().response.status == 200
    stranger = attrs.evolve(case.state, keys=case.state.keys.deleted(octets(ALICE)))
    assert attrs.evolve(case, state=stranger).step().response.status == 400


FLOOD = Endpoint.NOTIFY, called(Status.TOO_MANY_REQUESTS)
"""Of the rooms in which nobody is, only those in the state are counted."""
MAKERS = {f"{at} {outcome}": CASES[at, outcome] for at, outcome in CASES.keys() - {FLOOD}}
MAKERS["abroad"] = _a_claim_by_a_hub_abroad


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_request_is_answered_by_the_rows_of_its_scope(name):
    case = MAKERS[name]()
    found, others = case.stored(case.scope)
    narrow = open_provider(found, case.provider.hub, lookup=others)
    step, expected = attrs.evolve(case, state=narrow).step(), case.step()
    assert type(step.error) is type(expected.error)
    assert list(map(type, step.effects)) == list(map(type, expected.effects))
    answers = [
        each and (each.status, len(each.body)) for each in (step.response, expected.response)
    ]
    assert answers[0] == answers[1]
