#!/bin/sh
# Moves a directory pool to another machine: volumes, revisions, properties and definition.
#
#   move-pool.sh POOL FOLDER SHELL...
#
# FOLDER is where the volumes go on the other machine. SHELL... runs a line there, such as `ssh root@new`; the line is its
# last argument. Nothing is deleted here: the last line printed says what to type when the copy has proved itself.
set -eu
[ $# -ge 3 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
pool=$1 target=$2
shift 2
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
folder=$(pool-dumpxml "$pool" --xpath '/pool/target/path/text()')
document=$(mktemp)
trap 'rm -f "$document"' EXIT

# Prints the sum of each volume's content, as a script for either machine.
sums() {
  cat <<'END'
vol-list "$1" --null | sort --zero-terminated | while IFS= read -r -d '' name; do
  printf '%s  %s\n' "$(vol-export "$name" - --pool "$1" </dev/null | sha256sum | cut -d ' ' -f 1)" "$name"
done
END
}

# What a crash left here would be there as well; a started volume has no state that could be copied.
pool-check "$pool"
if vol-list "$pool" --details | grep -E ' (running|dirty)'; then
  echo "move-pool.sh: stop these volumes first" >&2
  exit 5
fi
before=$(sums | bash -s -- "$pool")
pool-dumpxml "$pool" --inactive | sed "s|<path>.*</path>|<path>$target</path>|" >"$document"
pool-destroy "$pool"

# The time of a file to the last digit belongs to a revision, so the old form of tar is not enough.
line="mkdir -p $(quoted "$target") && tar -C $(quoted "$target") -xpf -"
tar -C "$folder" --format=posix --sparse --xattrs -cf - . | "$@" "$line"
"$@" 'pool-define -' <"$document"
"$@" "pool-start $(quoted "$pool") && pool-check $(quoted "$pool")"

after=$(sums | "$@" "bash -s -- $(quoted "$pool")")
if [ "$before" != "$after" ]; then
  printf 'move-pool.sh: the contents differ:\n%s\n%s\n' "$before" "$after" >&2
  exit 1
fi
printf 'moved %s volumes. Here, remove the definition with: pool-undefine %s\n' "$(printf '%s\n' "$before" | wc -l)" "$pool"
