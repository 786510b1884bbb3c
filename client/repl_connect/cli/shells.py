"""Completion scripts for bash, zsh and fish, made from the commands.

Addresses are asked of `repl-connect list --addresses` when they are wanted, partners and groups of
`repl-connect partners list --names`.
"""

from __future__ import annotations

from typing import Final

from repl_connect.cli import COMMANDS, command_named
from repl_connect.cli.command import Argument, Command

__all__ = ["completion_script"]

_NOTHING: Final = "nothing"


def completion_script(shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`. Raises `KeyError` for another."""
    commands = [command_named(name) for name in ("", *COMMANDS)]
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _kind(argument: Argument) -> str:
    """What stands there: words, `command`, `nothing`, or what `Argument.completes` may be."""
    return " ".join(argument.choices) or argument.completes or _NOTHING


def _options(command: Command) -> list[Argument]:
    return [each for each in command.arguments if each.is_option]


def _words(command: Command) -> list[Argument]:
    return [each for each in command.arguments if not each.is_option]


# bash


_BASH: Final = """\
# bash completion for repl-connect; made by: repl-connect completion bash
_repl_connect_words() {  # what may stand in a place of this kind
    local IFS=' '
    case $1 in
    address) repl-connect list --addresses 2>/dev/null; _repl_connect_sockets "$2" ;;
    group) _repl_connect_words address "$2"; _repl_connect_words partner ;;
    partner) repl-connect partners list --names 2>/dev/null ;;
    file) compgen -f -- "$2" ;;
    command) printf '%s\\n' @COMMANDS@ ;;
    nothing) ;;
    *) printf '%s\\n' $1 ;;  # words to choose from
    esac
}
_repl_connect_sockets() {  # and the way to them; without a slash a name is no socket's address
    local path
    compgen -f -- "${1:-./}" | while IFS= read -r path; do
        set -- "${path/#\\~\\//$HOME/}"
        if [[ -d $1 || ( -S $1 && $path == */* ) ]]; then printf '%s\n' "$path"; fi
    done
}
_repl_connect() {
    # Words as they were typed: bash splits at colons, addresses have them.
    local line=${COMP_LINE:0:COMP_POINT} word command='' options values kinds kind='' position=0
    local several=''
    local -a words
    read -ra words <<<"$line"
    local current=''
    if [[ $line != *[[:space:]] ]]; then
        current=${words[-1]}
        unset 'words[-1]'
    fi
    case " @COMMANDS@ " in
    *" ${words[1]:-none} "*) command=${words[1]} ;;
    esac
    case $command in
@CASES@
    esac
    local skip=1 after=''
    [[ $command ]] && skip=2
    for word in "${words[@]:skip}"; do
        if [[ $after ]]; then
            after=''
        elif [[ " ${values[*]%%=*} " == *" $word "* ]]; then
            after=$word
        elif [[ $word != -* ]]; then
            ((position += 1))
        fi
    done
    if [[ $after ]]; then
        for word in "${values[@]}"; do
            [[ ${word%%=*} == "$after" ]] && kind=${word#*=}
        done
    else
        kind=${kinds[position]:-${several:-nothing}}
    fi
    local IFS=$'\\n' found=''
    [[ ! $after && ${#words[@]} == 1 ]] && found=$(_repl_connect_words command)$'\\n'
    [[ ! $after && $current == -* ]] && found+=$(IFS=' '; printf '%s\\n' $options)$'\\n'
    found+=$(_repl_connect_words "$kind" "$current")
    mapfile -t COMPREPLY < <(compgen -W '$found' -- "$current" | awk '!seen[$0]++')
    # Bash puts in only what follows the last : or =, or begins with the last @.
    local after_mark=${current##*[:=]} before=${current%"${current##*[:=]}"}
    [[ $after_mark == *@* ]] && before=${current%"@${after_mark##*@}"}
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if [[ ${COMPREPLY[*]} == @* && ! "${COMPREPLY[*]##@*}" =~ [^[:space:]] ]]; then
        compopt +o filenames 2>/dev/null  # which would put a backslash before the @
        COMPREPLY=("${COMPREPLY[@]//\\*/\\\\*}")  # no pattern for the shell
    fi
}
complete -o filenames -o nosort -F _repl_connect repl-connect
"""


def _bash(commands: list[Command]) -> str:
    cases = []
    for command in commands:
        options = " ".join(["--help", *(name for each in _options(command) for name in each.names)])
        values = " ".join(
            _quoted(f"{name}={_kind(each)}")
            for each in _options(command)
            if each.metavar
            for name in each.names
        )
        kinds = " ".join(_quoted(_kind(each)) for each in _words(command))
        several = [_quoted(_kind(each)) for each in _words(command) if each.several]
        last = f" several={several[0]}" if several else ""
        cases.append(
            f"    {command.words or '*'}) options={_quoted(options)}\n"
            f"        values=({values}) kinds=({kinds}){last} ;;"
        )
    cases = [*cases[1:], cases[0]]  # the prompt's, which is for whatever is no command
    return _BASH.replace("@COMMANDS@", " ".join(COMMANDS)).replace("@CASES@", "\n".join(cases))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# zsh


_ZSH: Final = """\
#compdef repl-connect
# zsh completion for repl-connect; made by: repl-connect completion zsh
_repl_connect_addresses() {
    local -a found
    found=(${(f)"$(repl-connect list --addresses 2>/dev/null)"})
    compadd -a found
    _files
}
_repl_connect_partners() {
    local -a found
    found=(${(f)"$(repl-connect partners list --names 2>/dev/null)"})
    compadd -a found
}
_repl_connect_groups() {
    _repl_connect_partners
    _repl_connect_addresses
}
_repl_connect_commands() {
    local -a found
    found=(
@COMMANDS@
    )
    _describe command found
}
_repl_connect_start() {
    _repl_connect_commands
    _repl_connect_addresses
}
_repl_connect() {
    case ${words[2]} in
@CASES@
    esac
}
if [[ ${funcstack[1]} == _repl_connect ]]; then
    _repl_connect "$@"
else
    compdef _repl_connect repl-connect
fi
"""
_ZSH_ACTIONS: Final = {
    "address": "_repl_connect_addresses",
    "group": "_repl_connect_groups",
    "file": "_files",
    "command": "_repl_connect_commands",
    _NOTHING: " ",
}


def _zsh(commands: list[Command]) -> str:
    cases = []
    for command in commands:
        shift = "shift words; ((CURRENT -= 1)); " if command.words else ""
        lines = ["'(- *)--help[show help]'"]
        for each in _options(command):
            value = f":{each.metavar}:{_zsh_action(each)}" if each.metavar else ""
            star = "*" if each.repeated else ""
            lines += [
                _quoted(f"{star}{name}[{_zsh_text(each.help)}]{value}") for name in each.names
            ]
        for number, each in enumerate(_words(command), 1):
            action = _zsh_action(each) if command.words else "_repl_connect_start"
            place = "*" if each.several else number
            lines.append(_quoted(f"{place}:{_zsh_text(each.metavar)}:{action}"))
        joined = " \\\n            ".join(lines)
        cases.append(f"    {command.words or '*'}) {shift}_arguments \\\n            {joined} ;;")
    names = [_quoted(f"{name}:{_zsh_text(what)}") for name, what in COMMANDS.items()]
    return _ZSH.replace("@COMMANDS@", "\n".join(f"        {name}" for name in names)).replace(
        "@CASES@", "\n".join([*cases[1:], cases[0]])
    )


def _zsh_action(argument: Argument) -> str:
    return f"({' '.join(argument.choices)})" if argument.choices else _ZSH_ACTIONS[_kind(argument)]


def _zsh_text(text: str) -> str:
    return "".join(f"\\{char}" if char in "[]:\\" else char for char in text)


# fish


_FISH: Final = """\
# fish completion for repl-connect; made by: repl-connect completion fish
function __repl_connect_addresses
    repl-connect list --addresses 2>/dev/null
    __fish_complete_path (commandline -ct)
end
function __repl_connect_partners
    repl-connect partners list --names 2>/dev/null
end
complete -c repl-connect -f
"""


def _fish(commands: list[Command]) -> str:
    names = " ".join(COMMANDS)
    lines = [
        f"complete -c repl-connect -n __fish_use_subcommand -a {name} -d {_fish_text(what)}"
        for name, what in COMMANDS.items()
    ]
    for command in commands:
        when = (
            f"'__fish_seen_subcommand_from {command.words}'"
            if command.words
            else f"'not __fish_seen_subcommand_from {names}'"
        )
        start = f"complete -c repl-connect -n {when}"
        for each in _options(command):
            for name in each.names:
                value = f" -x{_fish_action(each)}" if each.metavar else ""
                lines.append(f"{start} -l {name[2:]}{value} -d {_fish_text(each.help)}")
        lines += [start + action for each in _words(command) if (action := _fish_action(each))]
    return _FISH + "\n".join(lines) + "\n"


def _fish_action(argument: Argument) -> str:
    words = {
        "address": "(__repl_connect_addresses)",
        "group": "(__repl_connect_partners; __repl_connect_addresses)",
        "file": "(__fish_complete_path (commandline -ct))",
        "command": " ".join(COMMANDS),
        _NOTHING: "",
    }.get(_kind(argument), _kind(argument))
    return f" -a {_fish_text(words)}" if words else ""


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
