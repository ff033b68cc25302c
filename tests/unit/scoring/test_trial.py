"""A trial tells what can be served from what would end the process that serves it."""

import io
import os
import zipfile
from contextlib import suppress

import msgspec
import pytest

from tests.support.damaged_models import KILLING, REFUSED, Damaged
from waqiti.foundation import children
from waqiti.scoring.artifact import MOST_BYTES, MOST_TEXT_BYTES, Artifact, DamagedArtifact
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.trees import LIBRARY
from waqiti.scoring.trial import Passed, Refused, library, tried


async def test_what_ships_passes_and_its_figures_and_card_are_told() -> None:
    said = await tried(shipped_artifact())
    artifact = Artifact.read(shipped_artifact())
    assert isinstance(said, Passed)
    assert (said.training, said.card) == (artifact.manifest.training, artifact.card)
    assert said.figures.auc == artifact.manifest.metrics.auc


@pytest.mark.parametrize("damaged", [*KILLING.values(), *REFUSED.values()], ids=[*KILLING, *REFUSED])
async def test_damaged_trees_are_refused_with_a_sentence(damaged: Damaged) -> None:
    said = await tried(damaged.content)
    assert isinstance(said, Refused)
    assert said.why.startswith(("the trees cannot be", "the process that tried it was ended by SIG")), said


async def test_what_takes_too_long_is_ended() -> None:
    ended = await children.asked("asyncio", content=b"import time\ntime.sleep(60)\n", seconds=0.3)
    assert ended == children.Ended(None, b"")


async def test_a_child_is_given_no_addresses_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAQITI_SECRET", "secret")
    ended = await children.asked("asyncio", content=b"import os\nprint('names', *os.environ)\n", seconds=10)
    assert "WAQITI_SECRET" in os.environ
    assert b"names" in ended.output
    assert b"WAQITI_SECRET" not in ended.output


def test_the_library_is_named_without_importing_it() -> None:
    assert f", {LIBRARY}, Python " in library()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_parts_are_stored_and_not_compressed(method: int) -> None:
    with pytest.raises(DamagedArtifact, match="is compressed"):
        Artifact.read(_packed(method=method))


def test_the_whole_and_each_part_are_bounded() -> None:
    for content, said in (
        (b"x" * (MOST_BYTES + 1), "at most"),
        (_packed(card=b"x" * (MOST_TEXT_BYTES + 1)), r"card\.md is larger"),
        (_packed(manifest=b" " * (MOST_TEXT_BYTES + 1)), r"manifest\.json is larger"),
    ):
        with pytest.raises(DamagedArtifact, match=said):
            Artifact.read(content)


def test_whatever_is_wrong_with_the_bytes_is_damage() -> None:
    whole = _packed()
    for content in (
        _packed(manifest=b"[" * 100_000),
        _packed(card=b"\xff"),
        *(whole[:end] for end in range(0, len(whole), 9_973)),
        *(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :] for at in range(len(whole) - 300, len(whole), 7)),
    ):
        with suppress(DamagedArtifact):
            Artifact.read(content)


def _packed(*, manifest: bytes | None = None, card: bytes | None = None, method: int = zipfile.ZIP_STORED) -> bytes:
    artifact = Artifact.read(shipped_artifact())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("manifest.json", manifest or msgspec.json.encode(artifact.manifest))
        archive.writestr("model.ubj", artifact.model)
        archive.writestr("card.md", card or artifact.card.encode())
    return file.getvalue()
