"""What is shown of variables that ``waqiti cluster set`` has set."""

import pytest

from waqiti.operations.cluster.hiding import assignment


@pytest.mark.parametrize(
    "shown",
    [
        "LOG_LEVEL=DEBUG",
        "FRAUD_THRESHOLD=0.9",
        "WAQITI_REVIEW_SECONDS=900",
        "MALLOC_ARENA_MAX=2",
        "PYTHONPATH=/srv/x",
        "TZ=Europe/Berlin",
        "TRIAL=on",
        "SOME_PORT=65535",
        "SOME_SHARE=12.5%",
        "EMPTY=",
        "EMPTY_SECRET=",
    ],
)
def test_what_the_product_knows_and_what_can_be_no_secret_is_shown(shown: str) -> None:
    assert assignment(*shown.split("=", 1)) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("UPSTREAM", "https://host/hook/T0000/B0000"),
        ("PHRASE", "correct horse battery staple"),
        ("CODE", "482913"),
        ("CARD_PIN", "4829"),
        ("DB_PASS", "1234"),
        ("WAQITI_TOKEN_KEY_FILE", "/etc/key"),
        ("PYTHON_API_TOKEN", "x"),
        ("LD_PRELOAD", "Bearer x"),
    ],
)
def test_what_may_be_a_secret_is_hidden_whole(name: str, value: str) -> None:
    assert assignment(name, value) == f"{name}=***"
