"""Whether a deployment is cut off: what died in it stays as it is, for whoever finds out why."""

import os
from collections.abc import Mapping

from waqiti.contracts.switches import ISOLATION_MODE
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.present import followed, is_published, published
from waqiti.operations.switches.wanted import switch_called


def is_held_back(layout: Layout, deployment: str, environment: Mapping[str, str]) -> bool:
    """Say whether what has ended there stays so; also while nobody can tell what is switched."""
    return not is_published(layout) or is_isolated(layout, deployment, environment)


def is_isolated(layout: Layout, deployment: str, environment: Mapping[str, str]) -> bool:
    """Say what replicas follow: a live value, else what was set for their deployment, else what they inherit."""
    given = {**os.environ, **environment}
    return followed(published(layout), switch_called(ISOLATION_MODE), deployment, given) is True
