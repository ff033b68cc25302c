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


def test_a_list_that_cannot_be_read_changes_nothing(platform: Platform, tmp_path: Path) -> None:
    before = platform.command("compliance", "lists", "list", "--json").document()
    (tmp_path / "sdn.csv").write_text("1,2\n")
    (tmp_path / "alt.csv").write_text("")
    refused = platform.command("compliance", "lists", "load", "--source", "ofac", "--path", str(tmp_path))
    assert refused.exit_code == 2
    assert "this is not the layout of OFAC" in refused.stderr
    assert platform.command("compliance", "lists", "list", "--json").document()["lists"] == before["lists"]
