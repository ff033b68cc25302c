"""What is registered, and what comes into force: through gates, by one at a time, and back."""

import asyncio
import itertools

import asyncpg
import msgspec
import pytest

from tests.support.house import OPERATOR_KEY, House
from tests.support.models import GOOD, SHIPPED, Made, Replica, ml_replicas, rows
from tests.support.tcp_proxy import proxied
from waqiti.client import AsyncClient, Conflict
from waqiti.contracts.ml import FRAUD_DETECTION

MODEL = {"model": FRAUD_DETECTION}


def changed(**figures: object) -> Made:
    return Made("changed", msgspec.structs.replace(GOOD, **figures))


async def test_the_model_that_ships_is_registered_once_by_replicas_that_start_together(house: House) -> None:
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(_started(house)) for _ in range(4)]
    assert {task.result() for task in started} == {(("v1.0.0", 1), (("v1.0.0", True),))}

    assert await rows(house, "SELECT version, source FROM models") == [("v1.0.0", "shipped")]
    assert await rows(house, "SELECT revision, version, kind FROM champions") == [(1, "v1.0.0", "initial")]


async def _started(house: House) -> object:
    async with ml_replicas(house) as (replica,):
        return await replica.champion(), tuple(await replica.versions())


async def test_a_newer_release_registers_its_model_and_leaves_what_is_in_force(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        trained = await replica.registered(Made("trained"))
        assert (await replica.promote(trained)).status == 200
    async with ml_replicas(house, shipped=Made("shipped later")) as (replica,):
        assert await replica.versions() == [("v1.1.0", False), ("v1.0.1", True), ("v1.0.0", False)]
        assert await replica.champion() == ("v1.0.1", 2)
    async with ml_replicas(house) as (replica,):
        assert len(await replica.versions()) == 3


async def test_a_shipped_model_that_does_not_load_is_shown_in_health_and_the_rest_is_served(house: House) -> None:
    async with ml_replicas(house, shipped=Made("broken", loads=False)) as (replica,):
        health = (await replica.operator.get("/actuator/health")).document()
        assert health["status"] == "UP"
        assert "does not load: it is of another catalogue" in health["components"]["shipped-model"]["detail"]
        version = await replica.register(Made("trained"))
        assert (await replica.promote(version)).status == 200
    async with ml_replicas(house) as (replica,):
        assert await replica.versions() == [("v1.1.0", False), ("v1.0.0", True)]


async def test_versions_are_counted_up_and_the_same_bytes_keep_theirs(house: House) -> None:
    async with ml_replicas(house, 2) as replicas:
        registering = [replicas[n % 2].register(Made(f"model {n}")) for n in range(6)]
        assert sorted(await asyncio.gather(*registering)) == [f"v1.0.{n}" for n in range(1, 7)]
        first, *others = await asyncio.gather(
            *(replica.register(Made("same"), release="minor") for replica in replicas)
        )
        assert first == "v1.1.0"
        assert others == ["v1.1.0"]
        assert await replicas[0].register(SHIPPED) == "v1.0.0"
        assert await replicas[0].register(Made("next")) == "v1.1.1"

        page = (await replicas[0].operator.get("/api/model/versions?limit=5")).document()
        rest = (await replicas[0].operator.get(f"/api/model/versions?limit=5&cursor={page['next_cursor']}")).document()
        versions = [row["version"] for row in [*page["data"], *rest["data"]]]
        assert versions == [version for version, _ in await replicas[0].versions()]
        assert rest["next_cursor"] is None

        artifact = (await replicas[1].operator.get("/api/model/versions/v1.1.1/artifact")).document()
        assert msgspec.convert(artifact["content"], bytes) == Made("next").content


async def test_metrics_are_those_of_the_champion(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        found = (await replica.operator.get("/api/model/metrics")).document()["models"]
        assert set(found) == {"fraud"}
        assert found["fraud"].items() >= msgspec.to_builtins(GOOD).items()
        assert (found["fraud"]["version"], found["fraud"]["auc"]) == ("v1.0.0", 0.98)


async def test_a_version_that_passes_every_gate_comes_into_force_and_one_can_go_back(house: House) -> None:
    async with ml_replicas(house, 2) as (one, other):
        version = await one.registered(changed(average_precision=0.785, recall=0.56, false_positive_rate=0.002))
        promoted = await one.promote(version, reason="It finds the new scheme.")
        assert promoted.status == 200, promoted
        assert promoted.document() == {
            **MODEL,
            "version": "v1.0.1",
            "revision": 2,
            "changed": True,
            "forced": False,
            "replicas": [],
            "unreached": [],
        }
        again = (await other.promote(version)).document()
        assert (again["revision"], again["changed"]) == (2, False)

        back = (await other.roll_back("v1.0.0")).document()
        assert (back["version"], back["revision"], back["changed"]) == ("v1.0.0", 3, True)
        again = (await one.roll_back("v1.0.0")).document()
        assert (again["version"], again["revision"], again["changed"]) == ("v1.0.0", 3, False)

        history = await one.history()
        kinds = [(row["revision"], row["version"], row["kind"], row["by"]) for row in history]
        assert kinds == [
            (3, "v1.0.0", "rollback", "key_operator"),
            (2, "v1.0.1", "promote", "key_operator"),
            (1, "v1.0.0", "initial", "the release"),
        ]
        assert history[1]["reason"] == "It finds the new scheme."
        assert [gate["name"] for gate in history[1]["gates"] if gate["ok"]] == [
            "loads",
            "innocence",
            "evidence",
            "auc",
            "average_precision",
            "recall",
            "false_positive_rate",
        ]
    async with ml_replicas(house) as (started,):
        assert await started.champion() == ("v1.0.0", 3)


@pytest.mark.parametrize(
    ("made", "gates"),
    [
        (Made("harsh", suspected=["thirty small payments a second"]), ["innocence"]),
        (changed(rows=9_999), ["evidence"]),
        (changed(frauds=49), ["evidence"]),
        (changed(auc=0.69), ["auc"]),
        (changed(average_precision=0.77), ["average_precision"]),
        (changed(recall=0.54), ["recall"]),
        (changed(false_positive_rate=0.0021), ["false_positive_rate"]),
        (changed(false_positive_rate=None), ["false_positive_rate"]),
        (changed(recall=None, average_precision=0.1), ["average_precision", "recall"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else value.name,
)
async def test_a_gate_that_fails_is_named_and_passed_by_force_with_a_reason(
    house: House, made: Made, gates: list[str]
) -> None:
    async with ml_replicas(house) as (replica,):
        version = await replica.registered(made)
        refused = await replica.promote(version)
        assert (refused.status, refused.problem()["code"]) == (409, "gate_failed")
        assert [error["detail"].partition(":")[0] for error in refused.problem()["errors"]] == gates
        assert await replica.champion() == ("v1.0.0", 1)

        unsaid = await replica.promote(version, force=True, reason=" ")
        assert (unsaid.status, unsaid.problem()["errors"][0]["pointer"]) == (422, "/reason")

        forced = await replica.promote(version, force=True, reason="An attack is under way.")
        assert forced.document()["forced"] is True
        assert await replica.champion() == (version, 2)
        newest = (await replica.history())[0]
        assert (newest["forced"], newest["reason"]) == (True, "An attack is under way.")
        assert [gate["name"] for gate in newest["gates"] if not gate["ok"]] == gates


async def test_what_was_not_compared_with_the_champion_of_today_is_not_promoted(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        first, second = await replica.register(Made("first")), await replica.registered(Made("second"))
        refused = await replica.promote(first)
        details = [error["detail"] for error in refused.problem()["errors"]]
        assert details == [
            (
                "evidence: It was not compared with v1.0.0 yet: "
                "waqiti models evaluate VERSION --data FILE.csv, with more payments, measures it."
            ),
            "average_precision: It was not compared with v1.0.0 yet.",
            "recall: It was not compared with v1.0.0 yet.",
        ]
        await replica.compare(first)
        assert (await replica.promote(first)).status == 200
        assert (await replica.promote(second)).problem()["code"] == "gate_failed"
        await replica.compare(second, msgspec.structs.replace(GOOD, recall=0.1), champion=first)
        assert (await replica.promote(second)).problem()["code"] == "gate_failed"
        await replica.compare(second, champion=first)
        assert (await replica.promote(second)).status == 200


async def test_a_comparison_that_is_sent_again_is_one_and_counts_as_the_newest(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        version = await replica.register(Made("new"))
        worse = msgspec.structs.replace(GOOD, recall=0.1)
        await asyncio.gather(*(replica.compare(version) for _ in range(4)))
        await replica.compare(version, worse)
        assert (await replica.promote(version)).problem()["code"] == "gate_failed"
        await replica.compare(version)
        assert await rows(house, "SELECT count(*) FROM comparisons") == [(2,)]
        assert (await replica.promote(version)).status == 200


async def test_what_few_payments_say_does_not_undo_what_many_said(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        version = await replica.register(Made("new"))
        tiny = msgspec.structs.replace(GOOD, rows=70, frauds=2)
        fewer = msgspec.structs.replace(GOOD, frauds=55)
        thin = msgspec.structs.replace(GOOD, rows=9_000, frauds=900)

        await replica.compare(version, tiny)
        assert await _failed(replica, version) == ["evidence"]
        await replica.compare(version, msgspec.structs.replace(GOOD, recall=0.1))
        for later in (tiny, fewer, thin):
            await replica.compare(version, later)
            assert await _failed(replica, version) == ["recall"]
        await replica.compare(version, msgspec.structs.replace(GOOD, frauds=61))
        assert (await replica.promote(version)).status == 200


async def test_a_model_that_finds_nothing_is_not_promoted_even_where_the_champion_finds_nothing(house: House) -> None:
    nothing = msgspec.structs.replace(GOOD, auc=0.5, average_precision=0.006, recall=0.0, false_positive_rate=0.0)
    async with ml_replicas(house, shipped=Made("shipped", nothing)) as (replica,):
        version = await replica.registered(Made("new", nothing))
        assert await _failed(replica, version) == ["auc", "average_precision", "recall"]


async def _failed(replica: Replica, version: str) -> list[str]:
    errors = (await replica.promote(version)).problem()["errors"]
    return [error["detail"].partition(":")[0] for error in errors]


async def test_a_claimed_comparison_does_not_make_up_for_what_the_artifact_says_itself(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        version = await replica.register(changed(false_positive_rate=0.0025))
        await replica.compare(version, GOOD)
        refused = await replica.promote(version)
        assert refused.problem()["code"] == "gate_failed"
        assert [error["detail"][:28] for error in refused.problem()["errors"]] == ["false_positive_rate: 0.2500%"]


async def test_an_attempt_that_is_repeated_does_not_undo_what_somebody_else_did_since(house: House) -> None:
    async with ml_replicas(house, 2) as (one, other):
        version = await one.registered(Made("new"))
        assert (await one.promote(version, expected_revision=1)).document()["revision"] == 2
        again = (await one.promote(version, expected_revision=1)).document()
        assert (again["revision"], again["changed"]) == (2, False)

        assert (await other.roll_back("v1.0.0", expected_revision=2)).document()["revision"] == 3
        for change in (one.promote, one.roll_back):
            late = await change(version, expected_revision=1)
            assert (late.status, late.problem()["code"]) == (409, "conflict"), late
        assert await one.champion() == ("v1.0.0", 3)


async def test_the_client_repeats_an_attempt_in_view_of_what_was_in_force_at_first(house: House) -> None:
    async with (
        ml_replicas(house) as (replica,),
        proxied(replica.url) as (url, proxy),
        AsyncClient(url, OPERATOR_KEY, timeout_seconds=2, max_attempts=2) as client,
    ):
        version = await replica.registered(Made("new"))
        assert await client.models.revision() == 1
        proxy.lose_answers()
        promoting = asyncio.create_task(client.models.promote(version, expected_revision=1))
        while await replica.champion() != (version, 2):
            await asyncio.sleep(0.01)
        assert (await replica.roll_back("v1.0.0")).document()["revision"] == 3
        await proxy.turn(replica.url)
        with pytest.raises(Conflict) as refused:
            await promoting
        assert refused.value.code == "conflict"
        assert await replica.champion() == ("v1.0.0", 3)


async def test_a_card_is_read_as_markdown_and_stands_in_no_list(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        answer = await replica.operator.get("/api/model/versions/v1.0.0/card")
        assert (answer.status, answer.body) == (200, b"A card.")
        assert answer.headers["content-type"].startswith("text/markdown")
        assert (await replica.operator.get("/api/model/versions/v9.9.9/card")).status == 404


async def test_what_does_not_load_is_not_registered_and_comes_into_force_by_no_means(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        broken = Made("broken", loads=False)
        body = {**MODEL, "artifact": msgspec.to_builtins(broken.content)}
        refused = await replica.operator.post("/api/model/versions", body)
        assert (refused.status, refused.problem()["errors"][0]["pointer"]) == (422, "/artifact")

        version = await replica.register(Made("fine"))
        await _replace_artifact(house, version, broken)
        for answer in (
            await replica.promote(version, force=True, reason="It must."),
            await replica.roll_back(version),
        ):
            assert (answer.status, answer.problem()["code"]) == (409, "gate_failed")
            assert answer.problem()["errors"][0]["detail"].startswith("loads: ")
        assert await replica.champion() == ("v1.0.0", 1)


async def _replace_artifact(house: House, version: str, made: Made) -> None:
    """Have a version not load, as after a release with other features."""
    await rows(house, "UPDATE models SET artifact = $1 WHERE version = $2", made.content, version)
    await rows(house, "UPDATE trials SET library = 'another one' WHERE version = $1", version)


async def test_what_is_unknown_is_not_found(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        for path in ("/api/model/promote", "/api/model/rollback"):
            for model, version in (("fraud-detection", "v9.9.9"), ("fraud-detection", "newest"), ("credit", "v1.0.0")):
                body = {"model": model, "version": version}
                answer = await replica.operator.post(path, body)
                assert (answer.status, answer.problem()["code"]) == (404, "not_found"), answer
        assert (await replica.operator.get("/api/model/versions/v9.9.9/artifact")).status == 404
        compared = {**MODEL, "version": "v9.9.9", "champion": "v1.0.0", "data": "A week."}
        figures = msgspec.to_builtins({"figures": GOOD, "champion_figures": GOOD})
        assert (await replica.operator.post("/api/model/comparisons", compared | figures)).status == 404


async def test_only_operators_and_fraud_service_may_ask(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        customer, wallet = house.client(replica.url), house.internal_client(replica.url, "wallet-service")
        for path in ("metrics", "versions", "history", "versions/v1.0.0/artifact", "versions/v1.0.0/card"):
            assert (await customer.get(f"/api/model/{path}")).status == 403
        for path in ("versions", "promote", "rollback"):
            assert (await customer.post(f"/api/model/{path}", {**MODEL, "version": "v1.0.0"})).status == 403
        assert (await wallet.get("/internal/models/artifacts/" + "0" * 64)).status == 403
        assert (await replica.operator.get("/internal/models/artifacts/" + "0" * 64)).status == 403


async def test_an_artifact_is_at_most_eight_mebibytes(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        large = Made("x" * (8 * 1024 * 1024))
        body = {**MODEL, "artifact": msgspec.to_builtins(large.content)}
        answer = await replica.operator.post("/api/model/versions", body)
        assert (answer.status, answer.problem()["code"]) == (413, "payload_too_large")
        assert len(await replica.versions()) == 1


async def test_changes_at_the_same_time_happen_one_after_the_other(house: House) -> None:
    async with ml_replicas(house, 3) as replicas:
        versions = [await replicas[0].register(Made(f"model {n}")) for n in range(3)]
        for version in versions:
            for champion in ("v1.0.0", *versions):
                await replicas[0].compare(version, champion=champion)
        changing = [replica.promote(version) for replica in replicas for version in versions]
        answers = await asyncio.gather(*changing, *(replica.roll_back("v1.0.0") for replica in replicas))
        assert {answer.status for answer in answers} <= {200, 409}
        assert {answer.problem()["code"] for answer in answers if answer.status == 409} <= {"conflict"}

        history = list(reversed(await replicas[0].history()))
        assert [row["revision"] for row in history] == [*range(1, len(history) + 1)]
        assert all(one["version"] != two["version"] for one, two in itertools.pairwise(history))
        assert await replicas[0].champion() == (history[-1]["version"], len(history))


async def test_nothing_that_was_recorded_can_be_changed(house: House) -> None:
    async with ml_replicas(house):
        pass
    connection = await asyncpg.connect(house.databases["ml-service"].url)
    for statement in (
        "UPDATE models SET version = 'v2.0.0'",
        "DELETE FROM champions",
        "DELETE FROM registry",
        "UPDATE comparisons SET figures = champion_figures",
        "DELETE FROM comparisons",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
