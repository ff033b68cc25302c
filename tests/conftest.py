"""Hooks and fixtures that all tests share. ``async def`` tests need no marker; a fixture is never a coroutine."""

import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# Before anything of it is imported: what a contract asserts is shown as what a test asserts is.
pytest.register_assert_rewrite("tests.support")

from hypothesis import HealthCheck, settings

from tests.support.databases import Databases, FreshDatabase, drop_all
from tests.support.postgres import Server, shared_server, stop_server
from tests.support.running import (
    OUTSIDE_SERVER_VARIABLE,
    TEST_RUN,
    TestRun,
    begin_run,
    end_run,
    make_property_synchronous,
    run_coroutine_test,
    timeout_of,
)

# fresh_database is a factory: a property may ask it for a database per example.
_SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
settings.register_profile("ci", max_examples=100, derandomize=True, deadline=None, suppress_health_check=_SUPPRESSED)
settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=_SUPPRESSED)
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is None:
        # Taken out of the environment: the product refuses settings that it does not know.
        outside = os.environ.pop(OUTSIDE_SERVER_VARIABLE, None) or None
        config.stash[TEST_RUN] = begin_run(os.getpid(), outside)
    else:
        config.stash[TEST_RUN] = TestRun(**workerinput["waqiti_run"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    run: TestRun = node.config.stash[TEST_RUN]
    node.workerinput["waqiti_run"] = {name: getattr(run, name) for name in run.__struct_fields__}


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(TEST_RUN, None)
    if run is not None and run.controller_pid == os.getpid():
        stop_server(run)
        if run.outside_server_url is not None:
            drop_all(run)
        end_run(run)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    timeout_seconds = timeout_of(pyfuncitem)
    make_property_synchronous(pyfuncitem.obj, timeout_seconds)
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    run_coroutine_test(pyfuncitem.obj, {name: pyfuncitem.funcargs[name] for name in names}, timeout_seconds)
    return True


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Server:
    """The PostgreSQL server of this run, with its superuser's address."""
    return shared_server(pytestconfig.stash[TEST_RUN])


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config, postgres: Server) -> Iterator[Databases]:
    worker = getattr(pytestconfig, "workerinput", {"workerid": "main"})["workerid"]
    databases = Databases(pytestconfig.stash[TEST_RUN], postgres, worker)
    yield databases
    databases.close()


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[Callable[[str], FreshDatabase]]:
    """``fresh_database("ledger-service")``: a new database with that deployment's migrations, gone after the test."""
    yield databases.migrated
    databases.drop_made()


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[Callable[[], FreshDatabase]]:
    """``empty_database()``: a new database without anything in it, gone after the test."""
    yield databases.empty
    databases.drop_made()
