"""Whether a deployment can be changed, from files alone."""

import asyncio
from pathlib import Path
from threading import Event

import msgspec
import pytest

from tests.support.clusters import AUTHOR
from waqiti.contracts.switches import ISOLATION_MODE
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster import rolling, state_directory
from waqiti.operations.cluster.backend.workloads import LocalWorkloads
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.specification import first
from waqiti.operations.cluster.supervision.control import ControlReply
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.changing import SwitchChange, change


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state")
    state_directory.make_state_directory(layout)
    write_document(layout.plan, plan_platform(layout, None, port=None, postgres_url=None))
    return layout


def refusal(layout: Layout, name: str, replicas: int = 2) -> tuple[int, str]:
    with pytest.raises(ClusterError) as refused:
        rolling.scale_deployment(layout, name, replicas, AUTHOR)
    return refused.value.exit_code, str(refused.value)


def test_a_platform_that_does_not_run_an_unknown_name_and_a_count_out_of_bounds_are_refused(layout: Layout) -> None:
    assert refusal(layout, "payment-service") == (3, "The platform does not run: start it with waqiti up")
    assert refusal(layout, "no-such-service")[0] == 2
    for replicas in (-1, 21):
        assert refusal(layout, "payment-service", replicas)[0] == 2


def test_a_deployment_that_is_cut_off_stays_as_it_is(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "keeps_running", lambda _layout: True)
    services = ("payment-service",)
    change(layout, SwitchChange(name=ISOLATION_MODE, value=True, services=services, actor="ana", reason="A test."))

    exit_code, sentence = refusal(layout, "payment-service")

    assert exit_code == 3
    assert sentence == (
        "payment-service is cut off, and stays as it is for whoever finds out why: waqiti switch unset ISOLATION_MODE "
        "--service payment-service --reason ... ends that"
    )


@pytest.fixture
def answered(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A platform whose supervisor says that all is as was asked; nothing of it runs."""
    monkeypatch.setattr(rolling, "keeps_running", lambda _layout: True)
    monkeypatch.setattr(rolling, "ROLLOUT_SECONDS", 0.2)
    monkeypatch.setattr(rolling, "ask_supervisor", lambda _layout, _request: ControlReply())
    return layout


def write_desired(layout: Layout, name: str, desired: int) -> None:
    spec = first(name, "1", utc_now())
    write_document(layout.specification(name), msgspec.structs.replace(spec, desired=desired))


def test_what_is_as_was_asked_but_not_ready_is_a_failure(answered: Layout) -> None:
    write_desired(answered, "payment-service", 2)

    exit_code, sentence = refusal(answered, "payment-service")

    assert exit_code == 1
    assert sentence == (
        "payment-service is as was asked, but 0 of 2 are ready: see waqiti cluster logs payment-service"
    )


def test_a_restart_of_what_is_scaled_to_nothing_is_done_at_once_and_says_so(answered: Layout) -> None:
    write_desired(answered, "payment-service", 0)

    done = rolling.restart_deployment(answered, "payment-service", AUTHOR)

    assert done.notes == ("payment-service is scaled to 0: no replica was there to restart",)


def test_who_scales_operations_to_nothing_is_told_what_that_means(answered: Layout) -> None:
    write_desired(answered, "operations", 0)

    done = rolling.scale_deployment(answered, "operations", 0, AUTHOR)

    (note,) = done.notes
    assert note.startswith("Without operations nothing watches over init and no history is kept")


@pytest.mark.parametrize(
    ("name", "variable", "exit_code", "said"),
    [
        ("payment-service", "WAQITI_DATABASE_URL", 3, "WAQITI_DATABASE_URL is the cluster's own"),
        ("ledger-service", "FRAUD_THRESHOLD", 2, "ledger-service does not have the switch FRAUD_THRESHOLD"),
        ("fraud-service", "FRAUD_THRESHOLD", 2, "FRAUD_THRESHOLD is a number from 0 to 1, and not 'high'"),
    ],
)
async def test_whoever_sets_it_a_deployment_is_given_only_what_may_be_set_for_it(
    answered: Layout, name: str, variable: str, exit_code: int, said: str
) -> None:
    with pytest.raises(ClusterError, match=said) as refused:
        await LocalWorkloads(answered).set(name, {variable: "high"}, None, AUTHOR)

    assert refused.value.exit_code == exit_code


def test_who_stops_waiting_for_a_change_is_not_held_up_by_it(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = Event(), Event()

    def restart(*_: object) -> rolling.Done:
        begun.set()
        go_on.wait()
        return rolling.Done(changed=True)

    async def stop_waiting() -> None:
        asking = asyncio.create_task(LocalWorkloads(layout).restart("payment-service", AUTHOR))
        await asyncio.to_thread(begun.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    monkeypatch.setattr(rolling, "restart_deployment", restart)
    asyncio.run(stop_waiting())

    assert not go_on.is_set(), "the change goes on meanwhile"
    go_on.set()
