"""Run a module as a program that ends, with all its children, when the process that started it does.

Used as `python -m local_aws.processes.die_with_parent MODULE ARGUMENT...`, as the leader of a process group of its own,
with a pipe as its standard input. The pipe closes when the starting process is gone for whatever reason, `kill -9`
included.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module named by the first argument, with the others as its arguments."""
    if os.getpgrp() != os.getpid():
        sys.exit("local_aws.processes.die_with_parent: has to lead a process group, for it ends the whole group")
    # Its own thread and not PR_SET_PDEATHSIG: that follows the thread that forked, and there is none on macOS.
    threading.Thread(target=_end_with_starter, name="end-with-starter", daemon=True).start()
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_starter() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
