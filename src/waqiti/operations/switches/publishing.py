"""``switches.json``: what the operations store says, where every replica reads it."""

from typing import Final

from waqiti.foundation.switches.file import SwitchFile
from waqiti.operations.state.files import lock, write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import switches as rows
from waqiti.operations.store import transaction
from waqiti.operations.switches.present import read_published

_LOCK_SECONDS: Final = 10.0


def publish(layout: Layout) -> SwitchFile:
    """Write what the store says, unless that is published already; return it.

    Under a lock the store is read after it was gained: of two who publish at once the later never writes the older.
    What a killed command has left unpublished is published by the next.
    """
    layout.operations.mkdir(mode=0o700, exist_ok=True)
    with lock(layout.switches_lock, wait_seconds=_LOCK_SECONDS, holder="Another waqiti switch"):
        with transaction(layout.operations_store) as connection:
            document = SwitchFile(rows.revision(connection), rows.read(connection))
        if read_published(layout) != document:
            write_document(layout.switches, document, durable=True)
    return document
