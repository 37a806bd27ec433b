"""A shell in a pseudo-terminal, used as a person uses it, and what was to be seen there: a recording, and pictures.

Recordings are asciicast files, version 2: `asciinema play FILE` plays them.
"""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# What the shell prints before each prompt, which no terminal shows: the exit code of what was run.
_PROMPT_COMMAND = r"""printf '\033]777;%s\007' $?"""
_PROMPT = re.compile(r"\x1b\]777;(\d+)\x07.*\$ $", re.DOTALL)
_CTRL_C = "\x03"
_KEY_SECONDS, _READ_SECONDS, _THINK_SECONDS = 0.015, 0.1, 0.6
# A player makes longer waits as short as this.
_IDLE_SECONDS = 1.5


class StillRunning(Exception):
    """A command did not come to its end."""


@dataclass
class Recording:
    """What was shown when: seconds since the beginning, and text; `moments` are names for how it looked then."""

    columns: int
    lines: int
    events: list[tuple[float, str]] = field(default_factory=list)
    moments: dict[str, int] = field(default_factory=dict)

    def until(self, moment: str) -> str:
        """Return all that was shown until a moment."""
        return "".join(text for _, text in self.events[: self.moments[moment]])

    def write(self, path: Path, title: str) -> None:
        """Write the asciicast."""
        head = {"version": 2, "width": self.columns, "height": self.lines, "title": title}
        lines = [json.dumps(head | {"idle_time_limit": _IDLE_SECONDS})]
        lines += [json.dumps([round(at, 3), "o", text], ensure_ascii=False) for at, text in self.events]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")


class Terminal:
    """A shell that is typed into."""

    def __init__(self, master: int, recording: Recording) -> None:
        self.recording = recording
        self._master = master
        self._began = time.monotonic()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._wait_for_prompt(10.0)

    def run(
        self,
        command: str,
        *,
        reply: tuple[str, str] | None = None,
        until: Callable[[], bool] | None = None,
        shows: str = "",
        expect: int = 0,
        longest: float = 400.0,
    ) -> str:
        """Type a command; return what it printed until the next prompt.

        Parameters
        ----------
        reply
            What it asks, and what is answered.
        until
            Tells when to press Ctrl-C: not before the command `shows` so much.
        expect
            With which exit code it is to end. Any other ends the session by StillRunning, as a hang does.
        """
        shown = self._type(f"{command}\r")
        code, shown = self._wait_for_prompt(longest, shown, reply=reply, until=until, shows=shows)
        if code != expect:
            raise StillRunning(f"{command}: exit {code}\n{shown}")
        return shown

    def mark(self, moment: str) -> None:
        """Give how it looks now a name."""
        self.recording.moments[moment] = len(self.recording.events)

    def _type(self, text: str) -> str:
        """Press keys; return what was shown meanwhile."""
        shown = ""
        for char in text:
            os.write(self._master, char.encode())
            time.sleep(_KEY_SECONDS)
            shown += self._read(0)
        return shown

    def _wait_for_prompt(
        self,
        longest: float,
        shown: str = "",
        *,
        reply: tuple[str, str] | None = None,
        until: Callable[[], bool] | None = None,
        shows: str = "",
    ) -> tuple[int, str]:
        end = time.monotonic() + longest
        while not (found := _PROMPT.search(shown)):
            shown += self._read(_READ_SECONDS)
            if reply is not None and reply[0] in shown:
                time.sleep(_THINK_SECONDS)
                shown += self._type(f"{reply[1]}\r")
                reply = None
            if until is not None and shows in shown and until():
                os.write(self._master, _CTRL_C.encode())
                until = None
            if time.monotonic() > end:
                raise StillRunning(f"no prompt in {longest:g} s; the last lines:\n{shown[-2000:]}")
        time.sleep(_THINK_SECONDS)
        return int(found[1]), shown

    def _read(self, seconds: float) -> str:
        ready, _, _ = select.select([self._master], [], [], seconds)
        text = self._decoder.decode(os.read(self._master, 65536)) if ready else ""
        if text:
            self.recording.events.append((time.monotonic() - self._began, text))
        return text


@contextmanager
def shell(folder: Path, variables: Mapping[str, str], *, columns: int, lines: int) -> Iterator[Terminal]:
    """Run bash in a terminal of this size until the context is left; the folder is its home and where it begins."""
    (folder / ".inputrc").write_text("set enable-bracketed-paste off\n")
    own = {"HOME": str(folder), "PS1": "$ ", "PROMPT_COMMAND": _PROMPT_COMMAND, "TERM": "xterm-256color"}
    process, master = pty.fork()
    if not process:
        os.chdir(folder)
        os.execvpe("bash", ["bash", "--noprofile", "--norc", "-i"], {**variables, **own})
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    try:
        yield Terminal(master, Recording(columns, lines))
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(master)
