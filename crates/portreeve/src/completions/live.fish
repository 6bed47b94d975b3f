# Numbers of sessions, networks and services come from the running door.
function __portreeve_names
    set -l line (commandline -opc)
    $line[1] names $argv[1] -- $line 2>/dev/null
end

