#!/bin/sh
# Brings a machine to a wanted state: a pool with disks for three virtual machines. Can be run any number of times,
# and says what it has changed.
#
#   provision.sh FOLDER [IMAGE]
#
# FOLDER is where the pool keeps its volumes; each disk is made from IMAGE where one is given.
set -eu
folder=$1 image=${2-}
pool=images

# Runs a command with --json and notes whether it changed anything. What a command refuses ends the script with its
# own message and status.
changes=0
ensure() {
  document=$("$@" --json)
  case $document in
    *'"changed":true'*)
      changes=$((changes + 1))
      printf 'changed: %s\n' "$*"
      ;;
  esac
}

ensure pool-define-as "$pool" dir --target "$folder" --revisions-to-keep 2 --if-not-exists
[ -d "$folder" ] || ensure pool-build "$pool"
ensure pool-start "$pool" --if-inactive
ensure pool-autostart "$pool"

# A new disk comes with its content or not at all; an old one keeps what the machine has written.
for machine in web mail build; do
  if [ -n "$image" ]; then
    ensure vol-import "$machine.img" "$image" --pool "$pool" --create --capacity 64M --if-not-exists
  else
    ensure vol-create-as "$pool" "$machine.img" 64M --allocation 0 --if-not-exists
  fi
done
printf '%d changes\n' "$changes"
