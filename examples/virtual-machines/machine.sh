#!/bin/sh
# Starts a volume and prints the definition of a virtual machine that has it as its disk.
#
#   machine.sh libvirt POOL VOLUME NAME   a domain for `virsh define`
#   machine.sh xen POOL VOLUME NAME       a configuration for `xl create`
#
# When the machine is off, `vol-stop VOLUME --pool POOL` commits what it wrote, and `vol-stop --discard` drops it.
set -eu
[ $# = 4 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
kind=$1 pool=$2 volume=$3 name=$4
case $name in *[!A-Za-z0-9_.-]*) echo "machine.sh: name: $name: letters, digits, '_', '.' and '-' only" >&2; exit 64 ;; esac

case $kind in
  libvirt)
    cat <<END
<domain type='kvm'>
  <name>$name</name>
  <memory unit='MiB'>1024</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <devices>
$(vol-start "$volume" --pool "$pool" --if-stopped --print-disk=vda | sed 's/^/    /')
    <console type='pty'/>
  </devices>
</domain>
END
    ;;
  xen)
    format=$(vol-dumpxml "$volume" --pool "$pool" --xpath '/volume/target/format/@type' | cut -d '"' -f 2)
    device=$(vol-start "$volume" --pool "$pool" --if-stopped)
    cat <<END
name = "$name"
type = "pvh"
kernel = "/boot/vmlinuz"
ramdisk = "/boot/initrd.img"
extra = "root=/dev/xvda"
memory = 1024
vcpus = 1
disk = [ "format=$format, vdev=xvda, access=rw, target=$device" ]
END
    ;;
  *) echo "machine.sh: kind: $kind: libvirt or xen" >&2; exit 64 ;;
esac
