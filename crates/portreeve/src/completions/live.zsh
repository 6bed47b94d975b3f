# Numbers of sessions, networks and services come from the running door.
_portreeve_names() {
    local kind=$1
    local -a names
    shift
    names=( ${(f)"$("${words[1]}" names $kind -- "${words[@]}" 2>/dev/null)"} )
    compadd "$@" -a names
}

_portreeve_services() { _portreeve_names services "$@" }
_portreeve_sessions() { _portreeve_names sessions "$@" }
_portreeve_kept() { _portreeve_names kept "$@" }
_portreeve_bans() { _portreeve_names bans "$@" }

