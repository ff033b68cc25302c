"""The API document of wallet-service."""

from tests.integration.wallet.conftest import OpenBank


async def test_the_document_names_every_route_and_only_public_ones(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        document = (await bank.wallets.get("/openapi.json")).document()

    wallet = "/v1/wallets/{wallet_id}"
    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        "/v1/wallets": ["get", "post"],
        wallet: ["get"],
        f"{wallet}/balance": ["get"],
        f"{wallet}/entries": ["get"],
        f"{wallet}/statement": ["get"],
        f"{wallet}/freeze": ["post"],
        f"{wallet}/unfreeze": ["post"],
        f"{wallet}/close": ["post"],
        "/v1/deposits": ["post"],
        "/v1/deposits/{deposit_id}": ["get"],
        "/v1/withdrawals": ["post"],
        "/v1/withdrawals/{withdrawal_id}": ["get"],
    }
    assert {"201", "202", "404", "409"} <= set(document["paths"]["/v1/deposits"]["post"]["responses"])
    statement = document["paths"][f"{wallet}/statement"]["get"]["parameters"]
    assert [parameter["name"] for parameter in statement] == ["wallet_id", "from", "to", "format"]
