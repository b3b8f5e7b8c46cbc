# Written by scripts/make-completions from the commands' own tables.
# Completion of Cistern's commands for fish.

# The parameters of a command that take a value; those a bare word may fill begin with a plus sign.
function __cistern_values
    switch $argv[1]
        case pool-autostart
            string split ' ' -- '+pool lock-timeout'
        case pool-build
            string split ' ' -- '+pool lock-timeout'
        case pool-check
            string split ' ' -- '+pool lock-timeout'
        case pool-define
            string split ' ' -- '+file lock-timeout'
        case pool-define-as
            string split ' ' -- '+name +type +source-host +source-path +source-dev +source-name +target +source-format +auth-type +auth-username +secret-usage +secret-uuid +adapter-name +adapter-wwnn +adapter-wwpn +adapter-parent +adapter-parent-wwnn +adapter-parent-wwpn +adapter-parent-fabric-wwn +source-protocol-ver +source-initiator revisions-to-keep driver lock-timeout'
        case pool-delete
            string split ' ' -- '+pool lock-timeout'
        case pool-destroy
            string split ' ' -- '+pool lock-timeout'
        case pool-dumpxml
            string split ' ' -- '+pool'
        case pool-info
            string split ' ' -- '+pool'
        case pool-list
            string split ' ' -- 'type'
        case pool-name
            string split ' ' -- '+uuid'
        case pool-refresh
            string split ' ' -- '+pool lock-timeout'
        case pool-start
            string split ' ' -- '+pool lock-timeout'
        case pool-undefine
            string split ' ' -- '+pool lock-timeout'
        case pool-uuid
            string split ' ' -- '+pool'
        case vol-create
            string split ' ' -- '+pool +file lock-timeout'
        case vol-create-as
            string split ' ' -- '+pool +name +capacity +allocation +format +backing-vol +backing-vol-format rw snap-on-start save-on-stop revisions-to-keep source ephemeral lock-timeout'
        case vol-delete
            string split ' ' -- '+vol +pool lock-timeout'
        case vol-dumpxml
            string split ' ' -- '+vol +pool'
        case vol-export
            string split ' ' -- '+vol +file +pool revision lock-timeout'
        case vol-import
            string split ' ' -- '+vol +file +pool size lock-timeout'
        case vol-info
            string split ' ' -- '+vol +pool'
        case vol-key
            string split ' ' -- '+vol +pool'
        case vol-list
            string split ' ' -- '+pool'
        case vol-name
            string split ' ' -- '+vol'
        case vol-path
            string split ' ' -- '+vol +pool'
        case vol-pool
            string split ' ' -- '+vol'
        case vol-resize
            string split ' ' -- '+vol +capacity +pool lock-timeout'
        case vol-revert
            string split ' ' -- '+vol +revision +pool lock-timeout'
        case vol-revisions
            string split ' ' -- '+vol +pool'
        case vol-set
            string split ' ' -- '+vol +property +value +pool lock-timeout'
        case vol-start
            string split ' ' -- '+vol +pool lock-timeout'
        case vol-stop
            string split ' ' -- '+vol +pool lock-timeout'
    end
end

# What the words before the cursor fill, as lines NAME=VALUE.
function __cistern_given
    set -l words (commandline -opc)
    set -l values (__cistern_values (string replace -r '.*/' '' -- $words[1]))
    set -l given
    set -l pending
    set -l bare
    for word in $words[2..-1]
        if set -q pending[1]
            set -a given $pending
            echo -- $pending=$word
            set pending
        else if not set -q bare[1]; and test "$word" = --
            set bare yes
        else if not set -q bare[1]; and string match -q -- '--*=*' $word
            set -l name (string replace -r '^--([^=]*)=.*' '$1' -- $word)
            set -a given $name
            string replace -r '^--' '' -- $word
        else if not set -q bare[1]; and string match -q -- '--*' $word
            set -l name (string replace -- -- '' $word)
            if contains -- $name $values; or contains -- +$name $values
                set pending $name
            end
        else
            for value in $values
                set -l name (string replace -r '^\+' '' -- $value)
                if test $name != $value; and not contains -- $name $given
                    set -a given $name
                    echo -- $name=$word
                    break
                end
            end
        end
    end
    if set -q pending[1]
        echo -- pending=$pending
    end
end

# Whether the next bare word fills the parameter.
function __cistern_fills
    set -l given (__cistern_given | string replace -r '=.*' '')
    contains -- pending $given; and return 1
    for value in (__cistern_values (string replace -r '.*/' '' -- (commandline -opc)[1]))
        set -l name (string replace -r '^\+' '' -- $value)
        if test $name != $value; and not contains -- $name $given
            test $name = $argv[1]
            return
        end
    end
    return 1
end

# The value that a parameter was given.
function __cistern_value
    __cistern_given | string replace -rf "^$argv[1]=" ''
end

# Runs a command that belongs to the one being completed, quietly.
function __cistern_run
    set -l first (commandline -opc)[1]
    set -l program $argv[1]
    if string match -q '*/*' -- $first
        set program (string replace -r '[^/]*$' '' -- $first)$program
    end
    $program $argv[2..-1] 2>/dev/null </dev/null
end

function __cistern_column
    sed -e 's/[[:space:]]*$//' -e '/^$/d'
end

# The first column of a table with a header of two lines.
function __cistern_table
    sed -e 1,2d -e 's/^ //' -e 's/   .*//' | __cistern_column
end

function __cistern_pools
    __cistern_run pool-list $argv --name | __cistern_column
end

function __cistern_uuids
    __cistern_run pool-list --all --uuid | __cistern_column
end

function __cistern_volumes
    set -l pools (__cistern_value pool)
    if not set -q pools[1]
        set pools (__cistern_pools)
    end
    for pool in $pools
        __cistern_run vol-list $pool | __cistern_table
    end
end

function __cistern_revisions
    set -l volume (__cistern_value vol)
    set -q volume[1]; or return
    set -l pool (__cistern_value pool)
    if set -q pool[1]
        set pool --pool $pool
    end
    __cistern_run vol-revisions $volume $pool | __cistern_table
end

complete -c pool-autostart -f
complete -c pool-autostart -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-autostart -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-autostart -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-autostart -l disable -d 'take the mark away'
complete -c pool-autostart -l json -d 'print one JSON document'
complete -c pool-autostart -l dry-run -d 'print the steps and change nothing'
complete -c pool-autostart -l help -d 'show help and exit'
complete -c pool-autostart -l version -d 'show the version and exit'
complete -c pool-build -f
complete -c pool-build -l pool -x -a '(__cistern_pools --inactive)' -d 'name or UUID of the pool'
complete -c pool-build -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-build -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-build -l overwrite -d 'overwrite what is there'
complete -c pool-build -l no-overwrite -d 'refuse if something is there'
complete -c pool-build -l json -d 'print one JSON document'
complete -c pool-build -l dry-run -d 'print the steps and change nothing'
complete -c pool-build -l help -d 'show help and exit'
complete -c pool-build -l version -d 'show the version and exit'
complete -c pool-check -f
complete -c pool-check -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-check -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-check -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-check -l repair -d 'remove what is safe to remove'
complete -c pool-check -l json -d 'print one JSON document'
complete -c pool-check -l dry-run -d 'print the steps and change nothing'
complete -c pool-check -l help -d 'show help and exit'
complete -c pool-check -l version -d 'show the version and exit'
complete -c pool-define -f
complete -c pool-define -l file -r -F -d 'XML or storage.conf file; - is standard input'
complete -c pool-define -n '__cistern_fills file' -F
complete -c pool-define -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-define -l validate -d 'refuse unknown or misplaced elements and attributes'
complete -c pool-define -l print-xml -d 'print the definition as XML and store nothing'
complete -c pool-define -l conf -d 'read FILE as storage.conf and store its sections there'
complete -c pool-define -l if-not-exists -d 'succeed if an equal definition exists'
complete -c pool-define -l json -d 'print one JSON document'
complete -c pool-define -l dry-run -d 'print the steps and change nothing'
complete -c pool-define -l help -d 'show help and exit'
complete -c pool-define -l version -d 'show the version and exit'
complete -c pool-define-as -f
complete -c pool-define-as -l name -x -d 'name of the pool'
complete -c pool-define-as -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'type of the pool'
complete -c pool-define-as -n '__cistern_fills type' -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage'
complete -c pool-define-as -l source-host -x -d 'host of the source'
complete -c pool-define-as -l source-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'path of the source on its host'
complete -c pool-define-as -n '__cistern_fills source-path' -a '(__fish_complete_directories (commandline -ct))'
complete -c pool-define-as -l source-dev -r -F -d 'device of the source'
complete -c pool-define-as -n '__cistern_fills source-dev' -F
complete -c pool-define-as -l source-name -x -d 'name of the source'
complete -c pool-define-as -l target -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the volumes appear'
complete -c pool-define-as -n '__cistern_fills target' -a '(__fish_complete_directories (commandline -ct))'
complete -c pool-define-as -l source-format -x -a 'auto nfs cifs glusterfs ext4 xfs vfat gpt dos lvm2' -d 'format of the source'
complete -c pool-define-as -n '__cistern_fills source-format' -a 'auto nfs cifs glusterfs ext4 xfs vfat gpt dos lvm2'
complete -c pool-define-as -l auth-type -x -a 'chap ceph' -d 'kind of authentication: chap or ceph'
complete -c pool-define-as -n '__cistern_fills auth-type' -a 'chap ceph'
complete -c pool-define-as -l auth-username -x -d 'user name for authentication'
complete -c pool-define-as -l secret-usage -x -d 'usage of the secret'
complete -c pool-define-as -l secret-uuid -x -d 'UUID of the secret'
complete -c pool-define-as -l adapter-name -x -d 'name of the SCSI host'
complete -c pool-define-as -l adapter-wwnn -x -d 'node name of the adapter'
complete -c pool-define-as -l adapter-wwpn -x -d 'port name of the adapter'
complete -c pool-define-as -l adapter-parent -x -d 'parent of the adapter'
complete -c pool-define-as -l adapter-parent-wwnn -x -d 'node name of the adapter\'s parent'
complete -c pool-define-as -l adapter-parent-wwpn -x -d 'port name of the adapter\'s parent'
complete -c pool-define-as -l adapter-parent-fabric-wwn -x -d 'fabric name of the adapter\'s parent'
complete -c pool-define-as -l source-protocol-ver -x -d 'version of the NFS protocol'
complete -c pool-define-as -l source-initiator -x -d 'initiator IQN'
complete -c pool-define-as -l revisions-to-keep -x -d 'revisions kept of a volume that does not say; -1 keeps no working copy'
complete -c pool-define-as -l driver -x -a 'plain xen file file-reflink' -d 'layout of files in a directory pool'
complete -c pool-define-as -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-define-as -l print-xml -d 'print the definition as XML and store nothing'
complete -c pool-define-as -l if-not-exists -d 'succeed if an equal definition exists'
complete -c pool-define-as -l json -d 'print one JSON document'
complete -c pool-define-as -l dry-run -d 'print the steps and change nothing'
complete -c pool-define-as -l help -d 'show help and exit'
complete -c pool-define-as -l version -d 'show the version and exit'
complete -c pool-delete -f
complete -c pool-delete -l pool -x -a '(__cistern_pools --inactive)' -d 'name or UUID of the pool'
complete -c pool-delete -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-delete -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-delete -l if-exists -d 'succeed if there is no such storage'
complete -c pool-delete -l json -d 'print one JSON document'
complete -c pool-delete -l dry-run -d 'print the steps and change nothing'
complete -c pool-delete -l help -d 'show help and exit'
complete -c pool-delete -l version -d 'show the version and exit'
complete -c pool-destroy -f
complete -c pool-destroy -l pool -x -a '(__cistern_pools)' -d 'name or UUID of the pool'
complete -c pool-destroy -n '__cistern_fills pool' -a '(__cistern_pools)'
complete -c pool-destroy -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-destroy -l json -d 'print one JSON document'
complete -c pool-destroy -l dry-run -d 'print the steps and change nothing'
complete -c pool-destroy -l help -d 'show help and exit'
complete -c pool-destroy -l version -d 'show the version and exit'
complete -c pool-dumpxml -f
complete -c pool-dumpxml -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-dumpxml -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-dumpxml -l inactive -d 'print the stored definition'
complete -c pool-dumpxml -l json -d 'print one JSON document'
complete -c pool-dumpxml -l help -d 'show help and exit'
complete -c pool-dumpxml -l version -d 'show the version and exit'
complete -c pool-info -f
complete -c pool-info -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-info -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-info -l bytes -d 'show sizes in bytes'
complete -c pool-info -l json -d 'print one JSON document'
complete -c pool-info -l help -d 'show help and exit'
complete -c pool-info -l version -d 'show the version and exit'
complete -c pool-list -f
complete -c pool-list -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'list pools of these types, separated by commas'
complete -c pool-list -l inactive -d 'list inactive pools'
complete -c pool-list -l all -d 'list active and inactive pools'
complete -c pool-list -l transient -d 'list transient pools'
complete -c pool-list -l persistent -d 'list persistent pools'
complete -c pool-list -l autostart -d 'list pools with autostart'
complete -c pool-list -l no-autostart -d 'list pools without autostart'
complete -c pool-list -l details -d 'show persistence and sizes'
complete -c pool-list -l uuid -d 'list UUIDs only'
complete -c pool-list -l name -d 'list names only'
complete -c pool-list -l json -d 'print one JSON document'
complete -c pool-list -l help -d 'show help and exit'
complete -c pool-list -l version -d 'show the version and exit'
complete -c pool-name -f
complete -c pool-name -l uuid -x -a '(__cistern_uuids)' -d 'UUID of the pool'
complete -c pool-name -n '__cistern_fills uuid' -a '(__cistern_uuids)'
complete -c pool-name -l json -d 'print one JSON document'
complete -c pool-name -l help -d 'show help and exit'
complete -c pool-name -l version -d 'show the version and exit'
complete -c pool-refresh -f
complete -c pool-refresh -l pool -x -a '(__cistern_pools)' -d 'name or UUID of the pool'
complete -c pool-refresh -n '__cistern_fills pool' -a '(__cistern_pools)'
complete -c pool-refresh -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-refresh -l json -d 'print one JSON document'
complete -c pool-refresh -l dry-run -d 'print the steps and change nothing'
complete -c pool-refresh -l help -d 'show help and exit'
complete -c pool-refresh -l version -d 'show the version and exit'
complete -c pool-start -f
complete -c pool-start -l pool -x -a '(__cistern_pools --inactive)' -d 'name or UUID of the pool'
complete -c pool-start -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-start -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-start -l json -d 'print one JSON document'
complete -c pool-start -l dry-run -d 'print the steps and change nothing'
complete -c pool-start -l help -d 'show help and exit'
complete -c pool-start -l version -d 'show the version and exit'
complete -c pool-undefine -f
complete -c pool-undefine -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-undefine -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-undefine -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c pool-undefine -l if-exists -d 'succeed if there is no such pool'
complete -c pool-undefine -l json -d 'print one JSON document'
complete -c pool-undefine -l dry-run -d 'print the steps and change nothing'
complete -c pool-undefine -l help -d 'show help and exit'
complete -c pool-undefine -l version -d 'show the version and exit'
complete -c pool-uuid -f
complete -c pool-uuid -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c pool-uuid -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-uuid -l json -d 'print one JSON document'
complete -c pool-uuid -l help -d 'show help and exit'
complete -c pool-uuid -l version -d 'show the version and exit'
complete -c vol-create -f
complete -c vol-create -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c vol-create -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-create -l file -r -F -d 'XML file; - is standard input'
complete -c vol-create -n '__cistern_fills file' -F
complete -c vol-create -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-create -l prealloc-metadata -d 'preallocate metadata'
complete -c vol-create -l validate -d 'refuse unknown or misplaced elements and attributes'
complete -c vol-create -l print-xml -d 'print the volume as XML and create nothing'
complete -c vol-create -l if-not-exists -d 'succeed if an equal volume exists'
complete -c vol-create -l json -d 'print one JSON document'
complete -c vol-create -l dry-run -d 'print the steps and change nothing'
complete -c vol-create -l help -d 'show help and exit'
complete -c vol-create -l version -d 'show the version and exit'
complete -c vol-create-as -f
complete -c vol-create-as -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c vol-create-as -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-create-as -l name -x -d 'name of the volume'
complete -c vol-create-as -l capacity -x -d 'size of the volume'
complete -c vol-create-as -l allocation -x -d 'bytes to allocate at once'
complete -c vol-create-as -l format -x -a 'raw qcow2 qed vmdk vpc vdi' -d 'format of the image'
complete -c vol-create-as -n '__cistern_fills format' -a 'raw qcow2 qed vmdk vpc vdi'
complete -c vol-create-as -l backing-vol -x -a '(__cistern_volumes)' -d 'volume to be an overlay on'
complete -c vol-create-as -n '__cistern_fills backing-vol' -a '(__cistern_volumes)'
complete -c vol-create-as -l backing-vol-format -x -a 'raw qcow2 qed vmdk vpc vdi' -d 'format of that volume'
complete -c vol-create-as -n '__cistern_fills backing-vol-format' -a 'raw qcow2 qed vmdk vpc vdi'
complete -c vol-create-as -l rw -x -a 'yes no' -d 'whether the volume may be written'
complete -c vol-create-as -l snap-on-start -x -a 'yes no' -d 'start from the source'
complete -c vol-create-as -l save-on-stop -x -a 'yes no' -d 'commit at stop'
complete -c vol-create-as -l revisions-to-keep -x -d 'revisions to keep; -1 keeps no working copy'
complete -c vol-create-as -l source -x -a '(__cistern_volumes)' -d 'volume of the same pool to start from'
complete -c vol-create-as -l ephemeral -x -a 'yes no' -d 'encrypt with a throw-away key while started'
complete -c vol-create-as -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-create-as -l prealloc-metadata -d 'preallocate metadata'
complete -c vol-create-as -l print-xml -d 'print the volume as XML and create nothing'
complete -c vol-create-as -l if-not-exists -d 'succeed if an equal volume exists'
complete -c vol-create-as -l json -d 'print one JSON document'
complete -c vol-create-as -l dry-run -d 'print the steps and change nothing'
complete -c vol-create-as -l help -d 'show help and exit'
complete -c vol-create-as -l version -d 'show the version and exit'
complete -c vol-delete -f
complete -c vol-delete -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-delete -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-delete -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-delete -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-delete -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-delete -l delete-snapshots -d 'delete snapshots as well'
complete -c vol-delete -l if-exists -d 'succeed if there is no such volume'
complete -c vol-delete -l json -d 'print one JSON document'
complete -c vol-delete -l dry-run -d 'print the steps and change nothing'
complete -c vol-delete -l help -d 'show help and exit'
complete -c vol-delete -l version -d 'show the version and exit'
complete -c vol-dumpxml -f
complete -c vol-dumpxml -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-dumpxml -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-dumpxml -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-dumpxml -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-dumpxml -l json -d 'print one JSON document'
complete -c vol-dumpxml -l help -d 'show help and exit'
complete -c vol-dumpxml -l version -d 'show the version and exit'
complete -c vol-export -f
complete -c vol-export -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-export -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-export -l file -r -F -d 'file to write; - is standard output'
complete -c vol-export -n '__cistern_fills file' -F
complete -c vol-export -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-export -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-export -l revision -x -a '(__cistern_revisions)' -d 'number of a revision to export instead'
complete -c vol-export -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-export -l json -d 'print one JSON document'
complete -c vol-export -l dry-run -d 'print the steps and change nothing'
complete -c vol-export -l help -d 'show help and exit'
complete -c vol-export -l version -d 'show the version and exit'
complete -c vol-import -f
complete -c vol-import -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-import -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-import -l file -r -F -d 'file to read; - is standard input'
complete -c vol-import -n '__cistern_fills file' -F
complete -c vol-import -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-import -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-import -l size -x -d 'size of the volume after the import'
complete -c vol-import -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-import -l keep-size -d 'keep the present size'
complete -c vol-import -l json -d 'print one JSON document'
complete -c vol-import -l dry-run -d 'print the steps and change nothing'
complete -c vol-import -l help -d 'show help and exit'
complete -c vol-import -l version -d 'show the version and exit'
complete -c vol-info -f
complete -c vol-info -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-info -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-info -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-info -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-info -l bytes -d 'show sizes in bytes'
complete -c vol-info -l physical -d 'show the length of the file instead of the allocation'
complete -c vol-info -l json -d 'print one JSON document'
complete -c vol-info -l help -d 'show help and exit'
complete -c vol-info -l version -d 'show the version and exit'
complete -c vol-key -f
complete -c vol-key -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-key -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-key -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-key -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-key -l json -d 'print one JSON document'
complete -c vol-key -l help -d 'show help and exit'
complete -c vol-key -l version -d 'show the version and exit'
complete -c vol-list -f
complete -c vol-list -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool'
complete -c vol-list -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-list -l details -d 'show type, capacity and allocation'
complete -c vol-list -l json -d 'print one JSON document'
complete -c vol-list -l help -d 'show help and exit'
complete -c vol-list -l version -d 'show the version and exit'
complete -c vol-name -f
complete -c vol-name -l vol -r -F -d 'key or path of the volume'
complete -c vol-name -n '__cistern_fills vol' -F
complete -c vol-name -l json -d 'print one JSON document'
complete -c vol-name -l help -d 'show help and exit'
complete -c vol-name -l version -d 'show the version and exit'
complete -c vol-path -f
complete -c vol-path -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-path -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-path -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-path -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-path -l json -d 'print one JSON document'
complete -c vol-path -l help -d 'show help and exit'
complete -c vol-path -l version -d 'show the version and exit'
complete -c vol-pool -f
complete -c vol-pool -l vol -r -F -d 'key or path of the volume'
complete -c vol-pool -n '__cistern_fills vol' -F
complete -c vol-pool -l uuid -d 'print the pool\'s UUID'
complete -c vol-pool -l json -d 'print one JSON document'
complete -c vol-pool -l help -d 'show help and exit'
complete -c vol-pool -l version -d 'show the version and exit'
complete -c vol-resize -f
complete -c vol-resize -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-resize -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-resize -l capacity -x -d 'new size'
complete -c vol-resize -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-resize -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-resize -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-resize -l allocate -d 'allocate what is added'
complete -c vol-resize -l delta -d 'the size is relative to the present one'
complete -c vol-resize -l shrink -d 'allow a smaller size'
complete -c vol-resize -l json -d 'print one JSON document'
complete -c vol-resize -l dry-run -d 'print the steps and change nothing'
complete -c vol-resize -l help -d 'show help and exit'
complete -c vol-resize -l version -d 'show the version and exit'
complete -c vol-revert -f
complete -c vol-revert -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-revert -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-revert -l revision -x -a '(__cistern_revisions)' -d 'number of the revision; the newest if not given'
complete -c vol-revert -n '__cistern_fills revision' -a '(__cistern_revisions)'
complete -c vol-revert -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-revert -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-revert -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-revert -l discard -d 'drop an uncommitted session first'
complete -c vol-revert -l json -d 'print one JSON document'
complete -c vol-revert -l dry-run -d 'print the steps and change nothing'
complete -c vol-revert -l help -d 'show help and exit'
complete -c vol-revert -l version -d 'show the version and exit'
complete -c vol-revisions -f
complete -c vol-revisions -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-revisions -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-revisions -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-revisions -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-revisions -l json -d 'print one JSON document'
complete -c vol-revisions -l help -d 'show help and exit'
complete -c vol-revisions -l version -d 'show the version and exit'
complete -c vol-set -f
complete -c vol-set -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-set -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-set -l property -x -a 'rw snap_on_start save_on_stop revisions_to_keep source ephemeral' -d 'rw, snap_on_start, save_on_stop, revisions_to_keep, source or ephemeral'
complete -c vol-set -n '__cistern_fills property' -a 'rw snap_on_start save_on_stop revisions_to_keep source ephemeral'
complete -c vol-set -l value -x -a 'yes no' -d 'new value'
complete -c vol-set -n '__cistern_fills value' -a 'yes no'
complete -c vol-set -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-set -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-set -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-set -l json -d 'print one JSON document'
complete -c vol-set -l dry-run -d 'print the steps and change nothing'
complete -c vol-set -l help -d 'show help and exit'
complete -c vol-set -l version -d 'show the version and exit'
complete -c vol-start -f
complete -c vol-start -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-start -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-start -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-start -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-start -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-start -l print-disk -d 'print a <disk> element for libvirt instead'
complete -c vol-start -l json -d 'print one JSON document'
complete -c vol-start -l dry-run -d 'print the steps and change nothing'
complete -c vol-start -l help -d 'show help and exit'
complete -c vol-start -l version -d 'show the version and exit'
complete -c vol-stop -f
complete -c vol-stop -l vol -x -a '(__cistern_volumes)' -d 'name, key or path of the volume'
complete -c vol-stop -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-stop -l pool -x -a '(__cistern_pools --all)' -d 'name or UUID of the pool the volume is in'
complete -c vol-stop -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-stop -l lock-timeout -x -d 'how long to wait for a lock (default 60)'
complete -c vol-stop -l discard -d 'drop what was written since the start'
complete -c vol-stop -l json -d 'print one JSON document'
complete -c vol-stop -l dry-run -d 'print the steps and change nothing'
complete -c vol-stop -l help -d 'show help and exit'
complete -c vol-stop -l version -d 'show the version and exit'
