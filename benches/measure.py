"""Runs a command, and measures its time and the CPU time of the command itself, of the database and of the broker."""

import json
import os
import resource
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """The database, and the CPU time of its processes."""

    def __init__(self, url, programs):
        self.url, self.programs = url, Path(programs)
        at = urlsplit(url)
        self.environment = {"HOST": f"{at.hostname}:{at.port}", "DBUSER": at.username, "DBPASSWORD": at.password}
        self.postmaster = int(self.ask("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))

    def psql(self, *arguments):
        return [str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *map(str, arguments), self.url]

    def ask(self, query):
        return subprocess.run(self.psql("-At", "-c", query), check=True, capture_output=True, text=True).stdout.strip()

    def copy(self, *commands):
        for command in commands:
            subprocess.run(self.psql("-c", f"\\copy {command}"), check=True)

    def cpu(self):
        return own_cpu(self.postmaster, children=True) + sum(own_cpu(pid) for pid in children_of(self.postmaster))


def own_cpu(pid, children=False):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15 if children else 13]) / TICK


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def broker_pid(address):
    """The process that listens on this address."""
    port = f"{int(address.rsplit(':', 1)[1]):04X}"
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(":" + port) and fields[3] == "0A":
                listening.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                links = {os.readlink(link) for link in (folder / "fd").iterdir()}
            except OSError:
                continue
            if links & listening:
                return int(folder.name)
    raise SystemExit("no process listens at " + address)


def measured(command, server, broker, environment=None, said=None):
    """Seconds from start to exit, CPU seconds of client, server and broker, and the client's peak RSS in MB. If `said` is a list, the
    command's output is appended to it."""
    # In a process of its own, so that the kernel's figures for "children" are those of this command only.
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            json.dump(run(command, server, broker, {**os.environ, **(environment or {})}), pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        figures = json.load(pipe)
    os.waitpid(pid, 0)
    if "failed" in figures:
        raise SystemExit(f"{command[0]} failed:\n{figures['failed']}")
    printed = figures.pop("printed")
    if said is not None:
        said.append(printed)
    return figures


def run(command, server, broker, environment):
    server.ask("CHECKPOINT")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server_before, broker_before = server.cpu(), own_cpu(broker)
    started = time.monotonic()
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    seconds = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        return {"failed": f"{done.stdout}\n{done.stderr}"}
    return {
        "seconds": seconds,
        "client": usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime,
        "server": server.cpu() - server_before,
        "broker": own_cpu(broker) - broker_before,
        "rss": usage.ru_maxrss / 1024,
        "printed": done.stdout,
    }
