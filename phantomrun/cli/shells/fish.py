"""The completion script for fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.cli.shells.tree import Page, Switch

_SCRIPT = """\
# phantomrun completion for fish, as printed by: phantomrun completion fish

set -g __phantomrun_valued %(valued)s

# Prints the verb, or -- where the inner command begins, and after it that command's words.
function __phantomrun_split
    set -l words (commandline -opc)
    set -l verb ''
    set -l at 2
    while test $at -le (count $words)
        set -l word $words[$at]
        set at (math $at + 1)
        if test "$word" = --
            printf '%%s\\n' -- $words[$at..-1]
            return
        else if string match -q -- '-*' $word
            contains -- $word $__phantomrun_valued; and set at (math $at + 1)
        else if contains -- "$verb" %(inner)s
            printf '%%s\\n' -- $words[(math $at - 1)..-1]
            return
        else if test -z "$verb"
            set verb $word
        end
    end
    echo $verb
end

function __phantomrun_at
    set -l found (__phantomrun_split)
    contains -- "$found[1]" $argv
end

function __phantomrun_inner
    set -l found (__phantomrun_split)
    if test "$found[1]" = --
        set -l typed (string escape -- $found[2..-1]) (commandline -ct)
        complete "-C"(string join -- ' ' $typed)
    else
        complete "-C"(commandline -ct)
    end
end

complete -c phantomrun -f
complete -c phantomrun -n '__phantomrun_at -- %(inner)s' -a '(__phantomrun_inner)'
%(lines)s
"""


def script(
    switches: tuple[Switch, ...], pages: tuple[Page, ...], providers: tuple[str, ...]
) -> str:
    """Return the whole script."""
    lines = [_line("''", f"-a {page.names[0]} -d {_quoted(page.help)}") for page in pages]
    lines += [_line("''", _switch(switch, pages, providers)) for switch in switches]
    for page in pages:
        verbs = " ".join(page.names)
        lines += [_line(verbs, _switch(switch, pages, providers)) for switch in page.switches]
        if page.takes:
            lines.append(_line(verbs, _taken(page.takes, pages, providers)))
    every = (*switches, *(switch for page in pages for switch in page.switches))
    valued = sorted({name for switch in every if switch.takes for name in switch.names})
    return _SCRIPT % {
        "valued": " ".join(valued),
        "inner": " ".join(next(page.names for page in pages if page.names[0] == "run")),
        "lines": "\n".join(lines),
    }


def _line(verbs: str, rest: str) -> str:
    return f'complete -c phantomrun -n "__phantomrun_at {verbs}" {rest}'


def _switch(switch: Switch, pages: tuple[Page, ...], providers: tuple[str, ...]) -> str:
    names = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in switch.names
    ]
    takes = f" -r {_taken(switch.takes, pages, providers)}" if switch.takes else ""
    return f"{' '.join(names)} -d {_quoted(switch.help)}{takes}"


def _taken(takes: str, pages: tuple[Page, ...], providers: tuple[str, ...]) -> str:
    match takes:
        case "files":
            return "-F"
        case "directories":
            return "-a '(__fish_complete_directories)'"
        case "providers":
            return f"-a '{' '.join(providers)}'"
        case "verbs":
            return f"-a '{' '.join(name for page in pages for name in page.names)}'"
        case "anything":
            return "-f"
    return f"-a '{takes}'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
