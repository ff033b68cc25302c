"""Examples of bodies: what a schema asks for and no more, out of the examples that its fields give."""

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]


def example_of(schema: Schema, components: Schema) -> object:
    """Return an example of ``schema`` (JSON Schema 2020-12): its own, or one of its required fields."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components)
    known = schema.get("examples") or schema.get("enum")
    return known[0] if known else _made_up(schema, components)


def _made_up(schema: Schema, components: Schema) -> object:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: example_of(fields[name], components) for name in schema.get("required", [])}
        case "array":
            return [example_of(schema["items"], components)] * schema.get("minItems", 0)
        case "integer":
            return schema.get("minimum", 0)
        case kind:
            return False if kind == "boolean" else ""
