"""A trained model goes to ml-service, where a platform runs."""

from waqiti.cli.output import say
from waqiti.cli.registry.calling import calling_registry
from waqiti.cli.registry.comparing import compare_with_champion
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.scoring.training import Trained


def register(trained: Trained, data: str) -> str | None:
    """Return the version under which the running platform keeps the model; None where no platform runs.

    It is also measured beside the version in force, on its own test period: what its gates compare. ``data`` says in
    words what was trained on.

    Raises:
        ClusterError: the registry refuses the model.
    """
    if not Layout.of(None).cluster.is_dir():
        return None
    try:
        with calling_registry() as (_, client):
            version = client.models.register(trained.artifact).version
            try:
                compare_with_champion(client, version, trained.metrics, trained.table, trained.test, data)
            except ClusterError as error:
                say(f"waqiti: {version} is not compared: {error}")
            return version
    except ClusterError as error:
        if error.exit_code != REFUSED:
            raise
        say(f"waqiti: not registered: {error}")
        return None
