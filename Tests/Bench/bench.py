"""Measures the installed programs against their peers and writes bench/latest.md.

Every figure is the median of at least 7 runs; ours and the peer's take turns, so that a busy
machine slows both. A row that cannot be measured here says why."""

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests" / "Support"))

from filesystems import LoopFilesystem, unavailable  # noqa: E402
from tools import MIB, Site  # noqa: E402

GIB = 1 << 30
RUNS = 7
QUICK_RUNS = 41  # for runs of a few milliseconds
LIBVIRTD = REPOSITORY / "Tests" / "Interop" / "libvirtd"
# Runs a command from a small process, whose own memory the kernel counts as the child's at first.
LAUNCHER = """
import os, sys
child = os.fork()
if child == 0:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


class Bench:
    """The machine set up for measuring, and the rows found so far."""

    def __init__(self, programs, scratch, small=False):
        self.scratch = scratch
        # Small sizes are for working on this file; their figures mean nothing.
        self.size, self.used = (2 * GIB, 64 * MIB) if small else (20 * GIB, GIB)
        self.images = 500 if small else 10_000
        #: virsh takes minutes for a clone of that size.
        self.slow_runs = 3
        prefix = scratch / "installed"
        subprocess.run(
            [REPOSITORY / "scripts" / "install", "multi", programs, prefix],
            check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        self.site = Site(scratch / "root", programs=prefix / "bin")
        self.site.root.mkdir()
        self.environment = self.site.surroundings()
        self.rows = []
        #: Where virsh is, if a libvirtd of our own runs for it; why it does not, otherwise.
        self.virsh, self.no_virsh = None, None
        self.made = set()

    def command(self, line):
        """The argument vector of one of our commands."""
        words = line.split(" ") if isinstance(line, str) else [str(word) for word in line]
        return [str(self.site.programs / words[0]), *words[1:]]

    def time(self, argv, stdin=None):
        """Seconds that a program takes from before its start to after its end."""
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, stdin or os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ]
        path = argv[0] if argv[0].startswith("/") else shutil.which(argv[0])
        start = time.perf_counter()
        child = os.posix_spawn(path, argv, self.environment, file_actions=actions)
        _, status = os.waitpid(child, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            raise RuntimeError(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}")
        return seconds

    def compare(self, work, ours, peer, peer_name, target, runs=RUNS, faster=False):
        """Adds a row. `ours` and `peer` are functions that do the work once and return seconds. The
        target is a ratio: at least that many times faster, or at most that many times the peer;
        none where the row is only there to be known."""
        ours(), peer()  # once to warm the caches
        pairs = [(ours(), peer()) for _ in range(runs)]
        mine, other = (statistics.median(side) for side in zip(*pairs))
        ratio = other / mine if faster else mine / other
        met = target is None or (ratio >= target if faster else ratio <= target)
        wanted = "for information" if target is None else f"at least {target} × faster" if faster else f"within {target} ×"
        shown = f"{ratio:.1f} × faster" if faster else f"{ratio:.2f} ×"
        print(f"{work}: {mine * 1000:.1f} ms; {peer_name}: {other * 1000:.1f} ms", flush=True)
        self.row(work, peer_name, shown, wanted, met)

    def row(self, work, peer, ratio, wanted, met):
        """Adds a row: ratios only, because seconds of one machine say nothing on another."""
        verdict = "" if wanted == "for information" else "met" if met else "**missed**"
        self.rows.append((work, peer, ratio, wanted, verdict))
        print(f"{work}: {ratio} of {peer} ({wanted}) {verdict}", flush=True)

    def skip(self, work, reason):
        self.rows.append((work, "–", "–", "–", f"skipped: {reason}"))
        print(f"{work}: skipped: {reason}", flush=True)

    # Set-up

    def pool(self, name, path, *options):
        self.site.ok("pool-define-as", name, "dir", "--target", path, *options)
        self.site.ok("pool-build", name)
        self.site.ok("pool-start", name)

    def start_libvirtd(self):
        """A private libvirtd, where one can be run."""
        folder = self.scratch / "libvirtd"
        if os.geteuid() != 0:
            self.no_virsh = "needs root to run a libvirtd of its own"
        elif not shutil.which("virsh") or not shutil.which("libvirtd"):
            self.no_virsh = "needs virsh and libvirtd"
        elif subprocess.run([LIBVIRTD, "start", folder], timeout=30, check=False).returncode != 0:
            self.no_virsh = "libvirtd does not start here"
        if self.no_virsh:
            return
        self.environment["LIBVIRT_DEFAULT_URI"] = (
            f"storage:///system?socket={folder}/sock/libvirt-sock"
        )
        self.virsh = shutil.which("virsh")

    @contextlib.contextmanager
    def another_libvirtd(self, name):
        """One that sees what was mounted after the first was started: each has mounts of its own."""
        if not self.virsh:
            yield
            return
        folder, key = self.scratch / f"libvirtd-{name}", "LIBVIRT_DEFAULT_URI"
        first = self.environment[key]
        subprocess.run([LIBVIRTD, "start", folder], timeout=30, check=True)
        self.environment[key] = f"storage:///system?socket={folder}/sock/libvirt-sock"
        try:
            yield
        finally:
            self.environment[key] = first
            subprocess.run([LIBVIRTD, "stop", folder], timeout=30, check=False)

    def stop_libvirtd(self):
        subprocess.run([LIBVIRTD, "stop", self.scratch / "libvirtd"], timeout=30, check=False)

    def run_virsh(self, line):
        subprocess.run(
            [self.virsh, *line.split(" ")], env=self.environment, check=True, timeout=120,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    # What more than one step measures, made by whichever comes first.

    def ten(self):
        """The folder of a pool of ten volumes."""
        path = self.scratch / "ten"
        if self.first("ten"):
            self.pool("ten", path)
            for number in range(10):
                (path / f"v{number}").write_bytes(b"")
                os.truncate(path / f"v{number}", MIB)
        return path

    def many(self):
        """The folder of a pool of 10 000 raw volumes."""
        path = self.scratch / "many"
        if self.first("many"):
            self.pool("many", path)
            for number in range(10_000):
                descriptor = os.open(path / f"v{number:05}", os.O_CREAT | os.O_WRONLY, 0o600)
                os.truncate(descriptor, MIB)
                os.close(descriptor)
        return path

    def slow(self):
        """The folder of a pool on a file system without shared blocks, with a volume whose image lies beside it."""
        path, image = self.scratch / "slow", self.scratch / "image"
        if self.first("slow"):
            self.pool("slow", path)
            self.site.ok("vol-create-as", "slow", "v", str(self.size), "--allocation", "0")
            self.data(image, self.size, self.used)
            self.site.ok("vol-import", "v", image, "--pool", "slow", timeout=300)
        return path

    def first(self, name):
        """Whether nobody has asked for this before."""
        asked = name not in self.made
        self.made.add(name)
        return asked

    # Rows

    def start_up(self):
        work = "whole-process start: pool-list --version"
        if not shutil.which("qemu-img"):
            return self.skip(work, "needs qemu-img")
        self.compare(
            work,
            lambda: self.time(self.command("pool-list --version")),
            lambda: self.time(["qemu-img", "--version"]),
            "qemu-img --version",
            round(6 / 3.6, 2),
            QUICK_RUNS,
        )

    def listings(self):
        """The same pool of ten volumes for both."""
        path = self.ten()
        lines = [
            "pool-list --all", "pool-list --all --details", "pool-info ten", "pool-dumpxml ten",
            "pool-uuid ten", "vol-list ten", "vol-list ten --details", "vol-info v3 --pool ten",
            "vol-path v3 --pool ten", "vol-dumpxml v3 --pool ten", f"vol-pool {path}/v3",
        ]  # fmt: skip
        if not self.virsh:
            for line in lines:
                self.skip(line.replace(str(path), "PATH"), self.no_virsh)
            return
        self.run_virsh(f"pool-define-as ten dir --target {path}")
        self.run_virsh("pool-start ten")
        for line in lines:
            self.compare(
                line.replace(str(path), "PATH"),
                lambda line=line: self.time(self.command(line)),
                lambda line=line: self.time([self.virsh, *line.split(" ")]),
                "virsh",
                5,
                QUICK_RUNS,
                faster=True,
            )

    def large_folder(self):
        path = self.many()
        self.ten()
        work = "vol-list --details, 10 000 raw files"
        if self.virsh:
            self.run_virsh(f"pool-define-as many dir --target {path}")
            self.run_virsh("pool-start many")
            self.compare(
                work,
                lambda: self.time(self.command("vol-list many --details")),
                lambda: self.time([self.virsh, "vol-list", "many", "--details"]),
                "virsh, after its refresh",
                20,
                faster=True,
            )
        else:
            self.skip(work, self.no_virsh)
        self.compare(
            "vol-info of one volume in a pool of 10 000",
            lambda: self.time(self.command("vol-info v05000 --pool many")),
            lambda: self.time(self.command("vol-info v5 --pool ten")),
            "in a pool of 10",
            1.2,
            QUICK_RUNS,
        )

    def data(self, path, size, used, piece=256 << 10, compressible=False):
        """A sparse file with random data, on disk. The data lies in pieces all over the file, as a
        guest's file system leaves it."""
        random = os.urandom(8 * MIB)
        if compressible:
            # Two bytes of text for each random one.
            random = random[: 4 * MIB].hex().encode()
        with open(path, "wb") as file:
            file.truncate(size)
            count = used // piece
            for number in range(count):
                file.seek(size // count * number)
                start = number * piece % len(random)
                file.write(random[start : start + piece])
            file.flush()
            os.fsync(file.fileno())

    def sessions(self):
        work = "start + stop + revert, 20 GiB volume with 1 GiB data, XFS"
        if reason := unavailable("xfs"):
            return self.skip(work, reason)
        with LoopFilesystem("xfs", self.scratch, megabytes=8192) as filesystem:
            # Neither side removes anything while it is timed: no revision is pruned, and the peer's
            # copies go afterwards.
            self.pool("fast", filesystem.path / "pool", "--revisions-to-keep", "100")
            self.site.ok("vol-create-as", "fast", "v", "20G", "--allocation", "0")
            self.data(filesystem.path / "image", 20 * GIB, GIB)
            self.site.ok("vol-import", "v", filesystem.path / "image", "--pool", "fast", timeout=300)
            image = str(filesystem.path / "image")

            def settle():
                # XFS frees the blocks of removed files in the background, which would slow whatever
                # comes next.
                os.sync()
                time.sleep(0.4)

            def ours():
                settle()
                return sum(
                    self.time(self.command(f"{verb} v --pool fast"))
                    for verb in ("vol-start", "vol-stop", "vol-revert")
                )

            def peer():
                settle()
                copies = [f"{filesystem.path}/copy{number}" for number in range(3)]
                seconds = sum(self.time(["cp", "--reflink=always", image, copy]) for copy in copies)
                for copy in copies:
                    os.unlink(copy)
                return seconds

            self.compare(work, ours, peer, "cp --reflink=always, three times", 2, 2 * RUNS + 1)
            self.site.ok("vol-delete", "v", "--pool", "fast")
            self.site.ok("pool-destroy", "fast")
            self.site.ok("pool-undefine", "fast")

    def large_folder_of_images(self):
        """The headers of all of them are read by both."""
        path = self.scratch / "images"
        self.pool("images", path)
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", path / "v00000", "1G"], check=True, timeout=30
        )
        image = (path / "v00000").read_bytes()
        for number in range(1, self.images):
            (path / f"v{number:05}").write_bytes(image)
        work = f"vol-list --details, {self.images:_} qcow2 images".replace("_", " ")
        if not self.virsh:
            return self.skip(work, self.no_virsh)
        self.run_virsh(f"pool-define-as images dir --target {path}")
        self.run_virsh("pool-start images")
        self.compare(
            work,
            lambda: self.time(self.command("vol-list images --details")),
            lambda: self.time([self.virsh, "vol-list", "images", "--details"]),
            "virsh, after its refresh",
            20,
            faster=True,
        )

    def creation(self):
        work = "vol-create-as of a qcow2 volume of 10 GiB"
        self.pool("new", self.scratch / "new")
        if not self.virsh:
            return self.skip(work, self.no_virsh)
        (self.scratch / "new-virsh").mkdir()
        self.run_virsh(f"pool-define-as new dir --target {self.scratch}/new-virsh")
        self.run_virsh("pool-start new")
        options = ["new", "v", "10G", "--format", "qcow2"]

        def made(argv, path):
            remove(path)
            if argv[0] == self.virsh:
                self.run_virsh("pool-refresh new")
            return self.time(argv)

        self.compare(
            work,
            lambda: made(self.command(["vol-create-as", *options]), self.scratch / "new" / "v"),
            lambda: made([self.virsh, "vol-create-as", *options], self.scratch / "new-virsh" / "v"),
            "virsh",
            1.1,
            2 * RUNS + 1,
        )

    def clones(self):
        """A volume of 20 GiB with 1 GiB of data, on a file system with shared blocks and on one without.

        Sharing blocks takes the kernel's time for each extent, so the size of the pieces that the data lies in
        decides: what `cp --reflink` takes is the least there is."""
        shape = f"{self.size // GIB} GiB sparse raw volume with {self.used // MIB} MiB data in pieces of 1 MiB"
        for kind in ("xfs", "ext4"):
            work = f"vol-clone of a {shape}, {kind}"
            if reason := unavailable(kind):
                self.skip(work, reason)
                continue
            room = max(1024, 5 * self.used // MIB + 512)
            with LoopFilesystem(kind, self.scratch, megabytes=room) as filesystem, self.another_libvirtd(kind):
                self.clones_on(kind, filesystem.path / "pool", work)

    def clones_on(self, kind, path, work):
        pool = f"clones-{kind}"
        self.pool(pool, path)
        self.site.ok("vol-create-as", pool, "v", str(self.size), "--allocation", "0")
        self.data(path / "v", self.size, self.used, piece=MIB)
        if self.virsh:
            self.run_virsh(f"pool-define-as {pool} dir --target {path}")
            self.run_virsh(f"pool-start {pool}")

        def settled(argv):
            # Whoever removes the last copy leaves work for the file system.
            remove(path / "w")
            os.sync()
            if self.virsh and argv[0] == self.virsh:
                self.run_virsh(f"pool-refresh {pool}")
            return self.time(argv)

        clone = self.command(["vol-clone", "v", "w", "--pool", pool])
        copy = "cp --reflink=always" if kind == "xfs" else "cp --sparse=auto"
        line = f"{copy} {path}/v {path}/w; sync {path}/w"
        self.compare(
            work, lambda: settled(clone), lambda: settled(["/bin/sh", "-ec", line]),
            f"{copy}; sync", 1.3 if kind == "xfs" else 1.1, RUNS + 2,
        )  # fmt: skip
        if not self.virsh:
            self.skip(work, self.no_virsh)
        else:
            self.compare(
                work, lambda: settled(clone),
                lambda: settled([self.virsh, "vol-clone", "v", "w", "--pool", pool]),
                "virsh", 100 if kind == "xfs" else None, self.slow_runs, faster=True,
            )  # fmt: skip
            self.run_virsh(f"pool-destroy {pool}")
            self.run_virsh(f"pool-undefine {pool}")
        self.site.ok("pool-destroy", pool)
        self.site.ok("pool-undefine", pool)

    def uploads(self):
        """All of a volume full of data, in and out. An upload is on disk when it ends, so its peers' are, too."""
        self.pool("parts", self.scratch / "parts")
        volume, image, copy = self.scratch / "parts" / "v", self.scratch / "full", self.scratch / "copy"
        self.data(image, self.used, self.used)
        self.site.ok("vol-create-as", "parts", "v", str(self.used))
        self.site.ok("vol-upload", "v", image, "--pool", "parts", timeout=300)
        work = f"of a volume of {self.used // MIB} MiB, all data"

        def settled(argv):
            os.sync()
            return self.time([str(word) for word in argv])

        def shell(text):
            return ["/bin/sh", "-ec", text]

        upload = self.command(["vol-upload", "v", image, "--pool", "parts"])
        download = self.command(["vol-download", "v", copy, "--pool", "parts"])
        self.compare(
            f"vol-upload {work}", lambda: settled(upload),
            lambda: settled(shell(f"dd if={image} of={volume} bs=1M conv=notrunc,fdatasync status=none")),
            "dd conv=notrunc,fdatasync", 1.1, RUNS + 2,
        )  # fmt: skip

        def fresh(argv):
            remove(copy)
            return settled(argv)

        self.compare(
            f"vol-download {work}", lambda: fresh(download),
            lambda: fresh(shell(f"cp {volume} {copy}; sync {copy}")), "cp; sync", 1.1, RUNS + 2,
        )  # fmt: skip
        if self.virsh:
            self.run_virsh(f"pool-define-as parts dir --target {self.scratch}/parts")
            self.run_virsh("pool-start parts")
            virsh = [self.virsh, "vol-upload", "v", image, "--pool", "parts"]
            self.compare(
                f"vol-upload {work}", lambda: settled(upload),
                lambda: settled(shell(f"{' '.join(map(str, virsh))}; sync {volume}")), "virsh; sync", 1.0,
            )  # fmt: skip
            virsh = [self.virsh, "vol-download", "v", copy, "--pool", "parts"]
            self.compare(
                f"vol-download {work}", lambda: fresh(download),
                lambda: fresh(shell(f"{' '.join(map(str, virsh))}; sync {copy}")), "virsh; sync", 1.0,
            )  # fmt: skip
        else:
            self.skip(f"vol-upload and vol-download {work}", self.no_virsh)
        remove(copy)
        remove(image)

    def compression(self):
        """Data that can be compressed to about a half, in a sparse volume."""
        self.pool("archive", self.scratch / "archive")
        volume, copy = self.scratch / "archive" / "v", self.scratch / "copy"
        self.site.ok("vol-create-as", "archive", "v", str(self.size), "--allocation", "0")
        self.data(volume, self.size, self.used, compressible=True)
        work = f"vol-export --compress zstd, {self.size // GIB} GiB volume with {self.used // MIB} MiB data"
        export = self.command(["vol-export", "v", str(copy), "--pool", "archive", "--compress", "zstd"])
        peers = {
            "qemu-img convert -c, zstd": f"qemu-img convert -c -f raw -O qcow2 -o compression_type=zstd {volume} {copy}",
            "tar --sparse, zstd -T0": f"tar --sparse -cf - -C {volume.parent} v | zstd -q -T0 -o {copy}",
        }

        def fresh(argv):
            remove(copy)
            os.sync()
            return self.time(argv)

        for name, line in peers.items():
            if not shutil.which("qemu-img" if "qemu" in name else "zstd"):
                self.skip(work, f"needs {name.split(' ', maxsplit=1)[0]}")
                continue
            self.compare(
                work, lambda: fresh(export),
                lambda line=line: fresh(["/bin/sh", "-ec", f"{line}; sync {copy}"]), f"{name}; sync", 1.0,
            )  # fmt: skip
        remove(copy)

    def transfers(self):
        """On a file system without shared blocks, so that both copy. An import makes its data durable
        and replaces what was there, so its peer does that, too."""
        volume = self.slow() / "v"
        image, copy = self.scratch / "image", self.scratch / "copy"

        def quiet(argv, before=lambda: None):
            before()
            os.sync()
            return self.time([str(word) for word in argv])

        def shell(text):
            return ["/bin/sh", "-ec", text]

        work = f"{self.used // MIB} MiB data in a {self.size // GIB} GiB sparse volume"
        self.compare(
            f"export of {work}",
            lambda: quiet(
                self.command(["vol-export", "v", copy, "--pool", "slow"]), lambda: remove(copy)
            ),
            lambda: quiet(shell(f"cp --sparse=auto {volume} {copy}; sync {copy}"), lambda: remove(copy)),
            "cp --sparse=auto; sync",
            1.1,
            RUNS + 2,
        )
        # What the waiting for the disk costs: this peer may lose its copy in a power cut.
        self.compare(
            "the same export, which is on disk when it ends",
            lambda: quiet(
                self.command(["vol-export", "v", copy, "--pool", "slow"]), lambda: remove(copy)
            ),
            lambda: quiet(shell(f"cp --sparse=auto {volume} {copy}"), lambda: remove(copy)),
            "cp --sparse=auto, which is not",
            None,
        )
        remove(copy)
        replaced = self.scratch / "replaced"
        self.data(replaced, self.size, self.used)
        self.compare(
            f"import of {work}",
            lambda: quiet(self.command(["vol-import", "v", image, "--pool", "slow"])),
            lambda: quiet(shell(f"cp --sparse=auto {image} {copy}; sync {copy}; mv {copy} {replaced}")),
            "cp --sparse=auto; sync; mv",
            1.1,
            RUNS + 2,
        )
        remove(replaced)

    def memory(self):
        """Peak memory of every command on the largest things there are; of the programs it starts, too."""
        self.many()
        self.slow()
        uuid = "c4f1a3de-0000-4000-8000-000000000001"
        image, locked, secret = (self.scratch / name for name in ("q.xml", "locked.xml", "secret.xml"))
        document = (
            "<volume><name>{}</name><capacity unit='MiB'>256</capacity><allocation>0</allocation>"
            "<target><format type='{}'/>{}</target></volume>"
        )
        image.write_text(document.format("image", "qcow2", ""))
        inside = f"<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/></encryption>"
        locked.write_text(document.format("locked", "raw", inside))
        secret.write_text(f"<secret><uuid>{uuid}</uuid></secret>")
        lines = [
            "pool-list --all --details", "pool-info many", "pool-dumpxml many", "pool-check many",
            "pool-refresh many", "vol-list many", "vol-list many --details", "vol-list many --json",
            "vol-info v05000 --pool many --json", "vol-dumpxml v05000 --pool many",
            f"vol-pool {self.scratch}/many/v05000", "vol-create-as slow w 1G",
            f"vol-import w {self.scratch}/image --pool slow", "vol-set w revisions_to_keep 2 --pool slow",
            "vol-start w --pool slow", "vol-stop w --pool slow", "vol-revisions w --pool slow",
            "vol-revert w --pool slow", f"vol-export w {self.scratch}/copy --pool slow",
            "vol-export w - --pool slow", "vol-clone w x --pool slow",
            f"vol-download w {self.scratch}/copy --pool slow --checksum",
            f"vol-upload w {self.scratch}/copy --pool slow",
            f"vol-upload x {self.scratch}/copy --pool slow --sparse --checksum",
            f"vol-export w {self.scratch}/copy.zst --pool slow --compress zstd",
            f"vol-import x {self.scratch}/copy.zst --pool slow",
            f"vol-create-from slow {image} w", "vol-wipe x --pool slow", f"secret-define {secret}",
            f"secret-set-value {uuid} --plain --file {secret}", f"vol-create slow {locked}",
            "vol-clone locked another --pool slow",
            "vol-resize w 30G --pool slow", "vol-delete w --pool slow",
        ]  # fmt: skip
        peaks = []
        for line in lines:
            done = subprocess.run(
                ["/usr/bin/python3", "-I", "-S", "-c", LAUNCHER, *self.command(line)],
                env=self.environment, capture_output=True, text=True, check=True, timeout=300,
            )  # fmt: skip
            status, kibibytes = map(int, done.stdout.split())
            if status != 0:
                raise RuntimeError(f"{line}: status {status}")
            peaks.append((kibibytes / 1024, line))
        peak, line = max(peaks)
        words = line.replace(str(self.scratch), "…")
        self.row(
            f"peak memory of any command ({len(lines)} measured)", f"none; most by `{words}`",
            f"{peak:.1f} MiB", "at most 64 MiB", peak <= 64,
        )  # fmt: skip


def remove(path):
    """Removes a file that may not be there."""
    path.unlink(missing_ok=True)


def report(rows, title="Figures", made_by="make bench"):
    """The page."""
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    lines = [
        f"# {title}",
        "",
        f"Written by `{made_by}` on {datetime.date.today()}: {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} × {cpu}.",
        f"Medians of {RUNS} runs or more, of 3 for clones by virsh; each peer was measured in the same run, in turns.",
        "",
        "| work | peer | ratio | target | |",
        "|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def merged(page, rows):
    """The rows of an earlier page, those that were measured again in their places, and the new ones."""
    new = {row[:2]: row for row in rows}
    lines = [tuple(line.strip("| ").split(" | ")) for line in page.splitlines() if line.startswith("| ")][1:]
    kept = [new.pop(line[:2], (*line, "") if len(line) == 4 else line) for line in lines]
    return kept + list(new.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default=REPOSITORY / ".build" / "stripped", type=Path)
    parser.add_argument("--output", default=REPOSITORY / "bench" / "latest.md", type=Path)
    parser.add_argument("--small", action="store_true", help="small sizes, to try this program out")
    parser.add_argument("--only", help="only these steps, by name, separated by commas; other rows of the page stay")
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="cistern-bench-"))
    bench = Bench(arguments.programs, scratch, arguments.small)
    try:
        bench.start_libvirtd()
        for step in (
            bench.start_up, bench.listings, bench.sessions, bench.large_folder, bench.large_folder_of_images,
            bench.creation, bench.clones, bench.transfers, bench.uploads, bench.compression, bench.memory,
        ):  # fmt: skip
            if not arguments.only or step.__name__ in arguments.only.split(","):
                # What the step before wrote and removed is not this one's work.
                os.sync()
                time.sleep(5)
                step()
    finally:
        bench.stop_libvirtd()
        shutil.rmtree(scratch, ignore_errors=True)
    arguments.output.parent.mkdir(exist_ok=True)
    rows = bench.rows
    if arguments.only and arguments.output.exists():
        rows = merged(arguments.output.read_text(), rows)
    arguments.output.write_text(report(rows))
    print(f"written to {arguments.output}")
    return 1 if any("missed" in row[-1] for row in bench.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
