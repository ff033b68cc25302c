"""Selectors: which of what is kept is asked for."""

import pytest

from waqiti.operations.history.names import NoSelector, Selector, labelled, selector_of


@pytest.mark.parametrize("labels", [{}, {"status": "5xx"}, {"group": "g", "topic": "t"}, {"code": 'a"b\\c\n}{,='}])
def test_every_kept_name_selects_itself(labels: dict[str, str]) -> None:
    name = labelled("some_total", labels)

    assert selector_of(name).selects(selector_of(name))
    assert len(selector_of(name).labels) == len(labels)


def test_a_selector_selects_what_has_its_labels_and_perhaps_others() -> None:
    kept = selector_of('lag{group="g",topic="t"}')

    assert selector_of("lag").selects(kept)
    assert selector_of('lag{topic="t"}').selects(kept)
    assert not selector_of('lag{topic="u"}').selects(kept)
    assert not selector_of('la{topic="t"}').selects(kept)
    assert selector_of("lag") == selector_of("lag{}") == Selector("lag", frozenset())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x{",
        "x}",
        "x{}{}",
        'x{a=~".*"}',
        'x{a!="b"}',
        "x{bad=}",
        "x{bad}",
        'x{a="b" c="d"}',
        'x{a="b"}y',
        "1x",
        "x y",
    ],
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(NoSelector, match="is no selector: a name, or a name and labels such as"):
        selector_of(text)
