"""A model as one file: a zip archive that is the same, byte for byte, whenever the same parts are put in.

It holds ``manifest.json``, ``model.ubj`` (the trees in XGBoost's own stable format, which later versions read) and
``card.md``. Nothing in it is code, and nothing is unpickled.
"""

import hashlib
import io
import struct
import zipfile
from datetime import datetime
from typing import Final, Self

import msgspec

from waqiti.scoring.calibration import Calibration

FORMAT: Final = 1
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of the whole artifact; its parts are stored as they are, so that it grows by nothing when it is read."""
MOST_TEXT_BYTES: Final = 256 * 1024
"""Of the manifest, and of the card."""
_MANIFEST: Final = "manifest.json"
_MODEL: Final = "model.ubj"
_CARD: Final = "card.md"
_MOST: Final = {_MANIFEST: MOST_TEXT_BYTES, _MODEL: MOST_BYTES, _CARD: MOST_TEXT_BYTES}
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


_UNREADABLE: Final = (
    zipfile.BadZipFile, KeyError, IndexError, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    OverflowError, MemoryError, struct.error,
)  # fmt: skip
"""What reading an archive and its texts raises: RecursionError is a RuntimeError, UnicodeError a ValueError."""


class ArtifactError(Exception):
    """A model that cannot be used.

    The tree::

        ArtifactError
          DamagedArtifact      it is no artifact, or not whole
          OtherCatalogue       it was trained for other features
    """


class DamagedArtifact(ArtifactError):
    """The bytes are no artifact, or not whole."""


class OtherCatalogue(ArtifactError):
    """The model was trained for another catalogue of features than this code has."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures on the test period; docs/guides/models.md says what each means.

    ``rows`` and ``frauds`` are of the test period, ``train_rows`` what was learnt from. None where a figure is not
    defined, as without any fraud.
    """

    rows: int
    frauds: int
    train_rows: int
    auc: float | None
    average_precision: float | None
    precision_at_100: float | None
    precision_at_100_ceiling: float | None
    false_positive_rate: float | None
    recall: float | None
    calibration_error: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an artifact says of itself.

    ``catalogue`` is the fingerprint of the features that the trees expect, ``training`` that of data, parameters and
    catalogue. ``library`` names what wrote the trees.
    """

    format: int
    library: str
    catalogue: str
    training: str
    features: tuple[str, ...]
    calibration: Calibration
    metrics: Metrics
    created_at: datetime
    model_sha256: str


class Artifact(msgspec.Struct, frozen=True):
    """The parts of an artifact."""

    manifest: Manifest
    model: bytes
    card: str

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read an artifact.

        Raises:
            DamagedArtifact: the bytes are no artifact, or not whole.
        """
        if len(content) > MOST_BYTES:
            raise DamagedArtifact(f"an artifact is at most {MOST_BYTES} bytes")
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = {name: _part(archive, name) for name in _MOST}
            manifest = msgspec.json.decode(parts[_MANIFEST], type=Manifest)
            card = parts[_CARD].decode()
        except _UNREADABLE as error:
            raise DamagedArtifact(f"not a model artifact, or not whole: {error}") from error
        if manifest.format != FORMAT:
            raise DamagedArtifact(f"an artifact of format {manifest.format}; this code reads format {FORMAT}")
        if hashlib.sha256(parts[_MODEL]).hexdigest() != manifest.model_sha256:
            raise DamagedArtifact("the trees are not those that the manifest speaks of")
        return cls(manifest, parts[_MODEL], card)

    def to_bytes(self) -> bytes:
        """Return the artifact; the same parts give the same bytes."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in (
                (_MANIFEST, msgspec.json.format(msgspec.json.encode(self.manifest))),
                (_MODEL, self.model),
                (_CARD, self.card.encode()),
            ):
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        return file.getvalue()


def sha256(content: bytes) -> str:
    """Return the hash by which an artifact is known."""
    return hashlib.sha256(content).hexdigest()


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    found = archive.getinfo(name)
    if found.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    if max(found.file_size, found.compress_size) > _MOST[name]:
        raise ValueError(f"{name} is larger than {_MOST[name]} bytes")
    return archive.read(found)
