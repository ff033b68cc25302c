"""Promoting and rolling back: serialised by the model's lock, pushed, confirmed."""

from typing import Final

import msgspec

from waqiti.contracts.ml import Champion
from waqiti.contracts.public.models import ChangeKind, Comparison, Gate, ModelInForce
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.telemetry import logger
from waqiti.services.ml.domain.gates import judge, not_loaded
from waqiti.services.ml.store import champions, comparisons, models, trials
from waqiti.services.ml.store.champions import Change, Pointer
from waqiti.services.ml.store.models import Model
from waqiti.services.ml.usecases.artifacts import ArtifactError
from waqiti.services.ml.usecases.pushing import Pushing
from waqiti.services.ml.usecases.registry import locked, unknown_model, unknown_version
from waqiti.services.ml.usecases.trying import Trying

_ATTEMPTS: Final = 3
_FAILED: Final = 409

_log: Final = logger(__name__)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A version that somebody wants in force, where given only as long as ``expected_revision`` is."""

    model: str
    version: str
    by: str
    reason: str
    kind: ChangeKind
    force: bool = False
    expected_revision: int | None = None


class _Candidate(msgspec.Struct, frozen=True):
    found: Model
    content: bytes
    before: Pointer
    comparison: Comparison | None
    was_tried: bool


class Changing:
    """Brings versions into force, one change at a time."""

    def __init__(self, database: Database, trying: Trying, pushing: Pushing) -> None:
        self._database = database
        self._trying = trying
        self._pushing = pushing

    async def change(self, wanted: Wanted) -> ModelInForce:
        """Bring a version into force; return when every live replica serves it, or five seconds later.

        One that is in force already stays so, and nothing is recorded.

        Raises:
            Problem: 404, there is no such version; 409 ``gate_failed``, it may not be; 409 ``conflict``, another
                revision is in force than was expected, or others keep changing the champion meanwhile.
        """
        for _ in range(_ATTEMPTS):
            candidate = await self._candidate(wanted.model, wanted.version)
            _check_expected(wanted, candidate.before)
            gates = [] if candidate.before.version == wanted.version else await self._gates(candidate, wanted.kind)
            failed = [gate for gate in gates if not gate.ok]
            if failed and not (wanted.force and _may_be_forced(failed)):
                raise _refused(wanted, failed)
            if await self._bring_into_force(wanted, candidate.before, gates, forced=bool(failed)):
                changed = candidate.before.version != wanted.version
                return await self._confirmed(wanted, changed=changed, forced=bool(failed))
        raise Problem.conflict("The champion is being changed by others; look, and try again.")

    async def _candidate(self, model: str, version: str) -> _Candidate:
        async with self._database.connection() as connection:
            before = await champions.pointer(connection, model)
            if before is None:
                raise unknown_model(model)
            found = await models.by_version(connection, model, version)
            if found is None:
                raise unknown_version(model, version)
            content = await models.artifact(connection, model, found.sha256)
            assert content is not None
            champion = before.version
            comparison = await comparisons.weightiest(connection, model, version, champion) if champion else None
            was_tried = await trials.passed(connection, model, version, self._trying.library)
        return _Candidate(found, content, before, comparison, was_tried)

    async def _gates(self, candidate: _Candidate, kind: ChangeKind) -> list[Gate]:
        """Try a version: all gates for a promotion, and that it loads for a way back.

        For that a trial under the present library is enough, whenever it was: a way back is a short one.
        """
        suspected: list[str] = []
        try:
            if kind == "promote":
                suspected = await self._trying.suspected(candidate.content)
            elif not candidate.was_tried:
                await self._trying.inspected(candidate.content)
        except ArtifactError as error:
            return not_loaded(f"The artifact does not load: {error}.")
        if not candidate.was_tried:
            async with self._database.connection() as connection:
                await trials.add(connection, candidate.found.model, candidate.found.version, self._trying.library)
        if kind == "rollback":
            return [Gate(name="loads", ok=True, detail="The artifact loads.")]
        return judge(candidate.found.figures, candidate.before.version, candidate.comparison, suspected)

    async def _bring_into_force(self, wanted: Wanted, before: Pointer, gates: list[Gate], *, forced: bool) -> bool:
        """Do it, unless the champion is no longer the one that the version was compared with."""
        async with self._database.transaction() as connection:
            pointer = await locked(connection, wanted.model)
            if pointer != before:
                return False
            if pointer.version == wanted.version:
                return True
            change = Change(
                model=wanted.model,
                version=wanted.version,
                by=wanted.by,
                reason=wanted.reason,
                kind=wanted.kind,
                gates=gates,
                forced=forced,
            )
            await champions.bring_into_force(connection, change, pointer.revision + 1)
        _log.warning(
            "champion_changed",
            model=wanted.model,
            version=wanted.version,
            revision=before.revision + 1,
            before=before.version,
            kind=wanted.kind,
            by=wanted.by,
            forced=[gate.name for gate in gates if not gate.ok],
        )
        return True

    async def _confirmed(self, wanted: Wanted, *, changed: bool, forced: bool) -> ModelInForce:
        async with self._database.connection() as connection:
            champion = await champions.present(connection, wanted.model)
        assert champion is not None
        if champion.version != wanted.version:
            raise _overtaken(champion)
        since = champion.since if changed else utc_now()
        served = await self._pushing.served(wanted.model, since)
        return ModelInForce(
            model=wanted.model,
            version=champion.version,
            revision=champion.revision,
            changed=changed,
            forced=forced,
            replicas=served.replicas,
            unreached=served.unreached,
        )


def _check_expected(wanted: Wanted, before: Pointer) -> None:
    """Refuse what was decided in view of another champion; whoever asks again for what is in force is answered so."""
    if wanted.expected_revision in (None, before.revision) or before.version == wanted.version:
        return
    raise Problem.conflict(
        f"Revision {before.revision} is in force, {before.version or 'no model'}, and not {wanted.expected_revision}: "
        "somebody else changed it."
    )


def _may_be_forced(failed: list[Gate]) -> bool:
    """Return whether force passes: what does not load cannot be served by anybody."""
    return all(gate.name != "loads" for gate in failed)


def _refused(wanted: Wanted, failed: list[Gate]) -> Problem:
    names = ", ".join(gate.name for gate in failed)
    errors = [FieldError("/version", f"{gate.name}: {gate.detail}") for gate in failed]
    return Problem(_FAILED, "gate_failed", f"{wanted.version} does not pass: {names}.", errors=errors)


def _overtaken(champion: Champion) -> Problem:
    return Problem.conflict(f"It was in force, and {champion.version} is by now: somebody else changed it.")
