"""Registering artifacts and reading what is registered."""

import asyncio
import hashlib
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.ml import FRAUD_DETECTION, MAX_ARTIFACT_BYTES, Champion
from waqiti.contracts.public.models import ChampionChange, Comparison, NewComparison, Source
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import logger
from waqiti.services.ml.domain.versions import Number, Release
from waqiti.services.ml.store import champions, comparisons, models, trials
from waqiti.services.ml.store.champions import Change, Pointer
from waqiti.services.ml.store.models import Model, NewModel
from waqiti.services.ml.usecases.artifacts import ArtifactError, Inspected, Workshop
from waqiti.services.ml.usecases.trying import Trying

_PAYLOAD_TOO_LARGE: Final = 413
_RELEASE: Final = "the release"
_SHIPPED: Final = "It is the model that ships."

_log: Final = logger(__name__)


def unknown_model(model: str) -> Problem:
    """Return the 404 of a model that there is not."""
    return Problem.not_found(f"There is no model {model[:64]!r}; there is {FRAUD_DETECTION}.")


def unknown_version(model: str, version: str) -> Problem:
    """Return the 404 of a version that was never registered."""
    return Problem.not_found(f"There is no version {version[:32]!r} of {model}.")


class Registry:
    """The artifacts that there are; each is kept for good."""

    def __init__(self, database: Database, workshop: Workshop, trying: Trying) -> None:
        self._database = database
        self._workshop = workshop
        self._trying = trying

    async def register(self, model: str, content: bytes, release: Release, by: str) -> tuple[Model, bool]:
        """Register an artifact under the next version; tell whether it is new. The same bytes keep their version.

        Raises:
            Problem: 404, there is no such model; 413 or 422, the artifact is too large or does not load; 503
                ``overloaded``, others are being tried.
        """
        if len(content) > MAX_ARTIFACT_BYTES:
            detail = f"The artifact is larger than {MAX_ARTIFACT_BYTES} bytes."
            raise Problem(_PAYLOAD_TOO_LARGE, "payload_too_large", detail)
        try:
            inspected = await self._trying.uploaded(content)
        except ArtifactError as error:
            raise Problem.invalid(f"The artifact does not load: {error}.", pointer="/artifact") from error
        async with self._database.transaction() as connection:
            await locked(connection, model)
            found, is_new = await _registered(connection, model, content, inspected, release, "trained", by)
            await trials.add(connection, model, found.version, self._trying.library)
        return found, is_new

    async def register_shipped(self) -> None:
        """Register the model that ships; it is brought into force where nothing is yet, and only then.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        content = await asyncio.to_thread(self._workshop.shipped)
        if content is None or await self._is_known(content):
            return
        inspected = await self._trying.inspected(content)
        async with self._database.transaction() as connection:
            pointer = await locked(connection, FRAUD_DETECTION)
            found, _ = await _registered(connection, FRAUD_DETECTION, content, inspected, "minor", "shipped", _RELEASE)
            await trials.add(connection, FRAUD_DETECTION, found.version, self._trying.library)
            if pointer.version is None:
                await champions.bring_into_force(connection, _initial(found), 1)

    async def _is_known(self, content: bytes) -> bool:
        """Return whether a start before this one registered the model that ships; then it need not be loaded."""
        sha256 = hashlib.sha256(content).hexdigest()
        async with self._database.connection() as connection:
            return await models.by_sha256(connection, FRAUD_DETECTION, sha256) is not None

    async def versions(self, before: UUID, limit: int) -> tuple[list[Model], Pointer]:
        """List versions, newest first, and what is in force."""
        async with self._database.connection() as connection:
            pointer = await champions.pointer(connection, FRAUD_DETECTION)
            assert pointer is not None
            return await models.page(connection, before, limit), pointer

    async def version(self, model: str, version: str) -> tuple[Model, Pointer]:
        """Read a version, and what is in force.

        Raises:
            Problem: 404, there is none.
        """
        async with self._database.connection() as connection:
            pointer = await champions.pointer(connection, model)
            if pointer is None:
                raise unknown_model(model)
            found = await models.by_version(connection, model, version)
        if found is None:
            raise unknown_version(model, version)
        return found, pointer

    async def in_force(self, model: str) -> tuple[Model, Champion] | None:
        """Read the champion; None where there is none yet."""
        async with self._database.connection() as connection:
            champion = await champions.present(connection, model)
            if champion is None:
                return None
            found = await models.by_version(connection, model, champion.version)
        assert found is not None
        return found, champion

    async def artifact(self, model: str, sha256: str) -> bytes:
        """Read the bytes of an artifact.

        Raises:
            Problem: 404, there is none.
        """
        async with self._database.connection() as connection:
            found = await models.artifact(connection, model, sha256)
        if found is None:
            raise Problem.not_found("There is no such artifact.")
        return found

    async def card(self, model: str, version: str) -> str:
        """Read the card of a version, in Markdown.

        Raises:
            Problem: 404, there is no such version.
        """
        async with self._database.connection() as connection:
            found = await models.card(connection, model, version)
        if found is None:
            raise unknown_version(model, version)
        return msgspec.json.decode(found, type=str)

    async def compare(self, new: NewComparison, by: str) -> Comparison:
        """Record how a version did beside another; it counts as long as that one is in force. Repeated, it is one.

        Raises:
            Problem: 404, one of them does not exist.
        """
        async with self._database.transaction() as connection:
            for version in (new.version, new.champion):
                if await models.by_version(connection, new.model, version) is None:
                    raise unknown_version(new.model, version)
            await comparisons.add(connection, new_id(), new, by)
            found = await comparisons.newest(connection, new.model, new.version, new.champion)
        assert found is not None
        return found

    async def history(self, model: str, before: int, limit: int) -> list[ChampionChange]:
        """List what came into force, newest first."""
        async with self._database.connection() as connection:
            return await champions.history(connection, model, before, limit)


async def locked(connection: Connection, model: str) -> Pointer:
    """Lock a model and read what is in force.

    Raises:
        Problem: 404, there is no such model.
    """
    pointer = await champions.locked(connection, model)
    if pointer is None:
        raise unknown_model(model)
    return pointer


async def _registered(
    connection: Connection,
    model: str,
    content: bytes,
    inspected: Inspected,
    release: Release,
    source: Source,
    by: str,
) -> tuple[Model, bool]:
    sha256 = hashlib.sha256(content).hexdigest()
    known = await models.by_sha256(connection, model, sha256)
    if known is not None:
        return known, False
    number = Number.after(await models.newest(connection, model), release)
    new = NewModel(
        id=new_id(),
        model=model,
        number=number,
        sha256=sha256,
        artifact=content,
        fingerprint=inspected.fingerprint,
        figures=inspected.figures,
        card=inspected.card,
        source=source,
        registered_by=by,
    )
    await models.add(connection, new)
    found = await models.by_sha256(connection, model, sha256)
    assert found is not None
    _log.info("model_registered", model=model, version=found.version, sha256=sha256, source=source, by=by)
    return found, True


def _initial(shipped: Model) -> Change:
    return Change(
        model=shipped.model,
        version=shipped.version,
        by=_RELEASE,
        reason=_SHIPPED,
        kind="initial",
        gates=[],
        forced=False,
    )
