"""What options take for a whole number."""

import pytest

from waqiti.cli.app import run


@pytest.mark.parametrize(
    "arguments",
    [
        ("cluster", "scale", "payment-service", "2.5"),
        ("cluster", "scale", "payment-service", "1_0"),
        ("cluster", "scale", "payment-service", "1e0"),
        ("cluster", "undo", "payment-service", "--to", "1.7"),
        ("cluster", "logs", "payment-service", "--tail", "1.5"),
        ("audit", "list", "--limit", "2.9"),
        ("reviews", "list", "--limit", "2.9"),
        ("up", "--port", "80.5"),
    ],
)
def test_a_number_that_is_not_whole_is_refused_and_not_rounded(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert f'unable to convert "{arguments[-1]}" into int' in capsys.readouterr().err
