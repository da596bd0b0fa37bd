#!/usr/bin/env python3
"""Runs shell commands at the same time: side_by_side.py COMMAND ...

The last one is started first, and writes where it always would. What the others wrote follows when it has ended, one after the other. If any of them fails,
this fails.
"""

import shutil
import signal
import subprocess
import sys
import tempfile


def main():
    *others, last = sys.argv[1:]
    running = []
    try:
        running.append((last, None, start(last)))
        for command in others:
            output = tempfile.TemporaryFile()
            running.append((command, output, start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)))
        failed = [command for command, output, process in running if ended(command, output, process) != 0]
    except BaseException:
        for _, _, process in running:
            process.terminate()
        for _, _, process in running:
            process.wait()
        raise
    for command in failed:
        print(f"FAILED: {command}", file=sys.stderr)
    return 1 if failed else 0


def start(command, **streams):
    return subprocess.Popen(["sh", "-c", command], **streams)


def ended(command, output, process):
    """Waits for a command's end, shows what it wrote, and returns its exit code."""
    code = process.wait()
    if output:
        print(f"\n{command}", flush=True)
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    return code


if __name__ == "__main__":
    # A request to end unwinds like an error does, so that the commands are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
