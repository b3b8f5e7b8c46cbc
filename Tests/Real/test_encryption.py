"""Encrypted volumes: made with a secret, opened by the programs that own the formats, never without it."""

import os
import shutil
import subprocess
import time
from xml.etree import ElementTree

import images
import pytest
from filesystems import unavailable
from tools import BAD_DATA, DONE, FAILURE, MIB, NOT_FOUND, UNSUPPORTED

PASSPHRASE = "correct horse, battery"
OTHER = "another passphrase"


def secret(site, scratch, usage, value=PASSPHRASE):
    """Defines a secret for a use and gives it a value; returns its UUID."""
    file = scratch / "secret.xml"
    file.write_text(f"<secret><usage type='volume'><volume>{usage}</volume></usage></secret>")
    uuid = site.json("secret-define", file)["secret"]
    if value is not None:
        site.ok("secret-set-value", uuid, "--plain", "--file", keyfile(scratch, value))
    return uuid


def keyfile(scratch, value=PASSPHRASE):
    file = scratch / f"key-{len(value)}"
    file.write_text(value)
    return file


def document(scratch, name, kind="raw", encryption="luks", usage="it", megabytes=8, more=""):
    file = scratch / f"{name}.xml"
    inside = f"<encryption format='{encryption}'><secret type='passphrase' usage='{usage}'/>{more}</encryption>"
    file.write_text(
        f"<volume><name>{name}</name><capacity unit='MiB'>{megabytes}</capacity><allocation>0</allocation>"
        f"<target><format type='{kind}'/>{inside if encryption else ''}</target></volume>"
    )
    return file


def opens(path, scratch, value=PASSPHRASE):
    """Whether cryptsetup opens a LUKS file with the passphrase."""
    done = subprocess.run(
        ["cryptsetup", "luksOpen", "--test-passphrase", "--key-file", keyfile(scratch, value), path],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode == 0


def image(path, kind, scratch, value=PASSPHRASE):
    """The options by which QEMU's programs open an encrypted image."""
    driver, prefix = ("luks", "") if kind == "raw" else (kind, "encrypt.")
    return [
        "--object", f"secret,id=k,file={keyfile(scratch, value)}", "--image-opts",
        f"driver={driver},file.filename={path},{prefix}key-secret=k",
    ]  # fmt: skip


def guest(path, kind, scratch, command, value=PASSPHRASE):
    """Runs a command of qemu-io on an encrypted image; returns what it printed."""
    words = image(path, kind, scratch, value)
    done = subprocess.run(
        ["qemu-io", "-c", command, *words], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def fill(path, kind, scratch):
    assert "wrote 65536" in guest(path, kind, scratch, "write -P 90 0 65536")


def filled(path, kind, scratch, value=PASSPHRASE):
    out = guest(path, kind, scratch, "read -P 90 0 65536", value)
    assert "read 65536" in out, out
    return "verification failed" not in out


def foreign(path, kind, scratch, size="8M"):
    """An encrypted image of qemu-img's, with a passphrase that is cheap to try (its own ones cost seconds)."""
    cheap = {
        "raw": ("luks", "key-secret=k,iter-time=10"),
        "qcow2": ("qcow2", "encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10"),
    }
    word, options = cheap[kind]
    images.make(path, word, size, "--object", f"secret,id=k,file={keyfile(scratch)}", "-o", options)


@pytest.mark.limit(240)
@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_made_and_wiped(site, pool, scratch, kind):
    """It opens with its secret and nothing else, and is encrypted with it again when wiped."""
    secret(site, scratch, "it")
    process = site.start("vol-create", "p", document(scratch, "v", kind))
    seen = watch(process)
    assert process.wait() == DONE, process.stderr.read()
    assert seen, "qemu-img was never seen"
    assert not any(PASSPHRASE.encode() in words for words in seen), "the passphrase was an argument"
    volume = site.volume("v", "p")
    assert (volume["format"], volume["capacity"], volume["problem"]) == (kind, 8 * MIB, None)
    text = site.ok("vol-dumpxml", "v", "--pool", "p")
    assert "<encryption format='luks'>" in text and "usage='it'" in text
    if kind == "raw":
        assert opens(pool / "v", scratch)
        assert not opens(pool / "v", scratch, OTHER)
    fill(pool / "v", kind, scratch)
    before = (pool / "v").read_bytes()
    site.ok("vol-wipe", "v", "--pool", "p", timeout=120)
    assert site.volume("v", "p")["capacity"] == 8 * MIB
    assert not filled(pool / "v", kind, scratch)
    assert (pool / "v").read_bytes() != before
    kept = b"".join(file.read_bytes() for file in pool.rglob("*") if file.is_file())
    assert PASSPHRASE.encode() not in kept
    assert site.findings("p") == []


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_its_keys_are_kept_and_its_secret_is_told(site, pool, scratch, kind):
    foreign(pool / "v", kind, scratch)
    (scratch / "part").write_bytes(os.urandom(200000))
    before = (pool / "v").read_bytes()
    line = ["vol-upload", "v", scratch / "part", "--offset", "65536", "--pool", "p"]
    site.refused(BAD_DATA, *line, words="is encrypted by luks: a part of")
    words = "is not encrypted by luks" if kind == "raw" else "looks like raw"
    site.refused(BAD_DATA, "vol-upload", "v", scratch / "part", "--pool", "p", words=words)
    assert (pool / "v").read_bytes() == before
    element = site.ok("vol-start", "v", "--pool", "p", "--print-disk")
    assert f"<source file='{pool / 'v'}'>" in element and "<encryption format='luks'>" in element
    site.ok("vol-stop", "v", "--pool", "p")
    if kind == "qcow2":
        secret(site, scratch, "it")
        site.ok("vol-create", "p", document(scratch, "w", kind))
        site.refused(BAD_DATA, "vol-set", "w", "format", "raw", "--pool", "p", words="is not encrypted by luks")
        assert site.volume("w", "p")["problem"] is None and site.findings("p") == []


def test_a_use_that_no_record_can_hold_is_refused(site, pool, scratch):
    secret(site, scratch, "a ;b")
    line = ["vol-create", "p", document(scratch, "v", usage="a ;b")]
    site.refused(BAD_DATA, *line, words="secret_usage: 'a ;b' cannot be written here: a value has no control characters")
    assert not (pool / "v").exists()


@pytest.mark.limit(120)
@pytest.mark.parametrize(("failures", "made"), [(2, True), (99, False)])
def test_a_clock_that_stands_still(site, pool, scratch, failures, made):
    """QEMU gives up where its measurement took no processor time; a few times it is asked anew."""
    if reason := unavailable():
        pytest.skip(reason)
    secret(site, scratch, "it")
    program = scratch / "program"
    # It may write to nothing but the image, which so counts its runs; the real one takes the place of a program beside it.
    program.write_text(
        f"#!/bin/sh\neval \"image=\\${{$(($# - 1))}}\"\nprintf x >>$image\nruns=$(wc -c <$image)\n"
        # On a busy machine the real one can fail for the same reason, and empties the file.
        f"[ $runs -gt {failures} ] && {{ /usr/bin/qemu-io \"$@\" && exit; head -c $runs /dev/zero >$image; }}\n"
        f"echo \"qemu-img: run $runs: {images.UNMEASURED}\" >&2\nexit 1\n"
    )
    program.chmod(0o755)
    shutil.copy2("/usr/bin/qemu-img", scratch / "real")
    instead = ("/usr/bin/qemu-img", program, "/usr/bin/qemu-io", scratch / "real")
    done = site.run("vol-create", "p", document(scratch, "v"), instead=instead)
    assert done.status == (DONE if made else FAILURE), done
    assert (pool / "v").exists() == made
    assert made or f"run 20: {images.UNMEASURED}" in done.err
    assert site.findings("p") == []


def watch(process):
    """What any process's arguments and environment said of qemu-img while the process ran."""
    seen = set()
    while process.poll() is None:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            for name in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        words = file.read()
                except OSError:
                    continue
                if b"qemu-img" in words and b"encrypt0" in words:
                    seen.add(words)
        time.sleep(0.05)
    return seen


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_foreign_image(site, pool, scratch, kind):
    """Made by somebody else: the secret is the one whose use is the volume's path, as with libvirt."""
    foreign(pool / "v", kind, scratch)
    assert site.volume("v", "p")["capacity"] == 8 * MIB
    assert "<encryption format='luks'>" in site.ok("vol-dumpxml", "v", "--pool", "p")
    missing = f"no secret with matching usage '{pool}/v'"
    site.refused(NOT_FOUND, "vol-resize", "v", "16M", "--pool", "p", words=missing)
    secret(site, scratch, pool / "v")
    fill(pool / "v", kind, scratch)
    site.ok("vol-resize", "v", "16M", "--pool", "p")
    assert site.volume("v", "p")["capacity"] == 16 * MIB
    site.ok("vol-resize", "v", "8M", "--shrink", "--pool", "p")
    assert site.volume("v", "p")["capacity"] == 8 * MIB
    assert filled(pool / "v", kind, scratch)


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_clone_stays_sparse(site, pool, scratch, kind):
    foreign(pool / "v", kind, scratch, "256M")
    secret(site, scratch, pool / "v")
    fill(pool / "v", kind, scratch)
    usage = pool / "v"
    site.ok("vol-create-from", "p", document(scratch, "w", kind, usage=usage, megabytes=512), "v")
    assert filled(pool / "w", kind, scratch)
    assert os.stat(pool / "w").st_blocks * 512 <= os.stat(pool / "v").st_blocks * 512 + (1 << 17) < 8 * MIB
    assert site.volume("w", "p")["capacity"] == 512 * MIB
    assert f"usage='{usage}'" in site.ok("vol-dumpxml", "w", "--pool", "p")
    site.ok("vol-clone", "w", "x", "--pool", "p")
    assert filled(pool / "x", kind, scratch)
    assert site.volume("x", "p")["capacity"] == 512 * MIB


@pytest.mark.limit(240)
@pytest.mark.parametrize(
    ("there", "wanted"), [("raw", "plain"), ("raw", "qcow2"), ("qcow2", "plain")]
)
def test_conversion(site, pool, scratch, there, wanted):
    """From and to encrypted volumes, with another passphrase."""
    secret(site, scratch, pool / "v")
    secret(site, scratch, "other", OTHER)
    if there == "plain":
        images.make(pool / "v", "qcow2", "4M")
        images.write(pool / "v", "qcow2", 90)
    else:
        foreign(pool / "v", there, scratch, "4M")
        fill(pool / "v", there, scratch)
    kind, encryption = ("qcow2", None) if wanted == "plain" else (wanted, "luks")
    new = document(scratch, "w", kind, encryption, "other", megabytes=4)
    site.ok("vol-create-from", "p", new, "v", timeout=120)
    if wanted == "plain":
        assert images.reads(pool / "w", "qcow2", 90)
    else:
        assert filled(pool / "w", wanted, scratch, OTHER)
        assert "usage='other'" in site.ok("vol-dumpxml", "w", "--pool", "p")
    assert site.volume("w", "p")["capacity"] == 4 * MIB


@pytest.mark.limit(300)
def test_luks2(site, pool, scratch):
    """What only cryptsetup can: made, grown, copied, wiped; never converted."""
    secret(site, scratch, "it")
    cipher = "<cipher name='aes' size='256' mode='xts' hash='sha256'/><ivgen name='plain64'/>"
    site.ok("vol-create", "p", document(scratch, "v", encryption="luks2", more=cipher), timeout=120)
    volume = site.volume("v", "p")
    assert (volume["format"], volume["capacity"], volume["problem"]) == ("raw", 8 * MIB, None)
    assert opens(pool / "v", scratch) and not opens(pool / "v", scratch, OTHER)
    out = subprocess.run(
        ["cryptsetup", "luksDump", pool / "v"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert "Version:       \t2" in out and "cipher: aes-xts-plain64" in out and "512 bits" in out
    site.ok("vol-resize", "v", "16M", "--pool", "p")
    assert site.volume("v", "p")["capacity"] == 16 * MIB == os.path.getsize(pool / "v") - 16 * MIB
    site.ok("vol-clone", "v", "w", "--pool", "p")
    assert site.volume("w", "p")["capacity"] == 16 * MIB and opens(pool / "w", scratch)
    assert "<encryption format='luks2'>" in site.ok("vol-dumpxml", "w", "--pool", "p")
    new = document(scratch, "x", "qcow2", None)
    site.refused(UNSUPPORTED, "vol-create-from", "p", new, "v", words="LUKS 2 volumes can only be copied")
    assert site.run("vol-info", "x", "--pool", "p").status == NOT_FOUND
    site.ok("vol-wipe", "v", "--pool", "p", timeout=120)
    assert site.volume("v", "p")["capacity"] == 16 * MIB and opens(pool / "v", scratch)
    assert (pool / "v").read_bytes()[:4096] != (pool / "w").read_bytes()[:4096]


def test_no_secret_no_volume(site, pool, scratch):
    """Refused before anything is made, in libvirt's words."""
    file = document(scratch, "v")
    words = "Secret not found: no secret with matching usage 'it'"
    for extra in ([], ["--dry-run"]):
        site.refused(NOT_FOUND, "vol-create", "p", file, *extra, words=words)
    secret(site, scratch, "it", None)
    site.refused(NOT_FOUND, "vol-create", "p", file, words="does not have a value")
    assert not (pool / "v").exists() and site.findings("p") == []


def test_a_wrong_passphrase(site, pool, scratch):
    """Nothing is done, and nothing is shown of it."""
    foreign(pool / "v", "raw", scratch)
    secret(site, scratch, pool / "v", OTHER)
    before = (pool / "v").read_bytes()
    for line in (
        ["vol-resize", "v", "16M", "--pool", "p"],
        ["vol-create-from", "p", document(scratch, "w", "qcow2", None), "v"],
    ):
        result = site.refused((FAILURE, BAD_DATA), *line, words="nvalid password")
        assert OTHER not in result.err and "/proc/" not in result.err
    assert (pool / "v").read_bytes() == before
    assert site.run("vol-info", "w", "--pool", "p").status == NOT_FOUND


def test_names_that_qemu_takes_for_no_identifier(site, pool, scratch):
    """libvirt makes an object of the volume's name, which fails for such."""
    for name in ("9 lives", "x,y=ä"):
        secret(site, scratch, pool / name)
        foreign(scratch / "image", "raw", scratch)
        (scratch / "image").rename(pool / name)
        site.ok("vol-resize", name, "16M", "--pool", "p")
        assert site.volume(name, "p")["capacity"] == 16 * MIB


def test_content_of_an_encrypted_volume_goes_into_one_with_the_same_secret_only(site, pool, scratch):
    secret(site, scratch, "it")
    site.ok("vol-create", "p", document(scratch, "v"), timeout=120)
    site.ok("vol-create-as", "p", "w", "8M")
    words = "is not encrypted as volume 'v' is, with the same secret"
    site.refused(BAD_DATA, "vol-import", "w", "--pool", "p", "--from-volume", "v", words=words)


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_part_is_not_written_among_the_keys(site, pool, scratch, kind):
    """The encrypted bytes have keys in their first megabytes; whoever may overwrite them has to say so."""
    secret(site, scratch, "it")
    site.ok("vol-create", "p", document(scratch, "v", kind))
    before = (pool / "v").read_bytes()
    (scratch / "part").write_bytes(os.urandom(200_000))
    words = "is encrypted by luks: a part of its encrypted bytes, keys among them, is not written"
    site.refused(BAD_DATA, "vol-upload", "v", scratch / "part", "--offset", 65536, "--pool", "p", words=words)
    site.refused(BAD_DATA, "vol-set", "v", "format", "qcow2" if kind == "raw" else "raw", "--pool", "p")
    assert (pool / "v").read_bytes() == before
    assert site.findings("p") == []
    if kind == "raw":
        site.ok("vol-upload", "v", scratch / "part", "--offset", 65536, "--pool", "p", "--force")
        assert (pool / "v").read_bytes() != before


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_guest_is_told_of_the_encryption(site, pool, scratch, kind):
    """Without it libvirt would give the guest the encrypted bytes, header included, as its disk."""
    uuid = secret(site, scratch, "it")
    site.ok("vol-create", "p", document(scratch, "v", kind))
    disk = ElementTree.fromstring(site.ok("vol-start", "v", "--pool", "p", "--print-disk"))
    assert disk.find("driver").get("type") == kind
    assert disk.find("source").get("file") == str(pool / "v")
    told = disk.find("source/encryption")
    assert told.get("format") == "luks"
    assert (told.find("secret").get("usage"), told.find("secret").get("uuid")) in (("it", None), (None, uuid))
