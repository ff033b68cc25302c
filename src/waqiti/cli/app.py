"""All commands, each imported only when it runs."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, UnknownCommandError, UnknownOptionError

import waqiti
from waqiti.cli.output import is_json, say_error
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import VARIABLE

_INTERRUPTED: Final = 130
_STATE_OPTION: Final = "--state"
# What a machine may do to any command; everything else is a mistake of ours, and shown whole.
_OF_THE_MACHINE: Final = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.EBUSY, errno.EIO, errno.ENOMEM),
    *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP),
}

app = App(name="waqiti", help="A payments platform that a small team operates like a bank.", version=waqiti.__version__)
# The sentences are those of the commands themselves, which are not imported to be listed.
app.command(
    "waqiti.cli.up:up", name="up", help="Start the platform and print its address, its keys and what to try first."
)
app.command(
    "waqiti.cli.down:down",
    name="down",
    help="Stop the platform: requests in flight are answered, and the data stays.",
)
app.command(
    "waqiti.cli.status:status",
    name="status",
    help="Show every process; it reads files and /proc only, and answers also when everything is dead.",
)
app.command(
    "waqiti.cli.demo:demo",
    name="demo",
    help="Play a day of a simulated town on the running platform, explain some decisions, and prove the books.\n\n"
    "Everybody in it is new and invented, also when it runs again. The same seed and number of payments give the same\n"
    "town, the same payments and the same decisions.",
)
app.command(
    "waqiti.cli.serve:serve",
    name="serve",
    help="Serve deployments in this process until SIGTERM; their settings come from the environment.\n\n"
    "Logs are JSON lines on standard output in any case.",
)
app.command(
    "waqiti.cli.migrate:migrate",
    name="migrate",
    help="Apply new migrations, each once, however many processes ask for it at the same time.\n\n"
    "The database of a single deployment may be given as WAQITI_MIGRATOR_URL; otherwise they are those of this state.",
)

cluster = App(name="cluster", help="Deployments, their replicas and their revisions on this machine.")
cluster.command("waqiti.cli.cluster.showing:show", name="list", help="List deployments and their replicas.")
cluster.command(
    "waqiti.cli.cluster.logs:logs",
    name="logs",
    help="Print the last lines that a deployment's replicas have logged.",
)
cluster.command(
    "waqiti.cli.cluster.showing:revisions",
    name="revisions",
    help="List what a deployment ran, the newest first, and which of it is in force.",
)
cluster.command(
    "waqiti.cli.cluster.changing:restart",
    name="restart",
    help="Replace every replica of a deployment, one by one, without a failed request.",
)
cluster.command(
    "waqiti.cli.cluster.changing:scale",
    name="scale",
    help="Have so many replicas of a deployment: new ones are ready, others gone in good order, when this returns.",
)
cluster.command(
    "waqiti.cli.cluster.changing:put",
    name="set",
    help="Set variables and limits of a deployment, and replace its replicas one by one by those that have them.",
)
cluster.command(
    "waqiti.cli.cluster.changing:deploy",
    name="deploy",
    help="Run another release in a deployment, and replace its replicas one by one; exit 1 where it does not get "
    "ready.\n\nWhat served before serves on until then, and after a failure.",
)
cluster.command(
    "waqiti.cli.cluster.changing:undo",
    name="undo",
    help="Go back to the revision before the one in force, or to any that cluster revisions lists.\n\n"
    "After a change that was given up nothing is left to undo: what served before serves, and that is said.",
)
cluster.command(
    "waqiti.cli.cluster.top:top",
    name="top",
    help="Show what every replica uses of processor and memory, over a second, and what it may.",
)
app.command(cluster)

switch = App(name="switch", help="Settings that change on every replica, without a restart.")
switch.command(
    "waqiti.cli.switch:show",
    name="list",
    help="List every switch: its value, where that comes from, who set it, why, until when, and which replicas follow.",
)
switch.command(
    "waqiti.cli.switch:put",
    name="set",
    help="Set a switch on every replica, and return when all of them follow; exit 1 where one does not.",
)
switch.command(
    "waqiti.cli.switch:unset",
    name="unset",
    help="Let go of a switch: what the environment says, or the default, is in force again.",
)
app.command(switch)

ops = App(name="ops", help="What happens to the platform, and by whom.")
ops.command(
    "waqiti.cli.ops:changes",
    name="changes",
    help="List who changed what, newest first: releases, environments, resources, switches, scales, restarts and "
    "models.\n\n"
    "It needs neither the gateway nor operations; what cannot be read, such as a database that is down, is named.",
)
app.command(ops)

audit = App(name="audit", help="Who did what.")
audit.command(
    "waqiti.cli.audit:show",
    name="list",
    help="List what operators did, and why, the newest first.",
)
audit.command(
    "waqiti.cli.audit:verify",
    name="verify",
    help="Prove the chain of audit entries from its first one on; exit 1 where it is broken.",
)
app.command(audit)

ledger = App(name="ledger", help="The books, and what an auditor asks of them.")
ledger.command(
    "waqiti.cli.ledger:verify",
    name="verify",
    help="Prove that the books balance and bear out what every payment says; exit 1 where they do not.",
)
ledger.command(
    "waqiti.cli.books.trial_balance:show",
    name="trial-balance",
    help="Show what stood, came and went on a day, by currency, kind and account; exit 1 where it does not sum to "
    "zero.",
)
ledger.command(
    "waqiti.cli.books.closing:close",
    name="close",
    help="Close the books up to the end of a day: nothing that is recorded later counts from it or a day before.",
)
ledger.command("waqiti.cli.books.closing:show", name="closes", help="List closed periods, the newest first.")
journal = App(name="journal", help="Manual entries, each of which needs a second operator.")
journal.command(
    "waqiti.cli.books.journal:propose",
    name="propose",
    help="Propose an entry, as the first operator; nothing moves until the second one approves it.",
)
journal.command("waqiti.cli.books.journal:show", name="list", help="List entries, the newest first.")
journal.command(
    "waqiti.cli.books.journal:approve",
    name="approve",
    help="Approve an entry, as the second operator: its money moves at once; exit 1 where the ledger refuses it.",
)
journal.command(
    "waqiti.cli.books.journal:decline",
    name="decline",
    help="Decline an entry, as the second operator; nothing moves.",
)
journal.command(
    "waqiti.cli.books.journal:reverse",
    name="reverse",
    help="Propose what takes a posted entry back, as the first operator, for the second one to approve.",
)
ledger.command(journal)
ledger.command(
    "waqiti.cli.books.safeguarding:show",
    name="safeguarding",
    help="Check that what customers are owed lies at the rails, by currency; exit 1 where it does not.",
)
app.command(ledger)

payments = App(name="payments", help="Payments that are stuck, and what happened to one.")
payments.command(
    "waqiti.cli.payments.commands:stuck",
    name="stuck",
    help="List payments that nothing is decided about, why, and how much money they are about; no service is asked.",
)
payments.command(
    "waqiti.cli.payments.commands:redrive",
    name="redrive",
    help="Move stuck payments on now, and wait until something is decided about each; exit 1 where nothing is yet.\n\n"
    "Doing it twice, or while a payment is being decided, moves money once.",
)
payments.command(
    "waqiti.cli.payments.commands:explain",
    name="explain",
    help="Tell a payment's life: what happened, by whom, what moved, where it stands and what happens next.\n\n"
    "Whose database is away is said, and the rest is shown.",
)
app.command(payments)

reviews = App(name="reviews", help="Payments and withdrawals that people have to look at before money moves.")
reviews.command("waqiti.cli.reviews.commands:show", name="list", help="List reviews, the newest first.")
reviews.command(
    "waqiti.cli.reviews.commands:approve",
    name="approve",
    help="Let what waits for reviews go on; exit 1 where one of them was not decided.",
)
reviews.command(
    "waqiti.cli.reviews.commands:decline",
    name="decline",
    help="End what waits for reviews, and give its money back; exit 1 where one of them was not decided.",
)
app.command(reviews)

compliance = App(name="compliance", help="Names, and the lists that they are screened against.")
compliance.command(
    "waqiti.cli.names:compare",
    name="compare",
    help="Say how alike two names are, from 0 to 1, and what that means; no platform is needed.",
)
compliance.command(
    "waqiti.cli.names:screen",
    name="screen",
    help="Look names up among the lists of the running platform, as a new customer's name is.",
)
lists = App(name="lists", help="Lists of names.")
lists.command(
    "waqiti.cli.lists:load",
    name="load",
    help="Load a list of names; return when every replica screens against it. Exit 3 where it shrinks by over a tenth.",
)
lists.command("waqiti.cli.lists:show", name="list", help="List what is screened against, and by which processes.")
compliance.command(lists)
cases = App(name="cases", help="Customers who may be on a list, for people to decide about.")
cases.command("waqiti.cli.cases:show", name="list", help="List cases, the newest first.")
cases.command(
    "waqiti.cli.cases:approve",
    name="approve",
    help="Say that a customer is nobody whom the lists mean: they are active at once, and are not found so again.",
)
cases.command(
    "waqiti.cli.cases:decline",
    name="decline",
    help="Say that a customer is on a list: they are blocked for good, and all that they have is frozen.",
)
compliance.command(cases)
app.command(compliance)

models = App(name="models", help="The model that scores payments: its versions, and which of them is in force.")
models.command(
    "waqiti.cli.models:train_model",
    name="train",
    help="Train a model on labelled payments, and measure it on later days; no platform is needed.",
)
models.command(
    "waqiti.cli.registry.showing:versions",
    name="versions",
    help="List the registered versions, newest first, with the figures of their training; the one in force is marked.",
)
models.command(
    "waqiti.cli.registry.showing:card",
    name="card",
    help="Print the card of a version: what it was trained on, and what it is worth, in words and figures.",
)
models.command(
    "waqiti.cli.registry.evaluating:evaluate",
    name="evaluate",
    help="Measure a version, by default the one in force; any other beside the one in force, for its gates.",
)
models.command(
    "waqiti.cli.registry.changing:promote",
    name="promote",
    help="Bring a version into force on every replica; exit 3 where a gate refuses it, 1 where a replica is late or "
    "absent.",
)
models.command(
    "waqiti.cli.registry.changing:rollback",
    name="rollback",
    help="Go back to a version on every replica, whatever its figures; exit 1 where a replica is late or absent.",
)
app.command(models)


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    as_json = is_json(arguments)
    try:
        _check_text(arguments)
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


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse what cannot be written down: bytes that are no UTF-8 reach Python as halves of pairs (PEP 383)."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            sentence = f"{os.fsencode(argument)!r} is no UTF-8 text, which is all that a command takes"
            raise ClusterError(sentence, WRONG_USE) from None


def _sentence(error: CycloptsError) -> str:
    if _unknown(error).partition("=")[0] == _STATE_OPTION:
        return f"{_STATE_OPTION} is an option of up, down and status only, after their name: elsewhere set {VARIABLE}"
    command = " ".join(["waqiti", *(error.command_chain or ())])
    return f"{' '.join(str(error).split())} ({command} --help says what there is)"


def _unknown(error: CycloptsError) -> str:
    if isinstance(error, UnknownOptionError):
        return error.token.keyword or error.token.value
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        return error.unused_tokens[0]
    return ""
