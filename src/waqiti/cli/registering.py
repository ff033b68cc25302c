"""A trained model goes to ml-service, where a platform runs."""

from waqiti.scoring.training import Trained


def register(trained: Trained) -> str | None:  # noqa: ARG001
    """Return the version under which the running platform keeps the model; None where no platform runs."""
    return None
