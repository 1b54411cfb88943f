"""The completion script for zsh."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.cli.shells.tree import Page, Switch

_SCRIPT = """\
#compdef phantomrun
# phantomrun completion for zsh, as printed by: phantomrun completion zsh

_phantomrun_providers() {
  local -a found
  found=(%(providers)s)
  compadd -a found
}

_phantomrun_verbs() {
  local -a found
  found=(
%(verbs)s
  )
  _describe verb found
}

_phantomrun() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  integer at=$words[(i)--]
  if (( at < CURRENT )); then
    shift $at words
    (( CURRENT -= at ))
    _normal
    return
  fi
  _arguments -C \\
%(switches)s
    '1: :_phantomrun_verbs' \\
    '*:: :->rest' && return
  [[ $state == rest ]] || return
  case $words[1] in
%(pages)s
  esac
}

if [[ $funcstack[1] == _phantomrun ]]; then
  _phantomrun "$@"
else
  compdef _phantomrun phantomrun
fi
"""
_ACTIONS = {
    "files": "_files",
    "directories": "_files -/",
    "providers": "_phantomrun_providers",
    "verbs": "_phantomrun_verbs",
    "anything": " ",
}


def script(
    switches: tuple[Switch, ...], pages: tuple[Page, ...], providers: tuple[str, ...]
) -> str:
    """Return the whole script."""
    return _SCRIPT % {
        "providers": " ".join(providers),
        "verbs": "\n".join(f"    {_quoted(_verb(page))}" for page in pages),
        "switches": "\n".join(f"    {_switch(switch)} \\" for switch in switches),
        "pages": "\n".join(_page(page) for page in pages),
    }


def _verb(page: Page) -> str:
    return page.names[0] + ":" + page.help.replace(":", "\\:")


def _page(page: Page) -> str:
    if page.names[0] == "run":
        rest = "'*::: :_normal'"
    else:
        rest = _quoted(f"*: :{_action(page.takes)}") if page.takes else "'*: : '"
    lines = [f"    {'|'.join(page.names)})", "      _arguments -S \\"]
    lines += [f"        {_switch(switch)} \\" for switch in page.switches]
    return "\n".join([*lines, f"        {rest} ;;"])


def _switch(switch: Switch) -> str:
    text = switch.help.replace("[", "\\[").replace("]", "\\]")
    takes = f": :{_action(switch.takes)}" if switch.takes else ""
    told = _quoted(f"[{text}]{takes}")
    if len(switch.names) == 1:
        return switch.names[0] + told
    return f"'({' '.join(switch.names)})'{{{','.join(switch.names)}}}{told}"


def _action(takes: str) -> str:
    return _ACTIONS.get(takes, f"({takes})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
