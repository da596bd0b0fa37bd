"""Runs a server as a child process. It never outlives this process, and never runs as root."""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from packages import Unavailable

PREFIX = "vecsink-servers-"
# Servers refuse to run as root. If this process runs as root, they run as this user.
USER = pwd.getpwnam("nobody") if os.getuid() == 0 else None


# Files with locks. A lock lasts as long as its file is open.
held = []


def make_folder():
    """A new folder for the servers' data. The servers can write in it. It belongs to this process as long as this process has its
    lock."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{PREFIX}*/lock"):
        if lock(left):
            # The process that made it was killed.
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    give(folder)
    (folder / "lock").touch(mode=0o600)
    held.append(lock(folder / "lock"))
    return folder


def lock(path):
    """Opens and locks the file. None if another process has the lock."""
    try:
        file = open(path, "r+b")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    except OSError:
        return None


def give(path):
    """Makes the servers' user the owner of a file or folder."""
    if USER:
        os.chown(path, USER.pw_uid, USER.pw_gid)


def reachable(package, folder):
    """The package at a place where the servers' user can read it: its own place, or a copy in the servers' folder."""
    if subprocess.run(["test", "-r", str(package)], check=False, **credentials()).returncode == 0:
        return package
    copy = folder / "software" / package.name
    if not copy.exists():
        shutil.copytree(package, copy)
    return copy


def credentials():
    return {"user": USER.pw_uid, "group": USER.pw_gid, "extra_groups": []} if USER else {}


def free_port():
    """A port of 127.0.0.1 on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child process in a session of its own, so that Ctrl-C reaches only this process. If this process ends in any way, the kernel
    sends a signal to the child.

    Start it from the main thread, because the kernel sends the signal already when the thread ends that started the child.
    """

    def __init__(self, name, command, folder, at_our_death="QUIT"):
        self.name = name
        self.log = folder / f"{name}.log"
        wrapped = ["setpriv", f"--pdeathsig={at_our_death}", *map(str, command)] if shutil.which("setpriv") else command
        with open(self.log, "ab") as log:
            try:
                self.child = subprocess.Popen(
                    wrapped, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
                    env=dict(os.environ, LC_ALL="C", HOME=str(folder)), **credentials())
            except FileNotFoundError as error:
                raise Unavailable(f"{error.filename} is not installed") from None

    def finish(self):
        """Waits for a command that ends by itself."""
        if self.child.wait():
            raise Unavailable(f"{self.name} failed:\n{self.last_words()}")

    def wait_until(self, ready, seconds=180):
        """Waits until `ready()`, or fails when the server ends or the time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.child.poll() is not None:
                raise Unavailable(f"{self.name} ended with {self.child.returncode}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} wasn't ready after {seconds} s:\n{self.last_words()}")
            time.sleep(0.02)

    def freeze(self):
        """Freezes the server and all its processes (SIGSTOP). The kernel still acknowledges data that is sent to them."""
        frozen = set()
        # A process may have been made while the others were stopped.
        while new := self.tree() - frozen:
            self.send(new, signal.SIGSTOP)
            frozen |= new

    def thaw(self):
        self.send(self.tree(), signal.SIGCONT)

    def tree(self):
        """The server's process and all its descendants."""
        children = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                # The process's name is in brackets and may contain any character.
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
        found, new = set(), [self.child.pid]
        while new:
            process = new.pop()
            found.add(process)
            new += children.get(process, [])
        return found

    @staticmethod
    def send(processes, number):
        for process in processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def end(self, number=signal.SIGQUIT, seconds=60):
        """Sends a signal and waits for the end. Kills the process if that takes too long."""
        if self.child.poll() is None:
            self.thaw()
            self.child.send_signal(number)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def last_words(self):
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
