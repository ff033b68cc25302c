"""All commands, each imported only when it runs."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

import waqiti
from waqiti.cli.output import is_json, say_error
from waqiti.operations.cluster.errors import FAILED, WRONG_USE, ClusterError

_INTERRUPTED: Final = 130
# What a machine may do to any command; everything else is a mistake of ours, and shown whole.
_OF_THE_MACHINE: Final = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.EBUSY, errno.EIO, errno.ENOMEM),
    *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP),
}

app = App(name="waqiti", help="A payments platform that a small team operates like a bank.", version=waqiti.__version__)
app.command("waqiti.cli.up:up", name="up")
app.command("waqiti.cli.down:down", name="down")
app.command("waqiti.cli.status:status", name="status")
app.command("waqiti.cli.serve:serve", name="serve")
app.command("waqiti.cli.migrate:migrate", name="migrate")

cluster = App(name="cluster", help="Deployments and their replicas on this machine.")
cluster.command("waqiti.cli.cluster:show", name="list")
cluster.command("waqiti.cli.cluster:logs", name="logs")
cluster.command("waqiti.cli.cluster:restart", name="restart")
app.command(cluster)

ledger = App(name="ledger", help="The books.")
ledger.command("waqiti.cli.ledger:verify", name="verify")
app.command(ledger)

compliance = App(name="compliance", help="Names, and the lists that they are screened against.")
compliance.command("waqiti.cli.names:compare", name="compare")
compliance.command("waqiti.cli.names:screen", name="screen")
lists = App(name="lists", help="Lists of names.")
lists.command("waqiti.cli.lists:load", name="load")
lists.command("waqiti.cli.lists:show", name="list")
compliance.command(lists)
app.command(compliance)


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    as_json = is_json(arguments)
    try:
        code = app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        say_error(_sentence(error), as_json=as_json)
        return WRONG_USE
    except ClusterError as error:
        say_error(str(error), as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        where = "A file" if error.filename is None else os.fsdecode(error.filename)
        say_error(f"{where}: {error.strerror}", as_json=as_json)
        return FAILED
    return code if isinstance(code, int) else 0


def _sentence(error: CycloptsError) -> str:
    command = " ".join(["waqiti", *(error.command_chain or ())])
    return f"{' '.join(str(error).split())} ({command} --help says what there is)"
