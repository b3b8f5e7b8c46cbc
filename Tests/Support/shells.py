"""Real shells on a terminal, in which a line is typed and completed."""

import re
import shutil

from terminals import Terminal, plain
from tools import PROGRAMS, REPOSITORY

COMPLETIONS = REPOSITORY / "completions"
# Each shell gets a key, Ctrl-G, that shows the line between marks: keys are handled in order, so whatever a Tab
# before it did is done then.
SETUP = {
    "bash": """
PS1='> '
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items -1'
bind 'set page-completions off'
bind 'set enable-bracketed-paste off'
bind -x '"\\C-g": printf "\\n<%s<%s>>\\n" "" "$READLINE_LINE"'
source {completions}/bash/cistern
""",
    "zsh": """
PS1='> ' LISTMAX=100000
fpath=({completions}/zsh $fpath)
autoload -U compinit
compinit -D -u
unsetopt zle_bracketed_paste list_beep always_last_prompt
show-line() {{ zle -M "<""<$BUFFER>>" }}
zle -N show-line
bindkey '^G' show-line
bindkey '^I' complete-word
""",
    "fish": """
function fish_prompt; echo '> '; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0
function show_line; echo; echo '<''<'(commandline)'>>'; end
bind \\cg show_line
source {completions}/fish/cistern.fish
""",
}


class Shell:
    """A running shell with the completions loaded and the commands in its PATH."""

    def __init__(self, name, site, folder):
        program = shutil.which(name)
        setup = folder / f"{name}.rc"
        setup.write_text(SETUP[name].format(completions=COMPLETIONS))
        surroundings = site.surroundings({"TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(folder)})
        surroundings["PATH"] = f"{PROGRAMS}:{surroundings['PATH']}"
        argv = {
            "bash": [program, "--noprofile", "--rcfile", str(setup), "-i"],
            "zsh": [program, "-i"],
            "fish": [program, "--no-config", "-i", "-C", f"source {setup}"],
        }[name]
        if name == "zsh":
            setup.rename(folder / ".zshrc")
            surroundings["ZDOTDIR"] = str(folder)
        self.terminal = Terminal(argv, surroundings, cwd=folder, columns=120, rows=60)
        self.line()

    def close(self):
        self.terminal.__exit__()

    def line(self):
        """What was shown up to now, and the line as it stands."""
        self.terminal.type("\x07")
        text = plain(self.terminal.read(until=">>", timeout=20))
        match = re.search(r"<<(.*?)>>", text, re.S)
        assert match, f"the shell did not answer: {text!r}"
        return text[: match.start()], match[1].replace("\n", "")

    def complete(self, line, tabs=1):
        """What is shown when a line is typed and Tab pressed, and what has become of the line."""
        self.terminal.type("\x05\x15")
        self.line()
        self.terminal.type(line + "\t" * tabs)
        return self.line()
