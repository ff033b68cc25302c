"""Whether a deployment can be changed, from files alone."""

from pathlib import Path

import pytest

from tests.support.clusters import AUTHOR
from waqiti.contracts.switches import ISOLATION_MODE
from waqiti.operations.cluster import rolling, state_directory
from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.files import write_document
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.switches.changing import Change, change


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
    change(layout, Change(name=ISOLATION_MODE, value=True, services=services, actor="ana", reason="A test."))

    exit_code, sentence = refusal(layout, "payment-service")

    assert exit_code == 3
    assert sentence == (
        "payment-service is cut off, and stays as it is for whoever finds out why: waqiti switch unset ISOLATION_MODE "
        "--service payment-service --reason ... ends that"
    )
