"""``waqiti compliance compare``, and what commands say of files that cannot be used."""

import json
from pathlib import Path

import pytest

from waqiti.cli.app import run

PAIRS = (
    'left,right\n"Quenvik, Zorblat",ZORBLAT QUENVIK\nZoblat Quenvik,Zorblat Quenvik\n\nAda Lovelace,Zorblat Quenvik\n'
)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_text(PAIRS, encoding="utf-8")
    return path


def test_two_names_are_compared_without_a_platform(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compliance", "compare", "Владимир Гнарл", "Gnarl, Vladimir", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "left": "Владимир Гнарл",
        "right": "Gnarl, Vladimir",
        "score": 1.0,
        "outcome": "confirmed",
    }


def test_a_file_of_pairs_gives_a_line_each_in_its_order(capsys: pytest.CaptureFixture[str], pairs: Path) -> None:
    assert run(["compliance", "compare", "--file", str(pairs), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["left"], line["outcome"]) for line in lines] == [
        ("Quenvik, Zorblat", "confirmed"),
        ("Zoblat Quenvik", "possible"),
        ("Ada Lovelace", "clear"),
    ]


def test_without_json_there_is_a_table(capsys: pytest.CaptureFixture[str], pairs: Path) -> None:
    assert run(["compliance", "compare", "--file", str(pairs)]) == 0
    shown = capsys.readouterr().out
    assert "Ada Lovelace" in shown
    assert "possible" in shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "must have the columns left, right in its first line"),
        (b"one,two\na,b\n", "must have the columns left, right in its first line"),
        (b"left,right,left\na,b,c\n", "must have the columns left, right in its first line"),
        (b"left,right\na,b\na\n", "row 3: 1 values under 2 columns"),
        (b'left,right\n"a,b\n', "is not a CSV file: unexpected end of data"),
        (b"left,right\n\xff\xfe,b\n", "is not text in UTF-8"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_wrong_use(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "pairs.csv"
    if content is not None:
        path.write_bytes(content)
    assert run(["compliance", "compare", "--file", str(path)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["compare"], ["compare", "one"], ["compare", "a", "b", "c"], ["compare", "a", "b", "--file", "x"]]
)
def test_compare_wants_two_names_or_a_file(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(["compliance", *arguments]) == 2
    assert "compare wants two names" in capsys.readouterr().err


def test_screen_wants_a_name_or_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compliance", "screen"]) == 2
    assert run(["compliance", "screen", "a", "--file", "x"]) == 2
    assert "screen wants a name" in capsys.readouterr().err


def test_a_directory_that_holds_no_list_is_wrong_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    load = ["compliance", "lists", "load", "--source", "ofac", "--path", str(tmp_path)]
    assert run(load) == 2
    assert "sdn.csv cannot be read: No such file or directory" in capsys.readouterr().err
    (tmp_path / "sdn.csv").write_text("number,name\n")
    (tmp_path / "alt.csv").write_text("")
    assert run(load) == 2
    assert "sdn.csv, line 1: this is not the layout of OFAC" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "  ", "...", "-"])
def test_what_has_no_letter_is_no_name_to_screen(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compliance", "screen", "--", name]) == 2
    assert "is no name: it has neither letters nor digits" in capsys.readouterr().err
