# Written by scripts/make-completions from the commands' own tables.
# Completion of Cistern's commands for fish.

function __cistern_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l typed (string unescape -- $current; or echo -- $current)
    set -l answer ($words[1] --complete=fish $words[2..-1] "$typed" 2>/dev/null)
    switch "$answer[1]"
        case values list
            string join \n -- $answer[2..-1]
        case files folders
            set -l before (string match -r -- '^--[^=]*=' $current)
            set -l path (string replace -- "$before" '' "$current")
            if test $answer[1] = files
                string replace -r -- '^' "$before" (__fish_complete_path $path)
            else
                string replace -r -- '^' "$before" (__fish_complete_directories $path)
            end
    end
end

complete -c cistern -f -k -a '(__cistern_complete)'
complete -c cistern-driver-check -f -k -a '(__cistern_complete)'
complete -c find-storage-pool-sources -f -k -a '(__cistern_complete)'
complete -c find-storage-pool-sources-as -f -k -a '(__cistern_complete)'
complete -c pool-autostart -f -k -a '(__cistern_complete)'
complete -c pool-build -f -k -a '(__cistern_complete)'
complete -c pool-capabilities -f -k -a '(__cistern_complete)'
complete -c pool-check -f -k -a '(__cistern_complete)'
complete -c pool-create -f -k -a '(__cistern_complete)'
complete -c pool-create-as -f -k -a '(__cistern_complete)'
complete -c pool-define -f -k -a '(__cistern_complete)'
complete -c pool-define-as -f -k -a '(__cistern_complete)'
complete -c pool-delete -f -k -a '(__cistern_complete)'
complete -c pool-destroy -f -k -a '(__cistern_complete)'
complete -c pool-dumpxml -f -k -a '(__cistern_complete)'
complete -c pool-edit -f -k -a '(__cistern_complete)'
complete -c pool-event -f -k -a '(__cistern_complete)'
complete -c pool-extend -f -k -a '(__cistern_complete)'
complete -c pool-health -f -k -a '(__cistern_complete)'
complete -c pool-info -f -k -a '(__cistern_complete)'
complete -c pool-list -f -k -a '(__cistern_complete)'
complete -c pool-metrics -f -k -a '(__cistern_complete)'
complete -c pool-name -f -k -a '(__cistern_complete)'
complete -c pool-refresh -f -k -a '(__cistern_complete)'
complete -c pool-set -f -k -a '(__cistern_complete)'
complete -c pool-start -f -k -a '(__cistern_complete)'
complete -c pool-undefine -f -k -a '(__cistern_complete)'
complete -c pool-uuid -f -k -a '(__cistern_complete)'
complete -c secret-define -f -k -a '(__cistern_complete)'
complete -c secret-dumpxml -f -k -a '(__cistern_complete)'
complete -c secret-list -f -k -a '(__cistern_complete)'
complete -c secret-set-value -f -k -a '(__cistern_complete)'
complete -c secret-undefine -f -k -a '(__cistern_complete)'
complete -c vol-clear -f -k -a '(__cistern_complete)'
complete -c vol-clone -f -k -a '(__cistern_complete)'
complete -c vol-commit -f -k -a '(__cistern_complete)'
complete -c vol-create -f -k -a '(__cistern_complete)'
complete -c vol-create-as -f -k -a '(__cistern_complete)'
complete -c vol-create-from -f -k -a '(__cistern_complete)'
complete -c vol-delete -f -k -a '(__cistern_complete)'
complete -c vol-download -f -k -a '(__cistern_complete)'
complete -c vol-dumpxml -f -k -a '(__cistern_complete)'
complete -c vol-export -f -k -a '(__cistern_complete)'
complete -c vol-import -f -k -a '(__cistern_complete)'
complete -c vol-info -f -k -a '(__cistern_complete)'
complete -c vol-key -f -k -a '(__cistern_complete)'
complete -c vol-list -f -k -a '(__cistern_complete)'
complete -c vol-name -f -k -a '(__cistern_complete)'
complete -c vol-path -f -k -a '(__cistern_complete)'
complete -c vol-pool -f -k -a '(__cistern_complete)'
complete -c vol-rename -f -k -a '(__cistern_complete)'
complete -c vol-resize -f -k -a '(__cistern_complete)'
complete -c vol-revert -f -k -a '(__cistern_complete)'
complete -c vol-revisions -f -k -a '(__cistern_complete)'
complete -c vol-set -f -k -a '(__cistern_complete)'
complete -c vol-start -f -k -a '(__cistern_complete)'
complete -c vol-stop -f -k -a '(__cistern_complete)'
complete -c vol-tree -f -k -a '(__cistern_complete)'
complete -c vol-upload -f -k -a '(__cistern_complete)'
complete -c vol-wipe -f -k -a '(__cistern_complete)'
