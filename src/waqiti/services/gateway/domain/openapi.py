"""One OpenAPI document out of those of the services."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Document = Mapping[str, Any]

_PUBLIC_PREFIX: Final = "/v1/"
_NOUN: Final = 2
_TAGS: Final = {
    "Customers": ("customers", "cases"),
    "Wallets": ("wallets",),
    "Money in and out": ("deposits", "withdrawals"),
    "Payments": ("payments", "refunds", "disputes"),
    "Reviews": ("reviews",),
    "The books": ("ledger",),
    "Events and webhooks": ("events", "webhook-endpoints"),
}
_TAG_OF: Final = {noun: tag for tag, nouns in _TAGS.items() for noun in nouns}
_DESCRIPTION: Final = """\
- **Keys.** Every call carries `Authorization: Bearer <key>`. *Authorize* takes the `api_key` of
  `.waqiti/credentials.json`; only operators verify customers, decide reviews and cases, and audit the
  books, with the `operator_key`.
- **Idempotency-Key.** Every `POST` has one, of your own. The same key with the same body has no second effect and gets
  the same answer; with another body it is refused.
- **Amounts** are integers in the minor unit of their currency: 1250 EUR is 12.50 EUR, 1250 JPY is 1,250 JPY.
- **Prefer: wait=N** says how many seconds a payment may wait for its decision (5 by default, 30 at most): 201 once it
  is there, 202 before. A refusal by funds, limits, fraud or compliance is a payment with that `status`.
- **Errors** are problem documents (RFC 9457) with a stable `code`; their `errors` point at the fields that are wrong.
"""
_SECTIONS: Final = ("schemas", "responses", "parameters", "headers", "securitySchemes")


def merged(documents: Iterable[Document], *, title: str, version: str) -> dict[str, Any]:
    """Merge the public paths and all components of ``documents`` (OpenAPI 3.1).

    Components that share a name are the same concept by the house's rules; where two services still differ, the first
    in the order given stands.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    tags: dict[str, Any] = {tag: {"name": tag} for tag in _TAGS}
    for document in documents:
        for path, item in document["paths"].items():
            if path.startswith(_PUBLIC_PREFIX):
                tag = _tag(path)
                paths[path] = {method: {**operation, "tags": [tag]} for method, operation in item.items()}
                tags.setdefault(tag, {"name": tag})
        for section in _SECTIONS:
            found = document.get("components", {}).get(section, {})
            components[section] = {**found, **components.get(section, {})}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {section: found for section, found in components.items() if found},
        "security": [{"bearer": []}],
        "tags": list(tags.values()),
    }


def _tag(path: str) -> str:
    noun = path.split("/")[_NOUN]
    return _TAG_OF.get(noun, noun.replace("-", " ").capitalize())
