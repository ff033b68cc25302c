"""The registry of models on the shared platform; what is in force is restored whatever happens."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.support.platform import Platform
from tests.support.raw import RawClient
from waqiti.client import Client, ModelVersion
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.scoring.artifact import Artifact
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.worth import FEWEST_FRAUDS, FEWEST_ROWS
from waqiti.simulation import Town, payments, write_csv

SHIPPED = "v1.0.0"
APPLIED_MS = 1_000


@pytest.fixture
def registry(platform: Platform) -> Iterator[Client]:
    """A client of ml-service with an operator's key; afterwards the model that ships is in force again."""
    credentials = platform.credentials
    with Client(credentials.services[ML], credentials.operator_key) as connected:
        yield connected
        connected.models.roll_back(SHIPPED)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of a small town."""
    path = Path(tmp_path_factory.mktemp("models")) / "payments.csv"
    with path.open("w", newline="") as file:
        write_csv(file, payments(Town.of(5, 60), 32))
    return path


def variant(registry: Client) -> ModelVersion:
    """Register the model that ships once more, with other words in its card."""
    artifact = Artifact.read(shipped_artifact())
    return registry.models.register(msgspec.structs.replace(artifact, card=f"Variant {uuid4()}.").to_bytes())


def without_fraud_at_last(data: Path, to: Path) -> None:
    """Copy a file of payments with nothing in its last week called fraud: no model is measured on that."""
    with data.open(newline="") as file, to.open("w", newline="") as copy:
        rows = list(csv.DictReader(file))
        last = max(datetime.fromisoformat(row["time"]) for row in rows)
        writer = csv.DictWriter(copy, list(rows[0]))
        writer.writeheader()
        for row in rows:
            is_late = datetime.fromisoformat(row["time"]) > last - timedelta(days=8)
            writer.writerow(row | {"label": "0"} if is_late else row)


def scoring(platform: Platform) -> list[Any]:
    """Return the replicas of fraud-service."""
    (found,) = [row["replicas"] for row in platform.status()["deployments"] if row["name"] == FRAUD]
    return list(found)


def audited(platform: Platform, version: str) -> list[tuple[str, Any]]:
    with closing(sqlite3.connect(platform.state / "operations" / "ops.db")) as store:
        rows = store.execute("SELECT action, details FROM audit WHERE subject = ? ORDER BY seq", (version,)).fetchall()
    return [(action, msgspec.json.decode(details)) for action, details in rows]


def test_the_model_that_ships_is_in_force_and_its_figures_can_be_read(platform: Platform, registry: Client) -> None:
    listed = platform.command("models", "versions", "--json").document()
    (shipped,) = [row for row in listed["versions"] if row["source"] == "shipped"]
    operator = RawClient(platform.credentials.services[ML], platform.credentials.operator_key)
    figures = operator.get("/api/model/metrics").document()["models"]["fraud"]

    assert (shipped["version"], shipped["champion"]) == (SHIPPED, True)
    assert listed["champion"] == SHIPPED
    assert figures["version"] == SHIPPED
    assert figures["auc"] > 0.9
    assert figures["false_positive_rate"] <= 0.002
    assert {"average_precision", "precision_at_k"} <= figures.keys()
    assert SHIPPED in platform.command("models", "versions").stdout


def test_a_version_comes_into_force_once_it_was_compared_and_one_can_go_back(
    platform: Platform, registry: Client, data: Path
) -> None:
    version = variant(registry).version

    unknown = platform.command("models", "promote", version, "--json")
    assert unknown.exit_code == 3
    refused = unknown.document()
    assert refused["error"] == f"{version} does not pass: evidence, average_precision, recall."
    assert [(gate["gate"], gate["ok"]) for gate in refused["gates"]] == [
        ("evidence", False),
        ("average_precision", False),
        ("recall", False),
    ]
    assert f"It was not compared with {SHIPPED} yet" in refused["gates"][0]["detail"]

    (intent,) = audited(platform, version)
    assert intent[0] == "model.promote"

    small = platform.command("models", "evaluate", version, "--data", str(data), "--json").document()
    assert small["champion"] == {**small["figures"], "version": SHIPPED}
    refused = platform.command("models", "promote", version, "--json").document()
    assert refused["gates"][0]["gate"] == "evidence"
    assert f"{small['rows']:,} payments with {small['frauds']:,} frauds were tested" in refused["gates"][0]["detail"]

    evaluated = platform.command("models", "evaluate", version, "--json").document()
    assert evaluated["rows"] >= FEWEST_ROWS
    assert evaluated["frauds"] >= FEWEST_FRAUDS

    promoted = platform.command("models", "promote", version, "--reason", "An acceptance test.", "--json")
    assert promoted.exit_code == 0, promoted
    assert (promoted.document()["version"], promoted.document()["unreached"]) == (version, [])
    replicas = {row["name"]: row["applied_ms"] for row in promoted.document()["replicas"]}
    assert replicas.keys() == {replica["name"] for replica in scoring(platform)}
    assert max(replicas.values()) < APPLIED_MS
    assert registry.models.metrics().models["fraud"].version == version

    back = platform.command("models", "rollback", SHIPPED, "--reason", "An acceptance test.", "--json")
    assert back.exit_code == 0, back
    assert back.document()["revision"] == promoted.document()["revision"] + 1
    again = platform.command("models", "rollback", SHIPPED, "--json").document()
    assert (again["revision"], again["changed"]) == (back.document()["revision"], False)
    assert [action for action, _ in audited(platform, version)] == [
        "model.promote",  # refused
        "model.promote",  # refused
        "model.promote",
        "model.promoted",
    ]


def test_force_over_a_gate_is_audited_before_it_is_done(platform: Platform, registry: Client) -> None:
    version = variant(registry).version

    assert platform.command("models", "promote", version, "--force").exit_code == 2
    forced = platform.command("models", "promote", version, "--force", "--reason", "An attack is under way.", "--json")

    assert (forced.exit_code, forced.document()["forced"]) == (0, True)
    (first, _), (second, details), (third, came) = audited(platform, version)
    assert (first, second, third) == ("model.promote", "model.force", "model.promoted")
    assert (came["forced"], came["changed"]) == (True, True)
    assert details["reason"] == "An attack is under way."
    assert [gate.partition(":")[0] for gate in details["gates"]] == ["evidence", "average_precision", "recall"]
    assert platform.command("audit", "verify").exit_code == 0


def test_what_is_trained_is_registered_and_compared_with_what_is_in_force(
    platform: Platform, registry: Client, data: Path, tmp_path: Path
) -> None:
    lawful = tmp_path / "a lawful week.csv"
    without_fraud_at_last(data, lawful)
    trained = platform.command("models", "train", "--data", str(lawful), "--json")
    assert trained.exit_code == 0, trained
    version = trained.document()["version"]

    refused = platform.command("models", "promote", version, "--json")

    assert trained.document()["registered"] is True
    assert version in platform.command("models", "versions").stdout
    assert refused.exit_code == 3
    assert {gate["gate"]: gate["detail"] for gate in refused.document()["gates"]}.items() >= {
        "auc": "It is not known: there was no fraud in the test period.",
        "recall": "It is not known: there was no fraud in the test period.",
    }.items()
    assert f"models promote {version} --force --reason TEXT" in trained.stderr
    assert registry.models.metrics().models["fraud"].version == SHIPPED
    assert platform.command("models", "card", version).stdout.startswith("# A model that scores payments")


def test_an_unknown_version_is_refused(platform: Platform) -> None:
    operator = RawClient(platform.credentials.services[ML], platform.credentials.operator_key)
    answer = operator.post("/api/model/rollback", {"model": "fraud-detection", "version": "v9.9.9"})

    assert (answer.status, answer.problem()["code"]) == (404, "not_found")
    assert platform.command("models", "rollback", "v9.9.9").exit_code == 2
