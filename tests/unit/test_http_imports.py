"""Who only calls does not pay for the framework that serves."""

import subprocess
import sys

import pytest

from waqiti.foundation import http


def loaded_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(' '.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


def test_the_client_loads_no_framework_and_no_driver() -> None:
    assert not {"litestar", "uvicorn", "asyncpg", "rich"} & loaded_by("waqiti.foundation.http.client")


def test_a_service_loads_no_driver_before_it_opens_a_database_and_no_console() -> None:
    loaded = loaded_by("waqiti.foundation.runtime")
    assert "litestar" in loaded
    assert not {"asyncpg", "rich"} & loaded


def test_every_public_name_is_there_and_no_other() -> None:
    for name in http.__all__:
        assert getattr(http, name) is not None
    with pytest.raises(AttributeError):
        http.no_such_name  # noqa: B018


def test_who_serves_no_model_does_not_pay_for_what_runs_it() -> None:
    assert not {"numpy", "scipy", "xgboost"} & loaded_by("waqiti.services.fraud.service")
