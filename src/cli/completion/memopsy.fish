# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for memopsy. Commands, options and columns come from the program's own tables.
function __memopsy_command
    for word in (commandline -opc)[2..-1]
        if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end

function __memopsy_wants_command
    set -l command (__memopsy_command)
    not string match -q -- '-*' (commandline -ct); and begin
        test -z "$command"; or test "$command" = help
    end
end

# Whether an option's name is asked for. What stands behind "=" fish completes by the options below, or as a file.
function __memopsy_wants_option
    set -l token (commandline -ct)
    string match -q -- '-*' $token; and not string match -q -- '*=*' $token
end

function __memopsy_options
    set -l command (__memopsy_command)
    memopsy --list-options "$command" 2>/dev/null
end

# The values that an option may have, where they are few.
function __memopsy_choices
    __memopsy_options | string replace -f -- "--$argv[1]=" ''
end

# A list of columns: what stands before the last comma stays, and so does the "+" or "-" of a name.
function __memopsy_columns
    set -l kept (commandline -ct | string replace -r -- '^(?:--[a-z]+=)?((?:.*,)?[+-]?).*$' '$1')
    set -l command (__memopsy_command)
    for column in (memopsy --list-columns "$command" 2>/dev/null)
        echo $kept$column
    end
end

complete -c memopsy -n __memopsy_wants_command -f -a '(memopsy --list-commands 2>/dev/null)'
complete -c memopsy -n __memopsy_wants_option -f -a '(__memopsy_options)'
complete -c memopsy -l types -x -a '(__memopsy_choices types)'
complete -c memopsy -l color -x -a '(__memopsy_choices color)'
complete -c memopsy -l columns -x -a '(__memopsy_columns)'
complete -c memopsy -l sort -x -a '(__memopsy_columns)'
