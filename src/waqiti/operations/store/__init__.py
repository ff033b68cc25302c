"""The operations store: one SQLite file that commands, the supervisor and ``operations`` open alike."""

from waqiti.operations.store.database import transaction

__all__ = ["transaction"]
