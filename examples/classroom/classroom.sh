#!/bin/sh
# Disks for the machines of a class room: one golden image, and an overlay on it for each machine.
#
#   classroom.sh set-up FOLDER IMAGE NUMBER   the pool, the golden image from the qcow2 IMAGE, and NUMBER machines; can be run again
#   classroom.sh reset [MACHINE]...           gives machines, or all of them, a fresh disk
#   classroom.sh list                         what each machine has written
set -eu
pool=classroom golden=golden.qcow2

# An overlay names the golden image relative to the folder, so that the pool can move.
fresh() {
  vol-create-as "$pool" "$1" "$(size)" --allocation 0 --format qcow2 --backing-vol "$golden" --backing-relative --if-not-exists
}
size() { vol-dumpxml "$golden" --pool "$pool" --xpath '/volume/capacity/text()'; }
machines() { vol-list "$pool" --null | tr '\0' '\n' | grep '^pc'; }

case ${1-} in
  set-up)
    pool-define-as "$pool" dir --target "$2" --if-not-exists
    pool-start "$pool" --build --if-inactive
    vol-import "$golden" "$3" --pool "$pool" --create --format qcow2 --if-not-exists
    # Nobody writes to it by mistake while others lie on it.
    vol-set "$golden" rw no --pool "$pool"
    for number in $(seq -w 1 "$4"); do fresh "pc$number"; done
    ;;
  reset)
    shift
    # A disk that a machine has open is refused, and the process named.
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; else machines; fi | while read -r machine; do
      vol-delete "$machine" --pool "$pool"
      fresh "$machine"
    done
    ;;
  list) vol-list "$pool" --details ;;
  *)
    sed -n 's/^#   //p' "$0" >&2
    exit 64
    ;;
esac
