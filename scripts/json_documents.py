"""The documents of cistern-json(5), from their schemas: part of scripts/make-man."""

import json


class Lost(Exception):
    """What is missing in a schema; told in one line."""


def kind_of(schema):
    """What a field is, in a word or two."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(kinds)


def resolved(schema, root):
    """A schema with what it refers to; what stands beside the reference goes before."""
    while "$ref" in schema:
        own = {key: schema[key] for key in schema if key != "$ref"}
        schema = {**root["$defs"][schema["$ref"].rsplit("/", 1)[1]], **own}
    return schema


def fields(schema, root, before="", above=()):
    """Every field of a document with what it is, those of inner objects after the one that holds them; of objects in
    objects of the same kind (`above`) only once."""
    for name, field in resolved(schema, root).get("properties", {}).items():
        if name == "schema" and not before:
            continue
        field = resolved(field, root)
        if not field.get("description"):
            raise Lost(f"{root['title']}: {before}{name} has no description")
        yield before + name, kind_of(field), field["description"]
        inner = field.get("items", field)
        if inner.get("$ref") is None or inner["$ref"] not in above:
            where = before + name + ("[]." if "items" in field else ".")
            yield from fields(inner, root, where, (*above, inner.get("$ref")))


def lines(folder, prose, argument, escaped):
    """The documents as mdoc lines.

    The last three are make-man's, which make lines, an argument and text of what is given."""
    result = []
    for path in sorted(folder.glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        # What is no document that a command prints has a page of its own.
        if "schema" not in schema["properties"]:
            continue
        result += [".Ss " + escaped(schema["title"])] + prose(schema["description"])
        listed = list(fields(schema, schema))
        if listed:
            result.append(".Bl -tag -width Ds")
            for name, kind, description in listed:
                result += [f".It Ic {argument(name)} Pq {kind}", *prose(description)]
            result.append(".El")
    return result
