"""The lists of what definitions may say, in the manual pages of section 5: part of scripts/make-man.

What there is, of what form it is, where it is needed and which pool types have it comes from the program
(`documents` of `cistern --describe-commands`); what it means and what holds without it is in man/src/PAGE.parts.
There, text is mdoc(7) as it is, and these lines have a meaning:

  .\\" part PATH...      what follows is about this, or about several that are alike
  .\\" value WORDS      its form, in place of the program's words for it
  .\\" default WORDS    what holds without it
  .\\" unit WORDS       of a number that has no attribute `unit`
  .\\" output           it is printed, and passed over when read
  .\\" types TYPE...    the types in which it means something, where the form is allowed in others too

Whatever the program knows must be there, and nothing else; that is the only order in which lines can be checked.
"""

import re

MARK = re.compile(r'\.\\" (part|value|default|unit|output|types)\b *(.*)')


class Lost(Exception):
    """What is missing or wrong in a file of parts; told in one line."""


class Part:
    """One entry: the paths that it is about, its text, and what is declared of it."""

    def __init__(self, paths):
        self.paths, self.text, self.said = paths, [], {}


def entries(lines):
    """The file as a list of entries and, between them, plain lines."""
    result, part = [], None
    for line in lines:
        if match := MARK.fullmatch(line):
            word, rest = match.groups()
            if word == "part":
                part = Part(rest.split())
                result.append(part)
            elif part is None or part.text:
                raise Lost(f"{line}: stands outside of a part's head")
            else:
                part.said[word] = rest
        elif line.startswith(".Ss "):
            part = None
            result.append(line)
        elif line.startswith('.\\"'):
            continue
        else:
            (result if part is None else part.text).append(line)
    return result


def listed(words):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


class Document:
    """A notation, with the parts that the program knows."""

    def __init__(self, parts, types, what):
        self.parts = {part["path"]: part for part in parts}
        self.types, self.what = types, what
        self.conditions = {}
        for place in (place for part in parts for place in part.get("places", [])):
            if place["condition"]:
                self.conditions.setdefault(place["type"], set()).add(place["condition"])

    def places(self, path):
        return self.parts[path]["places"]

    def named(self, places):
        """The types of places, in words."""
        names = []
        for type_name in dict.fromkeys(place["type"] for place in places):
            conditions = [p["condition"] for p in places if p["type"] == type_name]
            if None in conditions or set(conditions) == self.conditions[type_name]:
                names.append(type_name)
            else:
                names.append(f"{type_name} ({' or '.join(conditions)})")
        return "all" if names == self.types else ", ".join(names)

    def value(self, path, said):
        """The form, by types where it differs."""
        if "value" in said:
            return said["value"]
        forms = {}
        for place in self.places(path):
            forms.setdefault(place["value"], []).append(place)
        if len(forms) == 1:
            return next(iter(forms)) or ""
        return "; ".join(f"in {self.named(places)}: {form}" for form, places in forms.items())

    def standard(self, path, said):
        """Whether it is needed, or what holds without it."""
        places = self.places(path)
        if "output" in said:
            return ["Output only"]
        needed = [p for p in places if p["needed"]]
        if len(needed) == len(places):
            return ["Needed"]
        computed = {}
        for place in places:
            if place["standard"]:
                computed.setdefault(place["standard"], []).append(place["type"])
        default = said.get("default")
        if computed:
            default = "; ".join(f"{word} in {listed(list(dict.fromkeys(types)))}" for word, types in computed.items())
        facts = ["Needed in " + self.named(needed)] if needed else []
        # An element that only holds others has no default of its own.
        if any(p["value"] for p in places):
            if default is None:
                raise Lost(f"{path}: its default is not told")
            facts.append("Default: " + default)
        elif default is not None:
            facts.append("Without it: " + default)
        return facts

    def unit(self, path, value, said):
        if path + "/@unit" in self.parts:
            return ["Unit: that of the attribute unit, else bytes"]
        if "unit" in said:
            return ["Unit: " + said["unit"]]
        if "value" not in said and re.search(r"\bdigits$|^a number|\bnumber up to", value):
            if not re.search("octal|hexadecimal", value):
                raise Lost(f"{path}: is a number and has no unit (say `none` for one that counts or names)")
        return []

    def facts(self, path, said):
        places = self.places(path)
        value = self.value(path, said)
        facts = ["Value: " + value] if value else []
        if not (facts and said.get("unit") == "none"):
            facts += self.unit(path, value, said)
        if self.parts[path]["repeats"]:
            facts.append("May be repeated")
        facts += self.standard(path, said)
        if "types" in said:
            types = said["types"].split()
            known = {p["type"] for p in places} - {None} or set(self.types)
            if not set(types) <= known:
                raise Lost(f"{path}: types {sorted(set(types) - known)} do not have it")
            facts.append("Pool types: " + ", ".join(types))
        elif places[0]["type"] is None:
            facts.append("Pool types: all")
        else:
            facts.append("Pool types: " + self.named(places))
        return facts

    def told(self, path):
        """Whether an attribute is told with its element: units are."""
        return path.endswith("/@unit") and path.removesuffix("/@unit") in self.parts


class Keys(Document):
    """storage.conf: the program knows keys and drivers; forms and defaults are declared."""

    def facts(self, path, said):
        if "value" not in said:
            raise Lost(f"{path}: its form is not told")
        if "default" not in said:
            raise Lost(f"{path}: its default is not told (or `needed`)")
        default = "Needed" if said["default"] == "needed" else "Default: " + said["default"]
        drivers = ", ".join(self.parts[path]["drivers"]) or "all"
        return ["Value: " + said["value"], default, "Drivers: " + drivers]


def lines(document, source, prose, argument):
    """The list as mdoc lines.

    prose and argument are make-man's, which escape text and an argument of a macro.
    """
    result, seen, inside = [], [], False
    for entry in entries(source):
        if isinstance(entry, str):
            if inside:
                result.append(".El")
                inside = False
            result.append(entry)
            continue
        if not inside:
            result.append(".Bl -tag -width Ds")
            inside = True
        for path in entry.paths:
            if path not in document.parts:
                raise Lost(f"{path}: {document.what} has no such part")
            if path in seen:
                raise Lost(f"{path}: stands twice")
            seen.append(path)
        facts = [document.facts(path, entry.said) for path in entry.paths]
        for path, other in zip(entry.paths[1:], facts[1:]):
            if other != facts[0]:
                raise Lost(f"{path}: is not like {entry.paths[0]}: {other} and {facts[0]}")
        result.append(".It Ic " + " , ".join(argument(path) for path in entry.paths))
        if not [x for x in entry.text if x.strip()]:
            raise Lost(f"{entry.paths[0]}: nothing is said about it")
        result += entry.text
        for fact in facts[0]:
            result += prose(fact)
    if inside:
        result.append(".El")
    missing = [path for path in document.parts if path not in seen and not document.told(path)]
    if missing:
        raise Lost(f"nothing is said about {', '.join(missing)} of {document.what}")
    return result
