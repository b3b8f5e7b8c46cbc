"""What is wrong in documents and in storage.conf, each with its whole message behind the place.

Cases of one document each would be a hundred folders; here they are a line each. What else is refused, and what is
accepted, is in the folders of the commands."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from tools import BAD_DATA, Site

WWN = "20000000c9831b4b"


def pool(kind, inside):
    return f"<pool type='{kind}'><name>p</name>{inside}<target><path>/t</path></target></pool>"


def scsi(adapter):
    return pool("scsi", f"<source>{adapter}</source>")


def address(words):
    return scsi(f"<adapter type='scsi_host'><parentaddr unique_id='1'><address {words}/></parentaddr></adapter>")


def fibre(words):
    return scsi(f"<adapter type='fc_host' {words}/>")


def iscsi(inside):
    return pool("iscsi", f"<source><host name='h'/><device path='iqn.2024-01.org:t'/>{inside}</source>")


def netfs(inside, host="<host name='h'/>"):
    return pool("netfs", f"<source>{host}<dir path='/d'/>{inside}</source>")


def rbd(option):
    space = "http://libvirt.org/schemas/storagepool/rbd/1.0"
    return (
        f"<pool type='rbd'><name>p</name><source><host name='h'/><name>n</name></source>"
        f"<r:config_opts xmlns:r='{space}'><r:option {option}/></r:config_opts></pool>"
    )


POOLS = [
    ("", "document is empty"),
    ("<pool type='dir'>\0</pool>", "document has a NUL byte"),
    (scsi("<adapter name='host1' wwnn='1'/>"),
     "Use of 'wwnn', 'wwpn', and 'parent' attributes requires use of the adapter 'type'"),
    (scsi("<adapter><parentaddr/></adapter>"),
     "Use of 'parentaddr' element requires use of the adapter 'type'"),
    (scsi("<adapter type='scsi_host'/>"),
     "Either 'name' or 'parent' must be specified for the 'scsi_host' adapter"),
    (scsi("<adapter type='scsi_host'><parentaddr unique_id='1'/></adapter>"),
     "Missing scsi_host PCI address element"),
    (scsi("<adapter type='scsi_host'><parentaddr><address bus='1'/></parentaddr></adapter>"),
     "Missing or invalid scsi adapter 'unique_id' value"),
    (scsi("<adapter type='scsi_host' name='scsi_host1'><parentaddr unique_id='1'><address/></parentaddr></adapter>"),
     "Both 'name' and 'parent' cannot be specified for the 'scsi_host' adapter"),
    (address("bus='0x100'"), "Invalid PCI address bus='0x100', must be <= 0xFF"),
    (address("slot='0x20'"), "Invalid PCI address slot='0x20', must be <= 0x1F"),
    (address("function='8'"), "Invalid PCI address function=0x8, must be <= 7"),
    (address("domain='-1'"),
     "Invalid value for attribute 'domain' in element 'address': '-1'. Expected non-negative integer value"),
    (fibre(""), "'wwnn' and 'wwpn' must be specified for adapter type 'fchost'"),
    (fibre(f"wwnn='2000' wwpn='{WWN}'"), "Malformed wwn: 2000"),
    (fibre(f"wwnn='{WWN}' wwpn='{WWN}' parent_wwnn='{WWN}'"),
     f"when providing parent_wwnn='{WWN}', the parent_wwpn must also be provided"),
    (fibre(f"wwnn='{WWN}' wwpn='{WWN}' parent_wwpn='{WWN}'"),
     f"when providing parent_wwpn='{WWN}', the parent_wwnn must also be provided"),
    ("<pool type='iscsi-direct'><name>p</name><source><host name='h'/><device path='iqn.2024-01.org:t'/></source></pool>",
     "missing initiator IQN"),
    (pool("fs", "<source><device path='/d'/></source><o:mount_opts"
                " xmlns:o='http://libvirt.org/schemas/storagepool/fs/1.0'><o:option/></o:mount_opts>"),
     "no fs mount option name specified"),
    (rbd(""), "no rbd option name specified"),
    (rbd("name=''"), "empty rbd option name specified"),
    (rbd("name='n'"), "no rbd option value specified for name 'n'"),
    (rbd("name='n' value=''"), "empty rbd option value specified for name 'n'"),
    ("<pool type='rbd'><name>p</name><source><host name='h'/></source></pool>", "element 'name' is mandatory for RBD pool"),
    (netfs("", host="<host/>"), "missing storage pool host name"),
    (netfs("", host=""), "missing storage pool source host name"),
    (netfs("", host="<host name='h' port='x'/>"),
     "Invalid value for attribute 'port' in element 'host': 'x'. Expected integer value"),
    (netfs("<format type='cifs'/><protocol ver='3'/>"), "storage pool protocol ver unsupported for pool type 'cifs'"),
    (netfs("<protocol ver='3,4'/>"), "storage pool protocol ver '3,4' must not contain ','"),
    (iscsi("<auth type='chap'/>"), "missing username for auth"),
    (iscsi("<auth type='rot13' username='u'/>"), "unknown auth type 'rot13'"),
    (iscsi("<auth type='chap' username='u'/>"), "Missing <secret> element in auth"),
    (iscsi("<auth username='u'><secret usage='s'/></auth>"), "storage pool missing auth type"),
    (iscsi("<auth type='chap' username='u'><secret/></auth>"), "missing secret uuid or usage attribute"),
    (iscsi("<auth type='chap' username='u'><secret uuid='1'/></auth>"), "invalid secret uuid '1'"),
    (iscsi("<auth type='chap' username='u'><secret uuid='1' usage='s'/></auth>"), "either secret uuid or usage expected"),
    (pool("disk", "<source/>"), "missing storage pool source device name"),
    (pool("disk", "<source><device/></source>"), "missing storage pool source device path"),
    (pool("scsi", "<source/>"), "missing storage pool source adapter"),
    (pool("netfs", "<source><host name='h'/></source>"), "missing storage pool source path"),
    (pool("logical", "<source><name>../x</name></source>"), "malformed source name '../x'"),
    (pool("fs", "<source><device path='/d'/><format type='floppy'/></source>"), "unknown pool format type floppy"),
    (pool("dir", "<refresh><volume allocation='some'/></refresh>"),
     "unknown storage pool volume refresh allocation type some"),
    (f"<pool type='dir'><name>{'n' * 201}</name><target><path>/t</path></target></pool>",
     "pool name is longer than 200 bytes"),
    ("<pool type='dir'><name>p</name><target><path>/t</path><permissions><owner>me</owner></permissions></target></pool>",
     "malformed owner element"),
    ("<pool type='dir'><name>p</name></pool>", "missing storage pool target path"),
]  # fmt: skip


def volume(inside, name="<name>v</name>", words=""):
    return f"<volume {words}>{name}<capacity>1048576</capacity>{inside}</volume>"


def encrypted(inside, words="format='luks'"):
    return volume(f"<target><encryption {words}>{inside}</encryption></target>")


SECRET = "<secret type='passphrase' usage='s'/>"

VOLUMES = [
    (volume("", name=""), "missing volume name element"),
    (volume("", name="<name></name>"), "missing volume name element"),
    (volume("", words="type='floppy'"), "unknown volume type 'floppy'"),
    ("<volume><name>v</name></volume>", "missing capacity element"),
    ("<volume><name>v</name><capacity>x</capacity></volume>", "malformed capacity element"),
    ("<volume><name>v</name><capacity unit='QiB'>1</capacity></volume>", "unknown suffix 'QiB'"),
    ("<volume><name>v</name><capacity unit='EiB'>99</capacity></volume>", "numerical overflow: value too large: 99EiB"),
    (volume("<target><format type='qcow2'/><features><floppy/></features></target>"), "unsupported feature floppy"),
    (volume("<target><format type='qcow2'/><compat>new</compat></target>"), "forbidden characters in 'compat' attribute"),
    (encrypted("", words=""), "unknown volume encryption format"),
    (encrypted("", words="format='rot13'"), "unknown volume encryption format type rot13"),
    (encrypted("<secret usage='s'/>"), "unknown volume encryption secret type"),
    (encrypted("<secret type='key' usage='s'/>"), "unknown volume encryption secret type key"),
    (encrypted("<secret type='passphrase'/>"), "missing secret uuid or usage attribute"),
    (encrypted(SECRET + "<ivgen name='plain64'/>"), "ivgen element found, but cipher is missing"),
    (encrypted(SECRET + "<cipher name='aes' size='256'/><ivgen/>"), "missing ivgen info name string"),
    (encrypted(SECRET + "<cipher size='256'/>"), "cipher info missing 'name' attribute"),
    (encrypted(SECRET + "<cipher name='aes'/>"), "Missing required attribute 'size' in element 'cipher'"),
    (volume("<c:lifecycle xmlns:c='urn:cistern:storage:1' source='a/b'/>"), "source volume name 'a/b' cannot contain '/'"),
]  # fmt: skip

SECRETS = [
    ("<secret><uuid>1</uuid></secret>", "malformed uuid element"),
    ("<secret ephemeral='maybe'/>", "invalid value of 'ephemeral'"),
    ("<secret private='maybe'/>", "invalid value of 'private'"),
    ("<secret><usage/></secret>", "unknown secret usage type"),
    ("<secret><usage type='door'/></secret>", "unknown secret usage type door"),
    ("<secret><usage type='volume'/></secret>", "volume usage specified, but volume path is missing"),
    ("<secret><usage type='iscsi'/></secret>", "iSCSI usage specified, but target is missing"),
    ("<secret><usage type='ceph'/></secret>", "Ceph usage specified, but name is missing"),
    ("<volume/>", "expecting root element of 'secret', not 'volume'"),
]

# Sections of a pool 'p'; the messages begin with its name.
SECTIONS = [
    ("driver=lvm_thin\nvolume_group=a b\nthin_pool=t",
     "volume_group: 'a b' is not accepted: expected letters, digits and '+_.-', not '.' or '..'"),
    ("driver=lvm_thin\nvolume_group=vg", "missing key 'thin_pool'"),
    ("driver=zfs\ncontainer=a//b", "container: 'a//b' is not accepted: expected a dataset such as 'tank' or 'tank/volumes'"),
    ("driver=zfs\nsource-name=a//b", "source-name: 'a//b' is not a dataset: expected 'tank' or 'tank/volumes'"),
    ("driver=fs\ntarget=/t", "missing key 'source-dev'"),
    ("driver=fs\nsource-dev=sdb\ntarget=/t", "source-dev: 'sdb' is not accepted: expected an absolute path"),
    ("driver=fs\nsource-dev=/d", "missing key 'target'"),
    ("driver=logical\nsource-name=a b", "source-name: 'a b' is not a volume group: expected letters, digits and '+_.-'"),
    ("driver=logical\nsource-name=vg\ntarget=/t",
     "target: '/t' is not accepted: expected /dev/vg, where volumes of this pool always are"),
    ("driver=netfs\ntarget=/t\nsource-host=h\nsource-path=/d\nsource-protocol-ver=new",
     "source-protocol-ver: 'new' is not accepted: expected a version such as 4.2"),
    ("driver=netfs\ntarget=/t\nsource-host=h\nsource-path=/d\nsource-format=cifs\nsource-protocol-ver=3",
     "source-protocol-ver: only NFS has versions, source-format is not nfs or auto"),
    ("driver=scsi\ntarget=/t\nadapter-name=scsi_host1\nadapter-wwnn=1",
     "adapter-wwnn: not together with adapter-name"),
    ("driver=scsi\ntarget=/t", "missing key 'adapter-name', or 'adapter-wwnn' and 'adapter-wwpn'"),
    (f"driver=scsi\ntarget=/t\nadapter-wwnn={WWN}", "missing key 'adapter-wwpn'"),
    ("driver=scsi\ntarget=/t\nadapter-wwnn=12", "adapter-wwnn: '12' is not accepted: expected 16 hexadecimal digits"),
    ("driver=iscsi\ntarget=/t\nsource-host=h\nsource-dev=iqn.2024-01.org:t\nauth-type=rot13",
     "auth-type: 'rot13' is not accepted: expected chap or ceph"),
    ("driver=iscsi\ntarget=/t\nsource-host=h\nsource-dev=iqn.2024-01.org:t\nauth-type=chap", "missing key 'auth-username'"),
    ("driver=iscsi\ntarget=/t\nsource-host=h\nsource-dev=iqn.2024-01.org:t\nsecret-usage=s",
     "secret-usage: not without auth-type"),
    ("driver=iscsi\ntarget=/t\nsource-host=h\nsource-dev=iqn.2024-01.org:t\nauth-type=chap\nauth-username=u\nsecret-uuid=1",
     "secret-uuid: '1' is not a UUID"),
    ("driver=iscsi\ntarget=/t\nsource-host=h\nsource-dev=iqn.2024-01.org:t\nauth-type=chap\nauth-username=u",
     "expected one of the keys 'secret-usage' and 'secret-uuid'"),
    ("driver=file\ndir_path=-t", "dir_path: '-t' is not accepted: expected a value that does not start with '-'"),
    ("driver=file\ndir_path=", "dir_path: value is empty"),
    ("driver=file\ndir_path=/t\nrevisions_to_keep=2",
     "revisions_to_keep: '2' is not accepted: expected -1, 0 or 1 with driver 'file'"),
    ("driver=file-reflink\ndir_path=/t\nsetup_check=maybe",
     "setup_check: 'maybe' is not accepted: expected yes, true, on or 1, or no, false, off or 0"),
]  # fmt: skip

# What a volume's record in its pool says.
RECORDS = [
    ("[volume]\nsecret_usage=s", "secret_usage: stands before 'encryption'"),
    ("[volume]\nencryption=rot13", "encryption: 'rot13' is not accepted: expected default, qcow, luks, luks2, luks-any"),
    ("[volume]\nencryption=luks\nsecret_uuid=1", "secret_uuid: '1' is not accepted: expected a UUID"),
    ("[volume]\nformat=floppy",
     "format: 'floppy' is not accepted: expected raw, dir, bochs, cloop, dmg, iso, vpc, vdi, fat, vhd, ploop,"
     " cow, qcow, qcow2, qed, vmdk"),
    ("[volume]\nrw=maybe", "rw: 'maybe' is not accepted: expected yes, true, on or 1, or no, false, off or 0"),
    ("[volume]\nrevisions_to_keep=-2", "revisions_to_keep: '-2' is not accepted: expected -1, 0 or a positive number"),
    ("[volume]\nsource=a//b", "source: 'a//b' is not accepted: expected the name of a volume"),
    ("[volume]\nunfinished=lunch", "unfinished: 'lunch' is not accepted: expected create, import, wipe, upload FIRST-END"),
    ("[volume]\nsize=big", "size: 'big' is not accepted: expected a size: not a whole number of bytes, with an optional"
     " unit such as KiB, MB or G"),
    ("[volume]\nfloppy=1", "unknown key 'floppy' in [volume]"),
    ("[floppy]\nrw=yes", "unknown section [floppy]"),
]  # fmt: skip


@pytest.fixture(scope="module")
def prepared():
    """A root with the pool `default` started."""
    folder = Path(tempfile.mkdtemp(prefix="cistern-test-"))
    (folder / "root").mkdir()
    site = Site(folder / "root")
    site.ok("pool-build", "default")
    site.ok("pool-start", "default")
    yield site
    shutil.rmtree(folder, ignore_errors=True)


def check(result, file, message, before=""):
    assert result.status == BAD_DATA, str(result)
    line = re.escape(f"{result.line.split()[0]}: {before}{file}") + r"(:\d+){0,2}: " + re.escape(message) + "\n"
    assert re.fullmatch(line, result.err), f"expected {message!r}:\n{result}"
    assert result.out == ""


DOCUMENTS = [
    pytest.param(command, text, message, id=f"{command[0]}-{message}")
    for command, documents in (
        (["pool-define"], POOLS), (["vol-create", "default"], VOLUMES), (["secret-define"], SECRETS),
    )
    for text, message in documents
]  # fmt: skip


@pytest.mark.parametrize("command, text, message", DOCUMENTS)
def test_document(command, text, message, prepared):
    file = prepared.root / "document.xml"
    file.write_bytes(text.encode())
    check(prepared.run(*command, file), file, message)


@pytest.mark.parametrize("text, message", SECTIONS, ids=[message for _, message in SECTIONS])
def test_section(text, message, prepared):
    file = prepared.root / "etc" / "cistern" / "storage.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[p]\n{text}\n")
    try:
        check(prepared.run("pool-info", "p"), file, f"pool 'p': {message}")
    finally:
        file.unlink()


@pytest.mark.parametrize("text, message", RECORDS, ids=[message for _, message in RECORDS])
def test_record(text, message, prepared):
    folder = prepared.root / "var" / "lib" / "cistern" / ".cistern" / "volumes" / "r"
    volume = folder.parents[2] / "r"
    volume.touch()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        file = folder / "volume.conf"
        file.write_text(f"{text}\n")
        check(prepared.run("vol-set", "r", "rw", "no", "--pool", "default"), file, message, before="volume 'r': ")
    finally:
        volume.unlink()
        shutil.rmtree(folder)
