"""Following the champion of ml-service: taken up while scoring goes on, and kept for a start without ml-service."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from waqiti.contracts.catalog import ML
from waqiti.contracts.ml import FRAUD_DETECTION, Champion, Following, Mark, MlClient
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.ids import new_id
from waqiti.foundation.pausing import rest
from waqiti.foundation.telemetry import counter, figure, logger
from waqiti.services.fraud.store import serving as store
from waqiti.services.fraud.usecases.standing import InUse, Refused, described, healthy

SHIPPED_VERSION: Final = "shipped"
"""What the model that ships is called until ml-service has told its version."""

_AWAY_SECONDS: Final = 1.0
_BETWEEN_SECONDS: Final = 0.1

_taken_up: Final = counter("fraud_models_taken_up", "Models that this process took up, those at its start included.")
_not_usable: Final = figure("fraud_model_refused", "1 for a version in force that cannot be served.", ["version"])
_log: Final = logger(__name__)

Model = TypeVar("Model")
Served_contra = TypeVar("Served_contra", contravariant=True)


class Serving(Protocol[Served_contra]):
    """What scores."""

    def use(self, version: str, predictor: Served_contra) -> None:
        """Score by this model from the next batch on."""
        ...


class UnusableModel(Exception):
    """The bytes of a model cannot be served by this release; the message says why."""


class ModelFollower(Generic[Model]):
    """Keeps one process's scoring on the champion; what it had stays until what is new is loaded.

    ``load`` makes a model of an artifact, in a thread, and raises ``UnusableModel`` where it cannot. A damaged one may
    end the process: what was not tried under this process's ``library`` is first given to ``attempt``, which raises
    the same. ``shipped`` is the artifact that is served where there is none better; it needs no trial.
    """

    def __init__(
        self,
        database: Database,
        ml: MlClient,
        serving: Serving[Model],
        load: Callable[[bytes], Model],
        attempt: Callable[[bytes], Awaitable[None]],
        *,
        library: str,
        shipped: bytes,
        replica: str,
    ) -> None:
        self._database = database
        self._ml = ml
        self._serving = serving
        self._load = load
        self._attempt = attempt
        self._library = library
        self._shipped = shipped
        self._replica = replica
        self._id = new_id()
        self._in_use: InUse[Model] | None = None
        self._known: Mark | None = None
        self._unkept: Champion | None = None
        self._refused: Refused | None = None
        self._away: str | None = None

    async def start(self) -> None:
        """Serve the last good model, or the one that ships; ml-service is neither asked nor waited for.

        Raises:
            UnusableModel: not even the one that ships can be served.
        """
        if not await self._restored():
            sha256 = hashlib.sha256(self._shipped).hexdigest()
            predictor = await asyncio.to_thread(self._load, self._shipped)
            self._use(InUse(None, SHIPPED_VERSION, sha256, self._shipped, predictor))

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until ``stop``, then say that this process ends."""
        while not stop.is_set():
            try:
                await _unless(stop, self._round())
            except Problem as problem:
                self._lost(problem.detail)
                await rest(stop, _AWAY_SECONDS)
        with suppress(Problem):
            await self._ml.leave(self._id)

    async def check(self) -> str:
        """Return what is served, and since when, for health.

        Raises:
            Problem: ml-service is away or this release cannot load the version in force, and scoring goes on; or there
                is no model, and rules decide alone.
        """
        return healthy(self._in_use, self._refused, self._away)

    def described(self) -> dict[str, object]:
        """Return what this process serves, whether it hears of others, and which of them it cannot serve, for
        ``/actuator/info``.
        """
        return described(self._in_use, self._refused, followed=self._away is None)

    async def _round(self) -> None:
        """Ask once, which takes some seconds where nothing changes, and take up what is new."""
        champion = await self._ml.champion(self._following())
        self._found()
        known = champion.mark if champion is not None else None
        if self._refused is not None and known != self._refused.champion.mark:
            self._refuse(None)
        if champion is not None and known != self._serves and self._refused is None:
            await self._take_up(champion)
        else:
            await asyncio.sleep(_BETWEEN_SECONDS)
        self._known = known
        await self._keep()

    @property
    def _serves(self) -> Mark | None:
        return self._in_use.mark if self._in_use is not None else None

    def _following(self) -> Following:
        return Following(
            reader=self._id,
            model=FRAUD_DETECTION,
            replica=self._replica,
            pid=os.getpid(),
            serving=self._serves,
            known=self._known,
        )

    async def _take_up(self, champion: Champion) -> None:
        """Serve the champion; one that this release cannot serve leaves what there is."""
        found = self._in_use
        try:
            if found is None or found.sha256 != champion.sha256:
                artifact = await self._fetched(champion)
                predictor = await self._loaded(artifact, champion.tried_under)
            else:
                artifact, predictor = found.artifact, found.predictor
        except UnusableModel as error:
            self._refuse(Refused(champion, str(error)))
            return
        self._use(InUse(champion.revision, champion.version, champion.sha256, artifact, predictor))
        self._unkept = champion

    async def _loaded(self, artifact: bytes, tried_under: Sequence[str]) -> Model:
        """Load what was tried, or else try it first."""
        if self._library not in tried_under and artifact != self._shipped:
            await self._attempt(artifact)
        return await asyncio.to_thread(self._load, artifact)

    async def _fetched(self, champion: Champion) -> bytes:
        artifact = await self._ml.artifact(champion.sha256)
        if hashlib.sha256(artifact).hexdigest() != champion.sha256:
            raise DependencyUnavailable(ML, f"{ML} sent an artifact that is not what its hash says.")
        return artifact

    def _use(self, model: InUse[Model]) -> None:
        self._serving.use(model.version, model.predictor)
        self._in_use = model
        _taken_up.inc()
        _log.info("model_taken_up", version=model.version, revision=model.revision, sha256=model.sha256)

    async def _keep(self) -> None:
        """Keep what is served; where the database does not answer, it is tried again at the next round."""
        champion, found = self._unkept, self._in_use
        if champion is None or found is None:
            return
        try:
            async with self._database.connection() as connection:
                await store.keep(connection, champion, found.artifact, self._library)
        except DependencyUnavailable as error:
            _log.warning("model_not_kept", version=champion.version, detail=error.detail)
        else:
            self._unkept = None

    async def _restored(self) -> bool:
        """Serve what is kept; False where nothing is, or where it cannot be read or served."""
        try:
            async with self._database.connection() as connection:
                kept = await store.read(connection, FRAUD_DETECTION)
            if kept is None:
                return False
            predictor = await self._loaded(kept.artifact, [kept.library])
        except (DependencyUnavailable, UnusableModel) as error:
            _log.warning("last_model_not_restored", detail=str(error))
            return False
        self._use(InUse(kept.revision, kept.version, kept.sha256, kept.artifact, predictor))
        return True

    def _found(self) -> None:
        if self._away is not None:
            self._away = None
            _log.info("models_followed_again")

    def _lost(self, detail: str) -> None:
        if self._away is None:
            _log.warning("models_not_followed", detail=detail)
        self._away = detail

    def _refuse(self, refused: Refused | None) -> None:
        """Note that the champion cannot be served here, or with None that it is no longer the champion."""
        if self._refused is not None:
            _not_usable.set(None, self._refused.champion.version)
        self._refused = refused
        if refused is not None:
            champion = refused.champion
            _not_usable.set(1, champion.version)
            _log.error("model_not_usable", version=champion.version, revision=champion.revision, detail=refused.why)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do ``work``, given up when ``stop`` is set."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
