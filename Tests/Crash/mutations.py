"""Commands that change something, and what must hold whenever one of them was killed: pool-check says what is left
without failing, `pool-check --repair` removes it, a second pool-check is clean but for sessions that nobody has committed,
the volume is whole and in its old or its new state, and the same command then does its work."""

import hashlib
import os
from dataclasses import dataclass, field

import contents
from conftest import BOTH, IN_PLACE, SIZE, SNAPSHOT, VOLATILE, VOLUME
from tools import BAD_DATA, BUSY, DONE, EXISTS, NOT_FOUND, PROBLEMS, document


@dataclass(frozen=True)
class Operation:
    """A command, what must have been done before it, and what running it again may answer."""

    command: tuple
    volume: str | None = VOLUME
    before: tuple = ()
    #: Written to the device after `before`.
    write: str | None = None
    #: Statuses of the same command when the cut came after its effect.
    again: tuple = (DONE,)
    #: The pool that the command is about.
    pool: str = "p"
    #: A file outside of the pool that is made whole or not at all.
    output: str | None = None
    #: The driver of the only layout that can do it.
    only: str | None = None
    #: Whether revisions go, whatever else changes.
    drops: bool = False
    #: Whether content is written over in place, so that a cut can leave it half done.
    overwrites: bool = False
    #: What a cut can leave for a person to decide, besides an open session.
    leaves: tuple = ()


def on(tool, volume, *arguments):
    return (tool, volume, *arguments, "--pool", "p")


OUTPUT = "@STAGE@/output"
START = on("vol-start", VOLUME)
QCOW2 = ("vol-create-as", "p", "q", str(SIZE), "--allocation", "0", "--format", "qcow2")
N = "n"
DEFINE_N = ("pool-define-as", N, "dir", "--target", "@STAGE@/new")
CREATE_N = ("pool-create-as", *DEFINE_N[1:], "--build")
BUILD_N, START_N, DESTROY_N = ("pool-build", N), ("pool-start", N), ("pool-destroy", N)

VOLUMES = {
    "create": Operation(
        ("vol-create-as", "p", "w", str(SIZE), "--allocation", "65536", "--revisions-to-keep", "1"),
        volume="w", again=(DONE, EXISTS),
    ),
    "create-plain": Operation(
        ("vol-create-as", "p", "w", str(SIZE), "--allocation", "0"), volume="w", again=(DONE, EXISTS)
    ),
    "create-volatile": Operation(
        ("vol-create-as", "p", "w", str(SIZE), "--save-on-stop", "no"), volume="w",
        again=(DONE, EXISTS),
    ),
    "resize": Operation(on("vol-resize", VOLUME, str(2 * SIZE))),
    "resize-shrink": Operation(on("vol-resize", VOLUME, str(SIZE // 2), "--shrink")),
    "resize-running": Operation(
        on("vol-resize", VOLUME, str(2 * SIZE)), before=(START,), write="three"
    ),
    "resize-volatile": Operation(on("vol-resize", VOLATILE, str(2 * SIZE)), volume=VOLATILE),
    "start": Operation(START, again=(DONE, BUSY)),
    "start-snapshot": Operation(on("vol-start", SNAPSHOT), volume=SNAPSHOT, again=(DONE, BUSY)),
    "start-volatile": Operation(on("vol-start", VOLATILE), volume=VOLATILE, again=(DONE, BUSY)),
    "start-in-place": Operation(on("vol-start", IN_PLACE), volume=IN_PLACE, again=(DONE, BUSY)),
    "stop": Operation(on("vol-stop", VOLUME), before=(START,), write="three"),
    "stop-discard": Operation(on("vol-stop", VOLUME, "--discard"), before=(START,), write="three"),
    "stop-snapshot": Operation(
        on("vol-stop", SNAPSHOT), volume=SNAPSHOT, before=(on("vol-start", SNAPSHOT),), write="x"
    ),
    "stop-volatile": Operation(
        on("vol-stop", VOLATILE), volume=VOLATILE, before=(on("vol-start", VOLATILE),), write="x"
    ),
    "stop-in-place": Operation(
        on("vol-stop", IN_PLACE), volume=IN_PLACE, before=(on("vol-start", IN_PLACE),), write="x"
    ),
    "start-both": Operation(on("vol-start", BOTH), volume=BOTH, again=(DONE, BUSY)),
    "stop-both": Operation(
        on("vol-stop", BOTH), volume=BOTH, before=(on("vol-start", BOTH),), write="x"
    ),
    "commit": Operation(on("vol-commit", VOLUME), before=(START,), write="three", only="file-reflink"),
    "revert": Operation(on("vol-revert", VOLUME, "2")),
    "revert-discard": Operation(
        on("vol-revert", VOLUME, "2", "--discard"), before=(START,), write="three",
        leaves=("changed-state",),
    ),
    "import": Operation(on("vol-import", VOLUME, "@IMAGES@/image")),
    "import-in-place": Operation(on("vol-import", IN_PLACE, "@IMAGES@/image"), volume=IN_PLACE),
    "import-compressed": Operation(on("vol-import", VOLUME, "@IMAGES@/image.zst")),
    "import-compressed-in-place": Operation(
        on("vol-import", IN_PLACE, "@IMAGES@/image.zst"), volume=IN_PLACE
    ),
    "upload": Operation(on("vol-upload", VOLUME, "@IMAGES@/part", "--offset", "4096")),
    "upload-in-place": Operation(
        on("vol-upload", IN_PLACE, "@IMAGES@/part", "--offset", "4096"), volume=IN_PLACE,
        overwrites=True,
    ),
    "download": Operation(on("vol-download", VOLUME, OUTPUT), output=OUTPUT),
    "download-in-place": Operation(on("vol-download", IN_PLACE, OUTPUT), volume=IN_PLACE, output=OUTPUT),
    "export-compressed": Operation(
        on("vol-export", VOLUME, OUTPUT, "--compress", "zstd"), output=OUTPUT
    ),
    "clone": Operation(on("vol-clone", VOLUME, "w"), volume="w", again=(DONE, EXISTS)),
    "clone-in-place": Operation(on("vol-clone", IN_PLACE, "w"), volume="w", again=(DONE, EXISTS)),
    "delete": Operation(
        on("vol-delete", VOLUME), before=(on("vol-delete", SNAPSHOT), on("vol-delete", BOTH)),
        again=(DONE, NOT_FOUND),
    ),
    "delete-volatile": Operation(on("vol-delete", VOLATILE), volume=VOLATILE, again=(DONE, NOT_FOUND)),
    "create-from": Operation(
        ("vol-create-from", "p", "@IMAGES@/w.xml", VOLUME), volume="w", again=(DONE, EXISTS)
    ),
    "wipe": Operation(
        on("vol-wipe", IN_PLACE), volume=IN_PLACE, before=(on("vol-import", IN_PLACE, "@IMAGES@/image"),),
        overwrites=True,
    ),
    "wipe-revisions": Operation(
        on("vol-wipe", VOLUME), before=(on("vol-delete", SNAPSHOT), on("vol-delete", BOTH)),
        overwrites=True, drops=True,
    ),
    "create-qcow2": Operation(QCOW2, volume="q", again=(DONE, EXISTS), only="plain"),
    "create-overlay": Operation(
        ("vol-create-as", "p", "o", str(SIZE), "--format", "qcow2", "--backing-vol", IN_PLACE,
         "--backing-vol-format", "raw"),
        volume="o", again=(DONE, EXISTS), only="plain",
    ),
    "resize-qcow2": Operation(
        on("vol-resize", "q", str(2 * SIZE)), volume="q", before=(QCOW2,), only="plain"
    ),
    "clone-qcow2": Operation(
        on("vol-clone", "q", "w"), volume="w", before=(QCOW2,), again=(DONE, EXISTS), only="plain"
    ),
    "convert-qcow2": Operation(
        ("vol-create-from", "p", "@IMAGES@/w.xml", "q"), volume="w", before=(QCOW2,),
        again=(DONE, EXISTS), only="plain",
    ),
    "wipe-qcow2": Operation(
        on("vol-wipe", "q"), volume="q", before=(QCOW2,), only="plain", overwrites=True
    ),
    "delete-qcow2": Operation(
        on("vol-delete", "q"), volume="q", before=(QCOW2,), again=(DONE, NOT_FOUND), only="plain"
    ),
    "clear": Operation(on("vol-clear", VOLUME)),
    "delete-revision": Operation(
        on("vol-revisions", VOLUME, "--delete", "1"), again=(DONE, NOT_FOUND), drops=True
    ),
    "pin": Operation(on("vol-revisions", VOLUME, "--pin", "1")),
    "set": Operation(on("vol-set", VOLUME, "rw", "no")),
    "set-disable-revisions": Operation(on("vol-set", VOLUME, "revisions_to_keep", "-1")),
}  # fmt: skip

POOLS = {
    "define": Operation(DEFINE_N, None, again=(DONE, EXISTS), pool=N),
    "define-conf": Operation(
        ("pool-define", "@IMAGES@/n.conf", "--conf"), None, again=(DONE, EXISTS), pool=N
    ),
    "redefine": Operation((*DEFINE_N, "--if-not-exists"), None, (DEFINE_N,), pool=N),
    "undefine": Operation(
        ("pool-undefine", N), None, (DEFINE_N, ("pool-autostart", N)), again=(DONE, NOT_FOUND), pool=N
    ),
    "build": Operation(BUILD_N, None, (DEFINE_N,), pool=N),
    "delete-pool": Operation(
        ("pool-delete", N), None, (DEFINE_N, BUILD_N), again=(DONE, NOT_FOUND), pool=N
    ),
    "start-pool": Operation(START_N, None, (DEFINE_N, BUILD_N), again=(DONE, BUSY), pool=N),
    "start-pool-build": Operation(
        (*START_N, "--build"), None, (DEFINE_N,), again=(DONE, BUSY), pool=N
    ),
    "create-pool": Operation(
        ("pool-create", "@IMAGES@/n.xml", "--build"), None, again=(DONE, EXISTS), pool=N
    ),
    "create-pool-as": Operation(CREATE_N, None, again=(DONE, EXISTS), pool=N),
    "edit": Operation(("pool-edit", N), None, (DEFINE_N,), pool=N),
    "destroy-transient": Operation(DESTROY_N, None, (CREATE_N,), again=(DONE, NOT_FOUND), pool=N),
    "define-transient": Operation(
        ("pool-define", "@IMAGES@/uuid.xml"), None, (("pool-create", "@IMAGES@/uuid.xml", "--build"),), pool=N
    ),
    "destroy-pool": Operation(
        DESTROY_N, None, (DEFINE_N, BUILD_N, START_N), again=(DONE, BUSY), pool=N
    ),
    "autostart": Operation(("pool-autostart", N), None, (DEFINE_N,), pool=N),
    "autostart-off": Operation(
        ("pool-autostart", N, "--disable"), None, (DEFINE_N, ("pool-autostart", N)), pool=N
    ),
}


@dataclass
class Picture:
    """A volume as its user sees it. `main` is what must be old or new and nothing between."""

    main: tuple
    revisions: list = field(default_factory=list)
    state: str = "absent"
    #: Of the working copy while there is one.
    capacity: int | None = None


#: What is known to be half overwritten: nothing of it can be had.
INCOMPLETE = ("incomplete",)


def take(stage, name):
    """The picture of a volume, everything in it read through the commands."""
    site = stage.site
    info = site.run("vol-info", name, "--pool", "p", "--json")
    if info.status == NOT_FOUND:
        return Picture(main=("absent",))
    assert info.status == DONE, info
    volume = document(info.out)["volume"]
    if "did not finish" in (volume["problem"] or ""):
        return Picture(INCOMPLETE, [], volume["state"], volume["capacity"])
    in_use = volume["kind"] == "in-place" and volume["state"] != "clean"
    main = tuple(volume[key] for key in ("rw", "kind", "revisions_to_keep", "source"))
    # The digest is that of the committed state and tells its length, too.
    main += (sha(site, name) if volume["save_on_stop"] and not in_use else volume["capacity"],)
    revisions = [sha(site, name, "--revision", one["number"]) for one in site.revisions(name, "p")]
    return Picture(main, revisions, volume["state"], volume["capacity"])


def sha(site, name, *options):
    result = site.run("vol-export", name, "-", "--pool", "p", *options)
    assert result.status == DONE, result
    return hashlib.sha256(result.data).hexdigest()


def fill(stage, command):
    """The command with its placeholders filled in."""
    return [
        part.replace("@STAGE@", str(stage.folder)).replace("@IMAGES@", str(stage.images))
        for part in command
    ]


def prepare(stage, operation):
    stage.restore("base")
    (stage.images / "w.xml").write_text(
        f"<volume><name>w</name><capacity>{SIZE}</capacity><allocation>0</allocation>"
        "<target><format type='raw'/></target></volume>"
    )
    (stage.images / "n.conf").write_text(f"[n]\ndriver=xen\ndir_path={stage.folder}/new\n")
    for name, uuid in (("n", ""), ("uuid", "<uuid>c4f1a3de-0000-4000-8000-000000000001</uuid>")):
        (stage.images / f"{name}.xml").write_text(
            f"<pool type='dir'><name>n</name>{uuid}<target><path>{stage.folder}/new</path></target></pool>"
        )
    out = ""
    for command in operation.before:
        out = stage.site.ok(*fill(stage, command))
    if operation.write:
        contents.put(out.strip(), operation.write)
    stage.save("before")


def repair(stage, pool="p", leaves=()):
    """Checks, repairs, checks again; returns the findings that stay."""
    stage.site.findings(pool)
    result = stage.site.run("pool-check", pool, "--repair")
    assert result.status in (DONE, PROBLEMS), result
    left = stage.site.findings(pool)
    assert {finding["kind"] for finding in left} <= {"uncommitted", *leaves}, f"still there: {left}"
    if not left:
        assert result.status == DONE, result
    return left


def no_temporary_files(folder):
    """Nothing on disk that looks like a file somebody was still writing."""
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            assert "~" not in name, f"{base}/{name}"
            assert not name.startswith(".cistern-new-"), f"{base}/{name}"
            assert name != "import" and not name.endswith("-import.img"), f"{base}/{name}"
            assert name != "deleted", f"{base}/{name}"


def volume_after_cut(stage, operation, command, old, new, device):
    volume = operation.volume
    found = take(stage, volume)
    is_incomplete = operation.overwrites and found.main == INCOMPLETE
    assert is_incomplete or found.main in (old.main, new.main), (
        f"neither old nor new: {found.main}; old {old.main}; new {new.main}"
    )
    if is_incomplete:
        refuses_what_is_incomplete(stage, volume)
    repair(stage, leaves=("incomplete-content",) if is_incomplete else operation.leaves)
    no_temporary_files(stage.pool)
    whole = take(stage, volume)
    if found.main != whole.main:
        assert (found.main, whole.main) in ((old.main, new.main), (new.main, old.main)), whole
    assert whole.capacity in (old.capacity, new.capacity), whole
    if not operation.drops:
        check_history(whole, old, new)
        most = max(len(old.revisions), len(new.revisions))
        assert len(whole.revisions) <= most, "more revisions than are kept"
    if device is not None and whole.main == old.main != new.main:
        assert device.exists(), "the session is gone, and nothing has come of it"
    if device is not None and device.exists() and whole.state != "clean":
        # An open session is neither torn nor lost.
        assert contents.get(device) == operation.write, "the session's data changed"

    again = stage.site.run(*command)
    assert again.status in operation.again, f"again: {again}"
    if again.status != DONE:
        assert (whole.main, whole.state) == (new.main, new.state), f"refused too early: {again}"
    last = take(stage, volume)
    assert (last.main, last.state, last.capacity) == (new.main, new.state, new.capacity), (
        f"after running it again: {last}; expected {new}"
    )
    repair(stage)
    no_temporary_files(stage.pool)
    no_temporary_files(stage.folder / "root" / "etc")


def refuses_what_is_incomplete(stage, volume):
    """It is named, and what would hand it out is refused, with the command that comes next."""
    kinds = {one["kind"] for one in stage.site.findings("p") if one["volume"] == volume}
    assert "incomplete-content" in kinds and kinds <= {"incomplete-content", "temporary"}, kinds
    for command in (
        on("vol-start", volume), on("vol-export", volume, "-"), on("vol-clone", volume, "copy"),
    ):  # fmt: skip
        refused = stage.site.run(*command)
        assert refused.status == BAD_DATA and "did not finish\nTry: vol-" in refused.err, refused


def check_history(picture, old, new):
    """Every revision is one of the states there ever were, and none that both sides have is lost."""
    states = set(old.revisions) | set(new.revisions)
    states |= {part for part in old.main + new.main if isinstance(part, str) and len(part) == 64}
    assert set(picture.revisions) <= states, "a revision is torn"
    if picture.main == ("absent",):
        return
    for state in set(old.revisions) & set(new.revisions):
        assert state in picture.revisions, "a revision was lost"
    if picture.main == old.main and old.main != new.main:
        assert set(old.revisions) <= set(picture.revisions), "pruned before the new state was there"
    if picture.main == new.main and old.main != new.main:
        assert set(new.revisions) <= set(picture.revisions), "the state that was left is lost"


def rename_after_cut(stage, name, new_name, old):
    """The volume is whole under one of its two names, after a repair nothing has the other, and the rename then works."""
    pictures = [take(stage, one) for one in (name, new_name)]
    assert [picture.main for picture in pictures if picture.main != ("absent",)] in (
        [old.main], [old.main, old.main],
    ), pictures
    assert old.main != pictures[0].main or pictures[0] == old, pictures
    repair(stage)
    pictures = [take(stage, one) for one in (name, new_name)]
    assert sorted(picture.main == ("absent",) for picture in pictures) == [False, True]
    assert old in pictures, pictures
    again = stage.site.run(*on("vol-rename", name, new_name))
    assert again.status in (DONE, NOT_FOUND), again
    assert (take(stage, name).main, take(stage, new_name)) == (("absent",), old)
    no_temporary_files(stage.pool)


def pool_after_cut(stage, operation, command, old, new):
    """The pool n is in its old or its new state, others are as they were, and the command then does its work."""
    now = pool_picture(stage)
    assert now["definition"] in [step["definition"] for step in (old, new)], now
    assert stage.site.pool("p")["state"] == "running"
    listed = stage.site.run("pool-list", "--all")
    assert listed.status == DONE and "warning" not in listed.err, listed
    if now["definition"]:
        check = stage.site.run("pool-check", operation.pool, "--repair")
        assert check.status in (DONE, BUSY, NOT_FOUND), check
    again = stage.site.run(*command)
    assert again.status in operation.again, f"again: {again}"
    last = pool_picture(stage)
    assert last == new, f"after running it again: {last}; expected {new}"
    no_temporary_files(stage.folder / "root" / "run")
    no_temporary_files(stage.folder / "root" / "etc")


def pool_picture(stage):
    """What is known of the pool n: its definition without the UUID, whether it is active, marked for
    autostart, and what its folder holds."""
    result = stage.site.run("pool-info", N, "--json")
    folder = stage.folder / "new"
    made = sorted(os.listdir(folder)) if folder.exists() else None
    if result.status == NOT_FOUND:
        return {"definition": None, "folder": made}
    pool = stage.site.pool(N)
    return {
        "definition": (pool["type"], pool["path"], pool["driver"]),
        "active": pool["state"] == "running",
        "persistent": pool["persistent"],
        "autostart": pool["autostart"],
        "folder": made,
    }
