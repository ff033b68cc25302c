"""One OpenAPI document out of those of the services."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Document = Mapping[str, Any]

_PUBLIC_PREFIX: Final = "/v1/"
_SECTIONS: Final = ("schemas", "responses", "parameters", "headers", "securitySchemes")


def merged(documents: Iterable[Document], *, title: str, version: str) -> dict[str, Any]:
    """Merge the public paths and all components of ``documents`` (OpenAPI 3.1).

    Components that share a name are the same concept by the house's rules; where two services still differ, the first
    in the order given stands.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    tags: dict[str, Any] = {}
    for document in documents:
        public = {path: item for path, item in document["paths"].items() if path.startswith(_PUBLIC_PREFIX)}
        paths |= public
        for section in _SECTIONS:
            found = document.get("components", {}).get(section, {})
            components[section] = {**found, **components.get(section, {})}
        tags = {tag["name"]: tag for tag in document.get("tags", ())} | tags
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {section: found for section, found in components.items() if found},
        "security": [{"bearer": []}],
        "tags": list(tags.values()),
    }
