"""JSON documents against the schemas in docs/schema."""

from collections.abc import Callable
import functools
import json
import re
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schema"


def check(value, schema, root, where="$"):
    """Checks a value against the parts of JSON Schema that docs/schema uses. An unknown word in a
    schema is an error, so that nothing is thought checked that is not."""
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return check(value, target, root, where)
    for word, rule in schema.items():
        assert word in CHECKS, f"schema word {word!r} is not checked by this test"
        CHECKS[word](value, rule, schema, root, where)


TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
}  # fmt: skip


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def check_type(value, rule, schema, root, where):
    names = rule if isinstance(rule, list) else [rule]
    assert any(is_type(value, name) for name in names), f"{where}: {value!r} is no {rule}"


def check_required(value, rule, schema, root, where):
    if isinstance(value, dict):
        assert set(rule) <= set(value), f"{where}: lacks {set(rule) - set(value)}"


def check_properties(value, rule, schema, root, where):
    if isinstance(value, dict):
        for name in set(rule) & set(value):
            check(value[name], rule[name], root, f"{where}.{name}")


def check_more(value, rule, schema, root, where):
    if isinstance(value, dict):
        for name in set(value) - set(schema.get("properties", {})):
            assert rule is not False, f"{where}: {name} is not allowed"
            if isinstance(rule, dict):
                check(value[name], rule, root, f"{where}.{name}")


def check_items(value, rule, schema, root, where):
    if isinstance(value, list):
        for number, item in enumerate(value):
            check(item, rule, root, f"{where}[{number}]")


def check_const(value, rule, schema, root, where):
    assert value == rule, f"{where}: {value!r}, not {rule!r}"


def check_enum(value, rule, schema, root, where):
    assert value in rule, f"{where}: {value!r} is none of {rule}"


def check_minimum(value, rule, schema, root, where):
    assert not is_type(value, "integer") or value >= rule, f"{where}: {value} < {rule}"


def check_maximum(value, rule, schema, root, where):
    assert not is_type(value, "integer") or value <= rule, f"{where}: {value} > {rule}"


def check_pattern(value, rule, schema, root, where):
    assert not isinstance(value, str) or re.search(rule, value), f"{where}: {value!r}, not {rule}"


def nothing(*_):
    """Words that describe and do not restrict."""


CHECKS: dict[str, Callable] = {
    "type": check_type, "required": check_required, "properties": check_properties,
    "additionalProperties": check_more, "items": check_items, "const": check_const, "enum": check_enum,
    "minimum": check_minimum, "maximum": check_maximum, "pattern": check_pattern,
    "$schema": nothing, "$id": nothing, "$defs": nothing, "title": nothing, "description": nothing,
}  # fmt: skip


def conforms(text):
    """Checks one JSON document against the schema that it names; returns that name."""
    document = json.loads(text)
    assert text.endswith("\n") and text.count("\n") == 1, "is not one line"
    schema = named(document["schema"])
    check(document, schema, schema)
    return document["schema"]


@functools.cache
def named(name):
    """The schema of a name such as cistern.pool-list/1."""
    file = name.removeprefix("cistern.").replace("/", "-") + ".schema.json"
    return json.loads((SCHEMAS / file).read_text())
