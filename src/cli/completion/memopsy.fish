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

# Whether all that may stand there is known: a name, a column, one of some choices; else it may be a file.
function __memopsy_is_listed
    set -l token (commandline -ct)
    string match -q -- '-*' $token; or return 1
    string match -q -- '*=*' $token; or return 0
    string match -qr -- '^--(columns|sort)=' $token; and return 0
    set -l name (string replace -r -- '=.*' '=' $token)
    set -l command (__memopsy_command)
    memopsy --list-options "$command" 2>/dev/null | string match -q -- "$name?*"
end

# The whole words that may stand in the place of one that begins with a dash.
function __memopsy_options
    set -l token (commandline -ct)
    set -l command (__memopsy_command)
    if string match -qr -- '^--(columns|sort)=' $token
        # A list: what stands before the last comma stays, and so does the "+" or "-" of a name.
        set -l kept (string replace -r -- '^(--[a-z]+=(?:.*,)?[+-]?).*$' '$1' $token)
        for column in (memopsy --list-columns "$command" 2>/dev/null)
            echo $kept$column
        end
    else
        memopsy --list-options "$command" 2>/dev/null
    end
end

complete -c memopsy -n __memopsy_wants_command -f -a '(memopsy --list-commands 2>/dev/null)'
complete -c memopsy -n __memopsy_is_listed -f -a '(__memopsy_options)'
