"""The API document as people and tools read it."""

import re

from tests.support.platform import Platform
from tests.support.raw import RawClient


def test_the_page_loads_nothing_from_elsewhere(platform: Platform) -> None:
    anybody = RawClient(platform.credentials.base_url, None)
    page = anybody.get("/docs")
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert len(parts) == 4
    for part in parts:
        assert part.startswith("/docs/")
        assert anybody.get(part).status == 200
    assert "http" not in anybody.get("/docs/start.js").body.decode()


def test_the_document_is_whole(platform: Platform) -> None:
    answer = RawClient(platform.credentials.base_url, None).get("/openapi.json")
    document = answer.document()
    text = answer.body.decode()

    assert document["openapi"] == "3.1.0"
    for reference in set(re.findall(r'"#/components/(\w+)/(\w+)"', text)):
        section, name = reference
        assert name in document["components"][section]
    named = {name for item in document["security"] for name in item}
    for operations in document["paths"].values():
        for operation in operations.values():
            named |= {name for item in operation["security"] for name in item}
    assert named <= set(document["components"]["securitySchemes"])
    assert not re.search(r'"/(?:internal|actuator)', text)
