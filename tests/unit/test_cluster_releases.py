"""Releases that are directories: what is one, what its name is, and what is kept of it."""

from pathlib import Path

import pytest

from waqiti.operations.cluster import releases, state_directory
from waqiti.operations.cluster.releases import CheckedReleases, check_release, digest_of, forget_releases, kept_release
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import lock
from waqiti.operations.state.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state")
    state_directory.make_state_directory(layout)
    return layout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    package = tmp_path / "source" / "waqiti"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("VERSION = 1\n")
    (package / "deep" / "rules.txt").write_text("many\n")
    return package.parent


def keep(layout: Layout, source: Path) -> str:
    with kept_release(layout, source) as digest:
        return digest


def test_a_release_is_kept_whole_under_the_hash_of_its_content(layout: Layout, source: Path) -> None:
    digest = keep(layout, source)

    kept = layout.release(digest)
    assert {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()} == {
        "waqiti/__init__.py",
        "waqiti/deep/rules.txt",
    }
    assert digest == digest_of(source) == digest_of(kept)
    check_release(layout, digest)


def test_the_same_content_is_the_same_release_and_other_content_another(layout: Layout, source: Path) -> None:
    digest = keep(layout, source)
    (source / "waqiti" / "__pycache__").mkdir()
    (source / "waqiti" / "__pycache__" / "deep.pyc").write_bytes(b"compiled")

    assert keep(layout, source) == digest
    (source / "waqiti" / "deep" / "rules.txt").rename(source / "waqiti" / "deep" / "laws.txt")
    assert keep(layout, source) != digest
    assert len(list(layout.releases.iterdir())) == 2


def test_a_release_that_was_changed_is_not_used_and_is_whole_again_once_it_is_kept_again(
    layout: Layout, source: Path
) -> None:
    digest = keep(layout, source)
    (layout.release(digest) / "waqiti" / "__init__.py").write_text("VERSION = 2\n")

    with pytest.raises(ClusterError, match="was changed and is not used") as refused:
        check_release(layout, digest)
    assert refused.value.exit_code == 3
    keep(layout, source)
    check_release(layout, digest)
    with pytest.raises(ClusterError, match="deploy it again"):
        check_release(layout, "0" * 64)


def test_a_release_is_read_once_and_again_where_a_file_looks_different(
    layout: Layout, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = keep(layout, source)
    reads: list[Path] = []

    def reading(directory: Path) -> str:
        reads.append(directory)
        return digest_of(directory)

    monkeypatch.setattr(releases, "digest_of", reading)
    checked = CheckedReleases(layout)

    checked.check(digest)
    checked.check(digest)
    assert len(reads) == 1
    (layout.release(digest) / "waqiti" / "__init__.py").write_text("VERSION = 2\n")
    for _ in range(2):
        with pytest.raises(ClusterError, match="was changed and is not used"):
            checked.check(digest)
    assert len(reads) == 2


def test_what_is_no_release_is_refused(layout: Layout, tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ClusterError, match=r"is no release: it holds no waqiti/__init__\.py") as refused:
            keep(layout, directory)
        assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("target", "said"), [("/etc/hostname", "leads out"), ("/etc", "leads out"), ("gone", "no file")]
)
def test_a_link_that_leads_out_is_refused_and_nothing_is_kept(
    layout: Layout, source: Path, target: str, said: str
) -> None:
    (source / "waqiti" / "link").symlink_to(target)

    with pytest.raises(ClusterError, match=said) as refused:
        keep(layout, source)

    assert refused.value.exit_code == 2
    forget_releases(layout, set())
    assert list(layout.releases.iterdir()) == []


def test_a_circle_of_links_is_refused(layout: Layout, source: Path) -> None:
    (source / "waqiti" / "one").symlink_to("other")
    (source / "waqiti" / "other").symlink_to("one")

    with pytest.raises(ClusterError, match=r"one (leads back to itself|is no file)") as refused:
        keep(layout, source)

    assert refused.value.exit_code == 2


def test_a_link_within_a_release_is_kept_as_the_file_that_it_leads_to(layout: Layout, source: Path) -> None:
    (source / "waqiti" / "link").symlink_to("deep/rules.txt")

    kept = layout.release(keep(layout, source)) / "waqiti" / "link"

    assert not kept.is_symlink()
    assert kept.read_text() == "many\n"


def test_releases_that_nobody_remembers_go_unless_one_is_being_deployed(layout: Layout, source: Path) -> None:
    digest = keep(layout, source)

    with lock(layout.releases_lock, wait_seconds=0, holder="A deploy"):
        forget_releases(layout, set())
    assert layout.release(digest).exists()
    forget_releases(layout, {digest})
    assert layout.release(digest).exists()
    forget_releases(layout, {"0.1.0"})
    assert not layout.release(digest).exists()


def test_a_wipe_removes_releases(layout: Layout, source: Path) -> None:
    keep(layout, source)

    state_directory.wipe(layout)

    assert not layout.root.exists()
