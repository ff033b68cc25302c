"""The whole API document, tried with generated requests: never a 5xx, and answers as documented."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.platform import Platform

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


@pytest.fixture(scope="session")
def api_document(platform: Platform) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{platform.credentials.base_url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api_document")


@schema.parametrize()
@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_that_the_document_allows_or_forbids_breaks_the_platform(
    case: "schemathesis.Case[Any]", platform: Platform
) -> None:
    headers = {"Authorization": f"Bearer {platform.credentials.operator_key}"}
    case.call_and_validate(checks=CHECKS, headers=headers, timeout=40)
