# Numbers of sessions, networks and services come from the running door.
_portreeve_live() {
    local cur=$2 prev=$3 word kind= command= skip= names
    if declare -F _get_comp_words_by_ref >/dev/null; then
        # colons are parts of IPv6 addresses here
        _get_comp_words_by_ref -n : cur prev
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ -n $skip ]]; then
            skip=
            continue
        fi
        case $word in
            @VALUED@) skip=yes ;;
            -*) ;;
            @NESTED@)
                if [[ -n $command ]]; then
                    command+=" $word"
                    break
                fi
                command=$word
                ;;
            *)
                command+=${command:+ }$word
                break
                ;;
        esac
    done
    case $command,$prev in
        @OPTIONS@
        @VALUED_AFTER@) ;;
        @WORDS@
    esac
    if [[ -n $kind && $cur != -* ]]; then
        names=$("${COMP_WORDS[0]}" names "$kind" -- "${COMP_WORDS[@]}" 2>/dev/null)
        if [[ -n $names ]]; then
            COMPREPLY=( $(compgen -W "$names" -- "$cur") )
            if declare -F __ltrim_colon_completions >/dev/null; then
                __ltrim_colon_completions "$cur"
            fi
            return 0
        fi
    fi
    _portreeve "$@"
}

complete -F _portreeve_live -o bashdefault -o default portreeve
