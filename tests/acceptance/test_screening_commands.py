"""``waqiti compliance`` on a running platform: a list is loaded, and customers are screened by it."""

import json
from pathlib import Path

from tests.support.platform import Platform
from waqiti.client import Client

REST = '"PROGRAM",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
SDN = f'1,"QUILLON, Vandella Maris","individual",{REST}2,"ORVANTHI HOLDINGS LTD.",-0- ,{REST}\x1a\r\n'
ALT = '1,1,"aka","Вандела Квиллон",-0- \r\n\x1a\r\n'


def test_a_list_is_loaded_listed_and_screened_against(platform: Platform, client: Client, tmp_path: Path) -> None:
    (tmp_path / "sdn.csv").write_bytes(SDN.encode())
    (tmp_path / "alt.csv").write_bytes(ALT.encode())
    before = client.customers.create(name="Vandella Quillon", country="DE")
    assert before.status == "active"

    loaded = platform.command("compliance", "lists", "load", "--source", "ofac", "--path", str(tmp_path), "--json")
    assert loaded.exit_code == 0, loaded.stderr
    document = loaded.document()
    assert (document["entries"], document["names"], document["unreached"]) == (2, 3, [])
    assert {reader["role"] for reader in document["replicas"]} == {"api", "worker"}

    statuses = {
        name: client.customers.create(name=name, country="DE").status
        for name in ("Quillon, Vandella Maris", "Vandella Quillon", "Orvanthi Holdings Limited", "Amina Yusuf")
    }
    assert list(statuses.values()) == ["blocked", "in_review", "blocked", "active"]
    assert platform.command("compliance", "lists", "list").stdout.count("ofac") == 1

    names = tmp_path / "names.csv"
    names.write_text("id,name\n1,Vandela Kvillon\n2,Ada Lovelace\n", encoding="utf-8")
    screened = platform.command("compliance", "screen", "--file", str(names), "--json")
    lines = [json.loads(line) for line in screened.stdout.splitlines()]
    assert [(line["name"], line["outcome"]) for line in lines] == [
        ("Vandela Kvillon", "confirmed"),
        ("Ada Lovelace", "clear"),
    ]
    assert lines[0]["matches"][0]["reference"] == "OFAC-1"


def test_a_list_that_was_cut_short_is_loaded_only_for_a_reason_that_the_audit_keeps(
    platform: Platform, tmp_path: Path
) -> None:
    load = ("compliance", "lists", "load", "--source", "ofac", "--path", str(tmp_path))
    sdn = [f'{n},"ZARB{n}, Ostrik","individual"' for n in range(1, 21)]
    (tmp_path / "sdn.csv").write_text("\n".join(sdn))
    (tmp_path / "alt.csv").write_text('1,1,"aka","Ostrik Zarbo"')
    assert platform.command(*load, "--accept-shrinking", "--reason", "Another list before").exit_code == 0
    before = platform.command("compliance", "lists", "list", "--json").document()["lists"]

    (tmp_path / "sdn.csv").write_text("\n".join(sdn[:10]))
    refused = platform.command(*load)

    assert refused.exit_code == 3
    assert "list_shrinks: ofac would go from 20 entries to 10, and from 21 names to 11" in refused.stderr
    assert platform.command("compliance", "lists", "list", "--json").document()["lists"] == before
    assert platform.command(*load, "--accept-shrinking").exit_code == 2
    assert platform.command(*load, "--accept-shrinking", "--reason", "It is meant so").exit_code == 0
    written = platform.command("audit", "list", "--limit", "1", "--json").document()["entries"]
    assert [(one["action"], one["target"], one["reason"]) for one in written] == [
        ("list.shrinking_accepted", "ofac", "It is meant so")
    ]


def test_a_list_that_cannot_be_read_changes_nothing(platform: Platform, tmp_path: Path) -> None:
    before = platform.command("compliance", "lists", "list", "--json").document()
    (tmp_path / "sdn.csv").write_text("1,2\n")
    (tmp_path / "alt.csv").write_text("")
    refused = platform.command("compliance", "lists", "load", "--source", "ofac", "--path", str(tmp_path))
    assert refused.exit_code == 2
    assert "this is not the layout of OFAC" in refused.stderr
    assert platform.command("compliance", "lists", "list", "--json").document()["lists"] == before["lists"]
