"""The file of callbacks, and a command that writes down what it is told."""

import json

#: What the recording command puts behind each word, and behind the last one.
WORD, END = "\x1e", "\x1f"


def recorder(folder):
    """Makes a command in the folder that records its arguments there; returns its path."""
    script = folder / "record"
    script.write_text(
        "#!/bin/sh\n"
        f"{{ for word; do printf '%s\\036' \"$word\"; done; printf '\\037'; }} >> '{folder}/events'\n"
    )
    script.chmod(0o755)
    (folder / "events").touch()
    return script


def recorded(folder):
    """What was recorded: a list of words for each call."""
    calls = (folder / "events").read_text().split(END)
    return [call.split(WORD)[:-1] for call in calls if call]


def events(folder):
    """The events alone, each with the volume it is about and what else was told."""
    return [" ".join([words[2], *words[6:7], *words[7:]]) for words in recorded(folder)]


def configure(site, **entries):
    """Adds entries to the file of callbacks."""
    file = site.root / "etc" / "qubes_callback.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**known, **entries}))
    file.chmod(0o644)
    return file
