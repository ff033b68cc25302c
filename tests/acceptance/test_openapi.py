"""The whole API, and ml-service's, tried with generated requests: never a 5xx, every answer as the document says.

Each operation is one test, named by it; hypothesis generates its requests from the document within that test.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.acceptance.api_document import documents_of_the_code
from tests.support.held import held_payment, review_of
from tests.support.people import People
from tests.support.platform import Platform
from waqiti.client import Client, pages
from waqiti.contracts.catalog import GATEWAY

AnyOperation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
AnyCase: TypeAlias = "Case[Any]"

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TIMEOUT_SECONDS = 40
DOCUMENTS = documents_of_the_code()


def _operations(document: dict[str, Any]) -> list[AnyOperation]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.with_security_parameters = False
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


OPERATIONS = [(name, one) for name, document in DOCUMENTS.items() for one in _operations(document)]

generated = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
# The first takes nothing, the others take any text.
NOTHING_IS_FORBIDDEN = {
    "GET /api/model/metrics",
    "GET /api/model/versions/{version}/artifact",
    "GET /api/model/versions/{version}/card",
}


def each(found: list[tuple[str, AnyOperation]]) -> pytest.MarkDecorator:
    labels = [operation.label for _, operation in found]
    return pytest.mark.parametrize(("deployment", "operation"), found, ids=labels)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as kept:
        yield kept


@pytest.fixture(scope="module")
def operators_key(platform: Platform) -> dict[str, str]:
    return {"Authorization": f"Bearer {platform.credentials.operator_key}"}


@pytest.fixture(scope="module")
def known(platform: Platform, client: Client, operator: Client) -> dict[str, Any]:
    """One of each thing, by the names that paths and bodies call it."""
    people = People(client)
    payer, payee = people.wallet(funds=1_000_000), people.wallet()
    in_review = client.customers.create(name="Zoblat Quenvik", country="DE")
    case = next(one for one in operator.cases.list().data if one.customer_id == in_review.id)
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")
    endpoint = client.webhooks.create(url="http://127.0.0.1:1/")
    return {
        "endpoint_id": endpoint.id,
        "delivery_id": client.webhooks.test(endpoint.id).id,
        "customer_id": payer.customer_id,
        "case_id": case.id,
        "wallet_id": payer.id,
        "from_wallet": payer.id,
        "to_wallet": payee.id,
        "payment_id": payment.id,
        "refund_id": client.payments.refund(payment.id, amount=1).id,
        "dispute_id": client.payments.dispute(payment.id, kind="other", detail="The goods never came").id,
        "review_id": review_of(operator, held_payment(platform, client, people)).id,
        "deposit_id": people.deposit(payer.id, 1).id,
        "withdrawal_id": client.withdrawals.create(wallet_id=payer.id, amount=1, currency="EUR").id,
        "currency": "EUR",
        "entry_id": operator.ledger.propose(
            debit=payer.id, credit="suspense", amount=1, currency="EUR", reason="Paid in twice"
        ).id,
        "debit": payer.id,
        "credit": "suspense",
    }


@pytest.fixture(scope="module", autouse=True)
def no_endpoint_is_left(client: Client) -> Iterator[None]:
    """What was generated may be an endpoint: there are 20 at most, and other tests want theirs."""
    yield
    for endpoint in list(pages(client.webhooks.list)):
        client.webhooks.delete(endpoint.id)


@pytest.mark.parametrize("deployment", DOCUMENTS)
def test_the_running_platform_gives_the_documents_that_these_tests_are_named_by(
    platform: Platform, deployment: str
) -> None:
    answer = requests.get(f"{_address(platform, deployment)}/openapi.json", timeout=TIMEOUT_SECONDS)
    assert answer.json() == DOCUMENTS[deployment]


def test_every_noun_of_the_api_is_tried() -> None:
    tried = {operation.path.split("/")[2] for _, operation in OPERATIONS}
    nouns = "cases disputes events ledger model payments reviews wallets webhook-endpoints"
    assert tried >= set(nouns.split())


@each(OPERATIONS)
def test_what_the_document_allows_is_answered_as_it_says(
    deployment: str,
    operation: AnyOperation,
    platform: Platform,
    session: requests.Session,
    operators_key: dict[str, str],
    known: dict[str, Any],
) -> None:
    @generated
    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), st.booleans())
    def allowed(case: AnyCase, about_known_things: bool) -> None:
        if about_known_things:
            _point_at(case, known)
        _call(case, _address(platform, deployment), session, operators_key)

    allowed()


@each([one for one in OPERATIONS if one[1].label not in NOTHING_IS_FORBIDDEN])
def test_what_the_document_forbids_is_refused_as_it_says(
    deployment: str,
    operation: AnyOperation,
    platform: Platform,
    session: requests.Session,
    operators_key: dict[str, str],
) -> None:
    @generated
    @given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def forbidden(case: AnyCase) -> None:
        _call(case, _address(platform, deployment), session, operators_key, *rejection)

    # A batch is answered item by item: what is wrong with one of them is a problem in its result.
    rejection = [] if operation.path == "/v1/payments/batch" else [negative_data_rejection]
    forbidden()


@each(OPERATIONS)
def test_without_a_key_nothing_is_answered_but_that(
    deployment: str, operation: AnyOperation, platform: Platform, session: requests.Session
) -> None:
    @settings(generated, max_examples=3)
    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def keyless(case: AnyCase) -> None:
        assert _call(case, _address(platform, deployment), session, {}).status_code == 401

    keyless()


def _address(platform: Platform, deployment: str) -> str:
    credentials = platform.credentials
    return credentials.base_url if deployment == GATEWAY else credentials.services[deployment]


def _call(case: Any, address: str, session: requests.Session, headers: dict[str, str], *more: Any) -> Any:
    return case.call_and_validate(
        base_url=address,
        session=session,
        headers=headers,
        checks=[*CHECKS, *more],
        timeout=TIMEOUT_SECONDS,
    )


def _point_at(case: Any, known: dict[str, Any]) -> None:
    """Name things that exist where the generated ones do not."""
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            place |= {name: value for name, value in known.items() if name in place}
