# Written by scripts/make-completions from the commands' own tables.
# Completion of Cistern's commands for fish.

# The parameters of a command that take a value; those a bare word may fill begin with a plus sign.
function __cistern_values
    switch $argv[1]
        case find-storage-pool-sources
            string split ' ' -- '+type +srcSpec'
        case find-storage-pool-sources-as
            string split ' ' -- '+type +host +port +initiator'
        case pool-autostart
            string split ' ' -- '+pool lock-timeout'
        case pool-build
            string split ' ' -- '+pool lock-timeout'
        case pool-check
            string split ' ' -- '+pool lock-timeout'
        case pool-define
            string split ' ' -- '+file lock-timeout'
        case pool-define-as
            string split ' ' -- '+name +type +source-host +source-path +source-dev +source-name +target +source-format +auth-type +auth-username +secret-usage +secret-uuid +adapter-name +adapter-wwnn +adapter-wwpn +adapter-parent +adapter-parent-wwnn +adapter-parent-wwpn +adapter-parent-fabric-wwn +source-protocol-ver +source-initiator driver revisions-to-keep lock-timeout'
        case pool-delete
            string split ' ' -- '+pool lock-timeout'
        case pool-destroy
            string split ' ' -- '+pool lock-timeout'
        case pool-dumpxml
            string split ' ' -- '+pool'
        case pool-info
            string split ' ' -- '+pool'
        case pool-list
            string split ' ' -- '+type'
        case pool-name
            string split ' ' -- '+pool'
        case pool-refresh
            string split ' ' -- '+pool lock-timeout'
        case pool-start
            string split ' ' -- '+pool lock-timeout'
        case pool-undefine
            string split ' ' -- '+pool lock-timeout'
        case pool-uuid
            string split ' ' -- '+pool'
        case secret-define
            string split ' ' -- '+file lock-timeout'
        case secret-dumpxml
            string split ' ' -- '+secret'
        case secret-list
            string split ' ' -- ''
        case secret-set-value
            string split ' ' -- '+secret file +base64 lock-timeout'
        case secret-undefine
            string split ' ' -- '+secret lock-timeout'
        case vol-clone
            string split ' ' -- '+vol +newname +pool lock-timeout'
        case vol-create
            string split ' ' -- '+pool +file lock-timeout'
        case vol-create-as
            string split ' ' -- '+pool +name +capacity +allocation +format +backing-vol +backing-vol-format rw snap-on-start save-on-stop revisions-to-keep source ephemeral lock-timeout'
        case vol-create-from
            string split ' ' -- '+pool +file +vol +inputpool lock-timeout'
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
        case vol-wipe
            string split ' ' -- '+vol +pool +algorithm lock-timeout'
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

function __cistern_secrets
    __cistern_run secret-list | __cistern_table
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

complete -c find-storage-pool-sources -f
complete -c find-storage-pool-sources -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'Type of the pools: logical, netfs, iscsi and so on'
complete -c find-storage-pool-sources -n '__cistern_fills type' -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage'
complete -c find-storage-pool-sources -l srcSpec -x -d 'A source element that says where to look; - is stdin'
complete -c find-storage-pool-sources -l json -d 'Print one JSON document'
complete -c find-storage-pool-sources -l help -d 'Show this help'
complete -c find-storage-pool-sources -l version -d 'Show the version'
complete -c find-storage-pool-sources-as -f
complete -c find-storage-pool-sources-as -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'Type of the pools: logical, netfs, iscsi and so on'
complete -c find-storage-pool-sources-as -n '__cistern_fills type' -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage'
complete -c find-storage-pool-sources-as -l host -x -d 'Host to ask'
complete -c find-storage-pool-sources-as -l port -x -d 'Port of the host; nothing without a host'
complete -c find-storage-pool-sources-as -l initiator -x -d 'iSCSI initiator to ask as; nothing without a host'
complete -c find-storage-pool-sources-as -l json -d 'Print one JSON document'
complete -c find-storage-pool-sources-as -l help -d 'Show this help'
complete -c find-storage-pool-sources-as -l version -d 'Show the version'
complete -c pool-autostart -f
complete -c pool-autostart -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-autostart -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-autostart -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-autostart -l disable -d 'Take the mark away'
complete -c pool-autostart -l json -d 'Print one JSON document'
complete -c pool-autostart -l dry-run -d 'Show the steps and change nothing'
complete -c pool-autostart -l help -d 'Show this help'
complete -c pool-autostart -l version -d 'Show the version'
complete -c pool-build -f
complete -c pool-build -l pool -x -a '(__cistern_pools --inactive)' -d 'Name or UUID of the pool'
complete -c pool-build -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-build -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-build -l overwrite -d 'Overwrite what is on the source'
complete -c pool-build -l no-overwrite -d 'Refuse a source that holds something'
complete -c pool-build -l json -d 'Print one JSON document'
complete -c pool-build -l dry-run -d 'Show the steps and change nothing'
complete -c pool-build -l help -d 'Show this help'
complete -c pool-build -l version -d 'Show the version'
complete -c pool-check -f
complete -c pool-check -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-check -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-check -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-check -l repair -d 'Remove what nobody can want back'
complete -c pool-check -l json -d 'Print one JSON document'
complete -c pool-check -l dry-run -d 'Show the steps and change nothing'
complete -c pool-check -l help -d 'Show this help'
complete -c pool-check -l version -d 'Show the version'
complete -c pool-define -f
complete -c pool-define -l file -r -F -d 'The document; - reads standard input'
complete -c pool-define -n '__cistern_fills file' -F
complete -c pool-define -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-define -l validate -d 'Refuse what libvirt\'s schema does not know'
complete -c pool-define -l print-xml -d 'Print the document as it would be kept, and change nothing'
complete -c pool-define -l conf -d 'FILE holds a section as in storage.conf, where it is kept'
complete -c pool-define -l if-not-exists -d 'Succeed where it exists already as asked for'
complete -c pool-define -l json -d 'Print one JSON document'
complete -c pool-define -l dry-run -d 'Show the steps and change nothing'
complete -c pool-define -l help -d 'Show this help'
complete -c pool-define -l version -d 'Show the version'
complete -c pool-define-as -f
complete -c pool-define-as -l name -x -d 'Name of the pool'
complete -c pool-define-as -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'Type of the pool, such as dir, netfs or logical'
complete -c pool-define-as -n '__cistern_fills type' -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage'
complete -c pool-define-as -l source-host -x -d 'Host that the source is on'
complete -c pool-define-as -l source-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'Path on the source host'
complete -c pool-define-as -n '__cistern_fills source-path' -a '(__fish_complete_directories (commandline -ct))'
complete -c pool-define-as -l source-dev -r -F -d 'Device that is the source'
complete -c pool-define-as -n '__cistern_fills source-dev' -F
complete -c pool-define-as -l source-name -x -d 'Name of the source'
complete -c pool-define-as -l target -x -a '(__fish_complete_directories (commandline -ct))' -d 'Where the volumes appear'
complete -c pool-define-as -n '__cistern_fills target' -a '(__fish_complete_directories (commandline -ct))'
complete -c pool-define-as -l source-format -x -a 'auto nfs cifs glusterfs ext4 xfs vfat gpt dos lvm2' -d 'Format of the source'
complete -c pool-define-as -n '__cistern_fills source-format' -a 'auto nfs cifs glusterfs ext4 xfs vfat gpt dos lvm2'
complete -c pool-define-as -l auth-type -x -a 'chap ceph' -d 'Kind of authentication: chap or ceph'
complete -c pool-define-as -n '__cistern_fills auth-type' -a 'chap ceph'
complete -c pool-define-as -l auth-username -x -d 'User to authenticate as'
complete -c pool-define-as -l secret-usage -x -d 'Secret, by its usage'
complete -c pool-define-as -l secret-uuid -x -d 'Secret, by its UUID'
complete -c pool-define-as -l adapter-name -x -d 'Name of the SCSI adapter'
complete -c pool-define-as -l adapter-wwnn -x -d 'World wide node name of the adapter'
complete -c pool-define-as -l adapter-wwpn -x -d 'World wide port name of the adapter'
complete -c pool-define-as -l adapter-parent -x -d 'Parent of the adapter'
complete -c pool-define-as -l adapter-parent-wwnn -x -d 'World wide node name of the parent'
complete -c pool-define-as -l adapter-parent-wwpn -x -d 'World wide port name of the parent'
complete -c pool-define-as -l adapter-parent-fabric-wwn -x -d 'Fabric name of the parent'
complete -c pool-define-as -l source-protocol-ver -x -d 'NFS version of the source'
complete -c pool-define-as -l source-initiator -x -d 'iSCSI initiator'
complete -c pool-define-as -l driver -x -a 'plain xen file file-reflink' -d 'Dir pool\'s layout: plain, xen, file, file-reflink'
complete -c pool-define-as -l revisions-to-keep -x -d 'Revisions that volumes keep: -1, 0 or more'
complete -c pool-define-as -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-define-as -l print-xml -d 'Print the document, and change nothing'
complete -c pool-define-as -l if-not-exists -d 'Succeed where it exists already as asked for'
complete -c pool-define-as -l json -d 'Print one JSON document'
complete -c pool-define-as -l dry-run -d 'Show the steps and change nothing'
complete -c pool-define-as -l help -d 'Show this help'
complete -c pool-define-as -l version -d 'Show the version'
complete -c pool-delete -f
complete -c pool-delete -l pool -x -a '(__cistern_pools --inactive)' -d 'Name or UUID of the pool'
complete -c pool-delete -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-delete -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-delete -l if-exists -d 'Succeed where there is nothing to do it to'
complete -c pool-delete -l json -d 'Print one JSON document'
complete -c pool-delete -l dry-run -d 'Show the steps and change nothing'
complete -c pool-delete -l help -d 'Show this help'
complete -c pool-delete -l version -d 'Show the version'
complete -c pool-destroy -f
complete -c pool-destroy -l pool -x -a '(__cistern_pools)' -d 'Name or UUID of the pool'
complete -c pool-destroy -n '__cistern_fills pool' -a '(__cistern_pools)'
complete -c pool-destroy -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-destroy -l json -d 'Print one JSON document'
complete -c pool-destroy -l dry-run -d 'Show the steps and change nothing'
complete -c pool-destroy -l help -d 'Show this help'
complete -c pool-destroy -l version -d 'Show the version'
complete -c pool-dumpxml -f
complete -c pool-dumpxml -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-dumpxml -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-dumpxml -l inactive -d 'Print the definition that holds from the next start'
complete -c pool-dumpxml -l json -d 'Print one JSON document'
complete -c pool-dumpxml -l help -d 'Show this help'
complete -c pool-dumpxml -l version -d 'Show the version'
complete -c pool-info -f
complete -c pool-info -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-info -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-info -l bytes -d 'Show sizes in bytes'
complete -c pool-info -l json -d 'Print one JSON document'
complete -c pool-info -l help -d 'Show this help'
complete -c pool-info -l version -d 'Show the version'
complete -c pool-list -f
complete -c pool-list -l type -x -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage' -d 'List only pools of these types, separated by commas'
complete -c pool-list -n '__cistern_fills type' -a 'dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs vstorage'
complete -c pool-list -l inactive -d 'List inactive pools'
complete -c pool-list -l all -d 'List inactive and active pools'
complete -c pool-list -l transient -d 'List only pools without a definition'
complete -c pool-list -l persistent -d 'List only pools with a definition'
complete -c pool-list -l autostart -d 'List only pools marked to be started at boot'
complete -c pool-list -l no-autostart -d 'List only pools not marked to be started at boot'
complete -c pool-list -l details -d 'Show more of each pool'
complete -c pool-list -l uuid -d 'Print UUIDs only'
complete -c pool-list -l name -d 'Print names only'
complete -c pool-list -l null -d 'Print names only, each with a null byte after it'
complete -c pool-list -l json -d 'Print one JSON document'
complete -c pool-list -l help -d 'Show this help'
complete -c pool-list -l version -d 'Show the version'
complete -c pool-name -f
complete -c pool-name -l pool -x -a '(__cistern_uuids)' -d 'UUID of the pool'
complete -c pool-name -n '__cistern_fills pool' -a '(__cistern_uuids)'
complete -c pool-name -l json -d 'Print one JSON document'
complete -c pool-name -l help -d 'Show this help'
complete -c pool-name -l version -d 'Show the version'
complete -c pool-refresh -f
complete -c pool-refresh -l pool -x -a '(__cistern_pools)' -d 'Name or UUID of the pool'
complete -c pool-refresh -n '__cistern_fills pool' -a '(__cistern_pools)'
complete -c pool-refresh -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-refresh -l json -d 'Print one JSON document'
complete -c pool-refresh -l dry-run -d 'Show the steps and change nothing'
complete -c pool-refresh -l help -d 'Show this help'
complete -c pool-refresh -l version -d 'Show the version'
complete -c pool-start -f
complete -c pool-start -l pool -x -a '(__cistern_pools --inactive)' -d 'Name or UUID of the pool'
complete -c pool-start -n '__cistern_fills pool' -a '(__cistern_pools --inactive)'
complete -c pool-start -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-start -l json -d 'Print one JSON document'
complete -c pool-start -l dry-run -d 'Show the steps and change nothing'
complete -c pool-start -l help -d 'Show this help'
complete -c pool-start -l version -d 'Show the version'
complete -c pool-undefine -f
complete -c pool-undefine -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-undefine -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-undefine -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c pool-undefine -l if-exists -d 'Succeed where there is nothing to do it to'
complete -c pool-undefine -l json -d 'Print one JSON document'
complete -c pool-undefine -l dry-run -d 'Show the steps and change nothing'
complete -c pool-undefine -l help -d 'Show this help'
complete -c pool-undefine -l version -d 'Show the version'
complete -c pool-uuid -f
complete -c pool-uuid -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c pool-uuid -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c pool-uuid -l json -d 'Print one JSON document'
complete -c pool-uuid -l help -d 'Show this help'
complete -c pool-uuid -l version -d 'Show the version'
complete -c secret-define -f
complete -c secret-define -l file -r -F -d 'The document; - reads standard input'
complete -c secret-define -n '__cistern_fills file' -F
complete -c secret-define -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c secret-define -l validate -d 'Refuse what libvirt\'s schema does not know'
complete -c secret-define -l if-not-exists -d 'Succeed where it exists already as asked for'
complete -c secret-define -l json -d 'Print one JSON document'
complete -c secret-define -l dry-run -d 'Show the steps and change nothing'
complete -c secret-define -l help -d 'Show this help'
complete -c secret-define -l version -d 'Show the version'
complete -c secret-dumpxml -f
complete -c secret-dumpxml -l secret -x -a '(__cistern_secrets)' -d 'UUID of the secret'
complete -c secret-dumpxml -n '__cistern_fills secret' -a '(__cistern_secrets)'
complete -c secret-dumpxml -l json -d 'Print one JSON document'
complete -c secret-dumpxml -l help -d 'Show this help'
complete -c secret-dumpxml -l version -d 'Show the version'
complete -c secret-list -f
complete -c secret-list -l ephemeral -d 'List secrets that end with the boot'
complete -c secret-list -l no-ephemeral -d 'List secrets that last'
complete -c secret-list -l private -d 'List secrets marked private'
complete -c secret-list -l no-private -d 'List secrets not marked private'
complete -c secret-list -l null -d 'Print names only, each with a null byte after it'
complete -c secret-list -l json -d 'Print one JSON document'
complete -c secret-list -l help -d 'Show this help'
complete -c secret-list -l version -d 'Show the version'
complete -c secret-set-value -f
complete -c secret-set-value -l secret -x -a '(__cistern_secrets)' -d 'UUID of the secret'
complete -c secret-set-value -n '__cistern_fills secret' -a '(__cistern_secrets)'
complete -c secret-set-value -l file -r -F -d 'Read the value from FILE; - reads standard input'
complete -c secret-set-value -l base64 -x -d 'Refused: everybody on the machine can see a command line'
complete -c secret-set-value -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c secret-set-value -l plain -d 'FILE holds the value as it is, not in base64'
complete -c secret-set-value -l interactive -d 'Ask for the value on the terminal, without showing it'
complete -c secret-set-value -l json -d 'Print one JSON document'
complete -c secret-set-value -l dry-run -d 'Show the steps and change nothing'
complete -c secret-set-value -l help -d 'Show this help'
complete -c secret-set-value -l version -d 'Show the version'
complete -c secret-undefine -f
complete -c secret-undefine -l secret -x -a '(__cistern_secrets)' -d 'UUID of the secret'
complete -c secret-undefine -n '__cistern_fills secret' -a '(__cistern_secrets)'
complete -c secret-undefine -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c secret-undefine -l if-exists -d 'Succeed where there is nothing to do it to'
complete -c secret-undefine -l json -d 'Print one JSON document'
complete -c secret-undefine -l dry-run -d 'Show the steps and change nothing'
complete -c secret-undefine -l help -d 'Show this help'
complete -c secret-undefine -l version -d 'Show the version'
complete -c vol-clone -f
complete -c vol-clone -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-clone -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-clone -l newname -x -d 'Name of the copy'
complete -c vol-clone -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-clone -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-clone -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-clone -l prealloc-metadata -d 'Preallocate metadata (qcow2)'
complete -c vol-clone -l reflink -d 'Share blocks with the volume, or fail'
complete -c vol-clone -l print-xml -d 'Print the document of the copy, and change nothing'
complete -c vol-clone -l json -d 'Print one JSON document'
complete -c vol-clone -l dry-run -d 'Show the steps and change nothing'
complete -c vol-clone -l help -d 'Show this help'
complete -c vol-clone -l version -d 'Show the version'
complete -c vol-create -f
complete -c vol-create -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c vol-create -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-create -l file -r -F -d 'The document; - reads standard input'
complete -c vol-create -n '__cistern_fills file' -F
complete -c vol-create -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-create -l prealloc-metadata -d 'Preallocate metadata (qcow2)'
complete -c vol-create -l validate -d 'Refuse what libvirt\'s schema does not know'
complete -c vol-create -l print-xml -d 'Print the document as it would be, and change nothing'
complete -c vol-create -l if-not-exists -d 'Succeed where it exists already as asked for'
complete -c vol-create -l json -d 'Print one JSON document'
complete -c vol-create -l dry-run -d 'Show the steps and change nothing'
complete -c vol-create -l help -d 'Show this help'
complete -c vol-create -l version -d 'Show the version'
complete -c vol-create-as -f
complete -c vol-create-as -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c vol-create-as -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-create-as -l name -x -d 'Name of the volume'
complete -c vol-create-as -l capacity -x -d 'Size; needed unless it starts from a source'
complete -c vol-create-as -l allocation -x -d 'What gets blocks at once; all where not given'
complete -c vol-create-as -l format -x -a 'raw' -d 'Format of the file: raw where not given'
complete -c vol-create-as -n '__cistern_fills format' -a 'raw'
complete -c vol-create-as -l backing-vol -x -a '(__cistern_volumes)' -d 'Volume that it is an overlay on'
complete -c vol-create-as -n '__cistern_fills backing-vol' -a '(__cistern_volumes)'
complete -c vol-create-as -l backing-vol-format -x -a 'raw qcow2 qed vmdk vpc vdi' -d 'Format of the backing volume'
complete -c vol-create-as -n '__cistern_fills backing-vol-format' -a 'raw qcow2 qed vmdk vpc vdi'
complete -c vol-create-as -l rw -x -a 'yes no' -d 'Whether it can be written'
complete -c vol-create-as -l snap-on-start -x -a 'yes no' -d 'Whether it starts from a copy of its source'
complete -c vol-create-as -l save-on-stop -x -a 'yes no' -d 'Whether it keeps its state at stop'
complete -c vol-create-as -l revisions-to-keep -x -d 'Former states kept: -1, 0 or more'
complete -c vol-create-as -l source -x -a '(__cistern_volumes)' -d 'Volume of the pool that it starts from'
complete -c vol-create-as -l ephemeral -x -a 'yes no' -d 'Whether it is encrypted with a throw-away key'
complete -c vol-create-as -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-create-as -l prealloc-metadata -d 'Preallocate metadata (qcow2)'
complete -c vol-create-as -l print-xml -d 'Print the document, and change nothing'
complete -c vol-create-as -l if-not-exists -d 'Succeed where it exists already as asked for'
complete -c vol-create-as -l json -d 'Print one JSON document'
complete -c vol-create-as -l dry-run -d 'Show the steps and change nothing'
complete -c vol-create-as -l help -d 'Show this help'
complete -c vol-create-as -l version -d 'Show the version'
complete -c vol-create-from -f
complete -c vol-create-from -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c vol-create-from -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-create-from -l file -r -F -d 'The document; - reads standard input'
complete -c vol-create-from -n '__cistern_fills file' -F
complete -c vol-create-from -l vol -x -a '(__cistern_volumes)' -d 'The volume to copy: its name, key or path'
complete -c vol-create-from -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-create-from -l inputpool -x -d 'Pool of the volume to copy'
complete -c vol-create-from -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-create-from -l prealloc-metadata -d 'Preallocate metadata (qcow2)'
complete -c vol-create-from -l reflink -d 'Share blocks with the volume, or fail'
complete -c vol-create-from -l validate -d 'Refuse what libvirt\'s schema does not know'
complete -c vol-create-from -l json -d 'Print one JSON document'
complete -c vol-create-from -l dry-run -d 'Show the steps and change nothing'
complete -c vol-create-from -l help -d 'Show this help'
complete -c vol-create-from -l version -d 'Show the version'
complete -c vol-delete -f
complete -c vol-delete -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-delete -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-delete -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-delete -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-delete -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-delete -l delete-snapshots -d 'Also delete its snapshots (rbd pools only)'
complete -c vol-delete -l if-exists -d 'Succeed where there is nothing to do it to'
complete -c vol-delete -l json -d 'Print one JSON document'
complete -c vol-delete -l dry-run -d 'Show the steps and change nothing'
complete -c vol-delete -l help -d 'Show this help'
complete -c vol-delete -l version -d 'Show the version'
complete -c vol-dumpxml -f
complete -c vol-dumpxml -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-dumpxml -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-dumpxml -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-dumpxml -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-dumpxml -l json -d 'Print one JSON document'
complete -c vol-dumpxml -l help -d 'Show this help'
complete -c vol-dumpxml -l version -d 'Show the version'
complete -c vol-export -f
complete -c vol-export -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-export -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-export -l file -r -F -d 'Where to write; - writes standard output'
complete -c vol-export -n '__cistern_fills file' -F
complete -c vol-export -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-export -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-export -l revision -x -a '(__cistern_revisions)' -d 'Write this revision instead'
complete -c vol-export -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-export -l json -d 'Print one JSON document'
complete -c vol-export -l dry-run -d 'Show the steps and change nothing'
complete -c vol-export -l help -d 'Show this help'
complete -c vol-export -l version -d 'Show the version'
complete -c vol-import -f
complete -c vol-import -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-import -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-import -l file -r -F -d 'What to import; - reads standard input'
complete -c vol-import -n '__cistern_fills file' -F
complete -c vol-import -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-import -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-import -l size -x -d 'How many bytes come; the volume gets that size'
complete -c vol-import -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-import -l keep-size -d 'The input must have the size that the volume has'
complete -c vol-import -l json -d 'Print one JSON document'
complete -c vol-import -l dry-run -d 'Show the steps and change nothing'
complete -c vol-import -l help -d 'Show this help'
complete -c vol-import -l version -d 'Show the version'
complete -c vol-info -f
complete -c vol-info -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-info -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-info -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-info -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-info -l bytes -d 'Show sizes in bytes'
complete -c vol-info -l physical -d 'Show the size of the file instead of the allocation'
complete -c vol-info -l json -d 'Print one JSON document'
complete -c vol-info -l help -d 'Show this help'
complete -c vol-info -l version -d 'Show the version'
complete -c vol-key -f
complete -c vol-key -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-key -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-key -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-key -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-key -l json -d 'Print one JSON document'
complete -c vol-key -l help -d 'Show this help'
complete -c vol-key -l version -d 'Show the version'
complete -c vol-list -f
complete -c vol-list -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the pool'
complete -c vol-list -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-list -l details -d 'Show type and sizes too'
complete -c vol-list -l null -d 'Print names only, each with a null byte after it'
complete -c vol-list -l json -d 'Print one JSON document'
complete -c vol-list -l help -d 'Show this help'
complete -c vol-list -l version -d 'Show the version'
complete -c vol-name -f
complete -c vol-name -l vol -r -F -d 'Key or path of the volume'
complete -c vol-name -n '__cistern_fills vol' -F
complete -c vol-name -l json -d 'Print one JSON document'
complete -c vol-name -l help -d 'Show this help'
complete -c vol-name -l version -d 'Show the version'
complete -c vol-path -f
complete -c vol-path -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-path -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-path -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-path -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-path -l json -d 'Print one JSON document'
complete -c vol-path -l help -d 'Show this help'
complete -c vol-path -l version -d 'Show the version'
complete -c vol-pool -f
complete -c vol-pool -l vol -r -F -d 'Key or path of the volume'
complete -c vol-pool -n '__cistern_fills vol' -F
complete -c vol-pool -l uuid -d 'Print the UUID instead of the name'
complete -c vol-pool -l json -d 'Print one JSON document'
complete -c vol-pool -l help -d 'Show this help'
complete -c vol-pool -l version -d 'Show the version'
complete -c vol-resize -f
complete -c vol-resize -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-resize -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-resize -l capacity -x -d 'New size; with --delta how much to add'
complete -c vol-resize -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-resize -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-resize -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-resize -l allocate -d 'Give what is added blocks at once'
complete -c vol-resize -l delta -d 'SIZE is the difference'
complete -c vol-resize -l shrink -d 'Allow a smaller size; data beyond it is lost'
complete -c vol-resize -l json -d 'Print one JSON document'
complete -c vol-resize -l dry-run -d 'Show the steps and change nothing'
complete -c vol-resize -l help -d 'Show this help'
complete -c vol-resize -l version -d 'Show the version'
complete -c vol-revert -f
complete -c vol-revert -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-revert -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-revert -l revision -x -a '(__cistern_revisions)' -d 'Number of the revision; the newest where not given'
complete -c vol-revert -n '__cistern_fills revision' -a '(__cistern_revisions)'
complete -c vol-revert -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-revert -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-revert -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-revert -l discard -d 'First drop an uncommitted session'
complete -c vol-revert -l json -d 'Print one JSON document'
complete -c vol-revert -l dry-run -d 'Show the steps and change nothing'
complete -c vol-revert -l help -d 'Show this help'
complete -c vol-revert -l version -d 'Show the version'
complete -c vol-revisions -f
complete -c vol-revisions -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-revisions -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-revisions -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-revisions -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-revisions -l bytes -d 'Show sizes in bytes'
complete -c vol-revisions -l null -d 'Print names only, each with a null byte after it'
complete -c vol-revisions -l json -d 'Print one JSON document'
complete -c vol-revisions -l help -d 'Show this help'
complete -c vol-revisions -l version -d 'Show the version'
complete -c vol-set -f
complete -c vol-set -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-set -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-set -l property -x -a 'rw snap_on_start save_on_stop revisions_to_keep source ephemeral' -d 'rw, snap_on_start, save_on_stop, revisions_to_keep, source or ephemeral'
complete -c vol-set -n '__cistern_fills property' -a 'rw snap_on_start save_on_stop revisions_to_keep source ephemeral'
complete -c vol-set -l value -x -a 'yes no' -d 'The value: yes or no, a number, or a volume\'s name'
complete -c vol-set -n '__cistern_fills value' -a 'yes no'
complete -c vol-set -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-set -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-set -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-set -l json -d 'Print one JSON document'
complete -c vol-set -l dry-run -d 'Show the steps and change nothing'
complete -c vol-set -l help -d 'Show this help'
complete -c vol-set -l version -d 'Show the version'
complete -c vol-start -f
complete -c vol-start -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-start -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-start -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-start -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-start -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-start -l print-disk -d 'Print libvirt\'s <disk> element instead of the path'
complete -c vol-start -l json -d 'Print one JSON document'
complete -c vol-start -l dry-run -d 'Show the steps and change nothing'
complete -c vol-start -l help -d 'Show this help'
complete -c vol-start -l version -d 'Show the version'
complete -c vol-stop -f
complete -c vol-stop -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-stop -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-stop -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-stop -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-stop -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-stop -l discard -d 'Drop what was written since the start'
complete -c vol-stop -l json -d 'Print one JSON document'
complete -c vol-stop -l dry-run -d 'Show the steps and change nothing'
complete -c vol-stop -l help -d 'Show this help'
complete -c vol-stop -l version -d 'Show the version'
complete -c vol-wipe -f
complete -c vol-wipe -l vol -x -a '(__cistern_volumes)' -d 'Name, key or path of the volume'
complete -c vol-wipe -n '__cistern_fills vol' -a '(__cistern_volumes)'
complete -c vol-wipe -l pool -x -a '(__cistern_pools --all)' -d 'Name or UUID of the volume\'s pool; needed where VOLUME is a name'
complete -c vol-wipe -n '__cistern_fills pool' -a '(__cistern_pools --all)'
complete -c vol-wipe -l algorithm -x -d 'How it is overwritten: zero where not given'
complete -c vol-wipe -l lock-timeout -x -d 'Wait at most this long for locks of other commands (60)'
complete -c vol-wipe -l json -d 'Print one JSON document'
complete -c vol-wipe -l dry-run -d 'Show the steps and change nothing'
complete -c vol-wipe -l help -d 'Show this help'
complete -c vol-wipe -l version -d 'Show the version'
