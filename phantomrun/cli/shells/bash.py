"""The completion script for bash, which also macOS's 3.2 reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.cli.shells.tree import Page, Switch

_SCRIPT = """\
# phantomrun completion for bash, as printed by: phantomrun completion bash

_phantomrun_providers='%(providers)s'
_phantomrun_verbs='%(verbs)s'

_phantomrun_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_phantomrun_of() {
    case $1 in
        files) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
        directories) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null ;;
        providers) _phantomrun_words "$_phantomrun_providers" ;;
        verbs) _phantomrun_words "$_phantomrun_verbs" ;;
        anything) COMPREPLY=() ;;
        *) _phantomrun_words "$1" ;;
    esac
}

# What the option $2 of the verb $1 takes; nothing for a flag.
_phantomrun_taken() {
    case "$1 $2" in
%(taken)s
    esac
}

_phantomrun_options() {
    case $1 in
%(options)s
    esac
}

_phantomrun_positional() {
    case $1 in
%(positional)s
    esac
}

# Everything from word $1 on is a command line of its own.
_phantomrun_inner() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        COMPREPLY=($(compgen -c -- "$cur"))
    else
        COMPREPLY=($(compgen -f -- "$cur"))
        compopt -o filenames 2>/dev/null
    fi
}

_phantomrun() {
    local cur prev verb='' inner='' word i taken
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == -- ]]; then
            _phantomrun_inner $((i + 1))
            return
        fi
        if [[ $word == -* ]]; then
            [[ -n $(_phantomrun_taken "$verb" "$word") && ${COMP_WORDS[i + 1]} != = ]] && ((i++))
        elif [[ $word == = ]]; then
            ((i++))
        elif [[ -n $inner ]]; then
            _phantomrun_inner "$i"
            return
        elif [[ -z $verb ]]; then
            verb=$word
            case $verb in
                %(inner)s) inner=yes ;;
            esac
        fi
    done
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    taken=$(_phantomrun_taken "$verb" "$prev")
    if [[ -n $taken && $prev == -* ]]; then
        _phantomrun_of "$taken"
    elif [[ $cur == -* ]]; then
        _phantomrun_words "$(_phantomrun_options "$verb")"
    elif [[ -n $inner ]]; then
        _phantomrun_inner "$COMP_CWORD"
    elif [[ -z $verb ]]; then
        _phantomrun_words "$_phantomrun_verbs"
    else
        taken=$(_phantomrun_positional "$verb")
        [[ -n $taken ]] && _phantomrun_of "$taken"
    fi
}

complete -F _phantomrun phantomrun
"""


def script(
    switches: tuple[Switch, ...], pages: tuple[Page, ...], providers: tuple[str, ...]
) -> str:
    """Return the whole script."""
    heads = [("''", " ", switches)]
    heads += [("|".join(page.names), "|".join(page.names), page.switches) for page in pages]
    return _SCRIPT % {
        "providers": " ".join(providers),
        "verbs": " ".join(name for page in pages for name in page.names),
        "taken": "\n".join(_taken(switches, pages)),
        "options": "\n".join(f"        {head}) echo '{_names(own)}' ;;" for head, _, own in heads),
        "positional": "\n".join(
            f"        {'|'.join(page.names)}) echo '{page.takes}' ;;"
            for page in pages
            if page.takes
        ),
        "inner": "|".join(next(page.names for page in pages if page.names[0] == "run")),
    }


def _names(switches: tuple[Switch, ...]) -> str:
    return " ".join(name for switch in switches for name in switch.names)


def _taken(switches: tuple[Switch, ...], pages: tuple[Page, ...]) -> list[str]:
    """Return the cases of the options that take something; those of every verb stand once."""
    everywhere = {switch.names: switch.takes for switch in switches if switch.takes}
    lines = []
    for page in pages:
        for switch in page.switches:
            if switch.takes and everywhere.get(switch.names) != switch.takes:
                heads = "|".join(f"'{verb} {name}'" for verb in page.names for name in switch.names)
                lines.append(f"        {heads}) echo '{switch.takes}' ;;")
    for names, takes in everywhere.items():
        heads = "|".join(f"*' {name}'" for name in names)
        lines.append(f"        {heads}) echo '{takes}' ;;")
    return lines
