#!/usr/bin/env python3
"""The servers that tests and the demo need: real servers, on random ports of 127.0.0.1. They end with the run.

  servers.py fetch                 fetch their software into target/servers/ (once)
  servers.py run -- COMMAND ...    run a command with the servers up and their addresses in its environment
  servers.py up, servers.py down   the same for a developer's own shell; the addresses are in target/servers/env
  servers.py serve NAME ...        up until the end of input; prints the addresses as one line of JSON, then
                                   obeys lines: stop, kill, freeze, thaw or start NAME (each answered by a line)

Servers: postgres18 (with pgvector), postgres93, postgres96, postgres18-tls, kafka, registry (of schemas),
pgbouncer-1.18, pgbouncer-1.24; and the libraries koffi, jna and gunicorn for hosts in other languages, which are only fetched.
Without names: all. A PgBouncer runs only for a single test, with settings:
`serve pgbouncer-1.18 --set upstream=URL --set pool_mode=transaction`. With `--set upstream=URL` postgres18 is a standby of that server.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import packages
from hosts import gunicorn, jna, koffi
from kafka import Kafka
from pgbouncer import pgbouncer118, pgbouncer124
from postgres import postgres18, postgres18_tls, postgres93, postgres96
from process import make_folder
from registry import Registry

SERVERS = {"postgres18": postgres18, "postgres93": postgres93, "postgres96": postgres96, "postgres18-tls": postgres18_tls,
           "kafka": Kafka, "registry": Registry, "pgbouncer-1.18": pgbouncer118, "pgbouncer-1.24": pgbouncer124,
           "koffi": koffi, "jna": jna, "gunicorn": gunicorn}
ENVIRONMENT = packages.CACHE / "env"
SUPERVISOR = packages.CACHE / "supervisor.pid"


class Running:
    """A context in which servers run. At its end nothing of them is left."""

    def __init__(self, names, settings=None):
        self.servers = {name: SERVERS[name]() for name in names}
        for server in self.servers.values():
            if settings:
                server.settings = settings
        self.missing = {}

    def __enter__(self):
        self.folder = make_folder()
        try:
            # Each step is begun for all servers before the next step, so that they start at the same time.
            self.each(lambda server: server.prepare(self.folder))
            self.each(lambda server: server.begin())
            self.each(lambda server: server.wait())
        except BaseException:
            self.__exit__()
            raise
        return self

    def each(self, step):
        for name, server in self.servers.items():
            if name not in self.missing:
                try:
                    step(server)
                except packages.Unavailable as error:
                    self.missing[name] = error
                    print(f"servers: WITHOUT {name}: {error}", file=sys.stderr, flush=True)

    def __exit__(self, *_):
        # A second Ctrl-C must not leave some of them running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for server in self.servers.values():
            server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def variables(self):
        return {key: value for name, server in self.servers.items() if name not in self.missing
                for key, value in server.variables().items()}


def fetch(_):
    failed = False
    for name, server in SERVERS.items():
        try:
            server().package()
        except packages.Unavailable as error:
            failed = True
            print(f"servers: can't have {name}: {error}", file=sys.stderr)
    return 1 if failed and must_have_all() else 0


def run(arguments):
    with Running(SERVERS) as running:
        if running.missing and must_have_all():
            return 1
        skipped = running.folder / "skipped"
        skipped.touch(mode=0o666)
        environment = dict(os.environ, **running.variables(), VECSINK_TEST_SKIPPED=str(skipped))
        command = subprocess.Popen(arguments.command, env=environment)
        try:
            code = command.wait()
        except BaseException:
            command.terminate()
            command.wait()
            raise
        report(skipped.read_text().splitlines())
        return code if code >= 0 else 128 - code


def report(lines):
    elsewhere = sorted({line for line in lines if line.startswith("NOT ON ")})
    skipped = [line for line in lines if not line.startswith("NOT ON ")]
    if elsewhere:
        print(f"\n{len(elsewhere)} times a test ran on other servers only:", *elsewhere, sep="\n  ", file=sys.stderr)
    if skipped:
        print(f"\n{len(skipped)} of the tests were SKIPPED because a server or a tool is missing:", *skipped, sep="\n  ", file=sys.stderr)


def serve(arguments):
    settings = dict(setting.split("=", 1) for setting in arguments.set)
    with Running(arguments.names or SERVERS, settings) as running:
        if running.missing:
            return 1
        print(json.dumps(running.variables()), flush=True)
        for line in sys.stdin:
            action, _, name = line.strip().partition(" ")
            server = running.servers.get(name)
            if server is None or action not in ("stop", "kill", "freeze", "thaw", "start"):
                print(f"error: {line.strip()!r} is not stop, kill, freeze, thaw or start NAME", flush=True)
                continue
            if action == "start":
                server.begin()
                server.wait()
            else:
                getattr(server, action)()
            print("done", flush=True)
    return 0


def up(_):
    if supervisor():
        print(f"servers: already up; see {ENVIRONMENT}")
        return 0
    packages.CACHE.mkdir(parents=True, exist_ok=True)
    with open(packages.CACHE / "supervisor.log", "wb") as log:
        child = subprocess.Popen([sys.executable, __file__, "supervise"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True)
    while not ENVIRONMENT.exists():
        if child.poll() is not None:
            print((packages.CACHE / "supervisor.log").read_text(), file=sys.stderr)
            return 1
        time.sleep(0.05)
    print((packages.CACHE / "supervisor.log").read_text(), file=sys.stderr, end="")
    print(ENVIRONMENT.read_text(), end="")
    return 0


def supervise(_):
    """The process that `up` leaves running and `down` ends."""
    SUPERVISOR.write_text(str(os.getpid()))
    try:
        with Running(SERVERS) as running:
            lines = [f"{key}={shlex.quote(value)}\n" for key, value in running.variables().items()]
            partial = ENVIRONMENT.with_suffix(".partial")
            partial.write_text("".join(lines))
            partial.rename(ENVIRONMENT)
            while True:
                signal.pause()
    finally:
        ENVIRONMENT.unlink(missing_ok=True)
        SUPERVISOR.unlink(missing_ok=True)


def down(_):
    running = supervisor()
    if running:
        os.kill(running, signal.SIGTERM)
        while Path("/proc", str(running)).exists():
            time.sleep(0.02)
    ENVIRONMENT.unlink(missing_ok=True)
    return 0


def supervisor():
    """The process id of the servers that `up` started, if they are still there."""
    try:
        number = int(SUPERVISOR.read_text())
        command = Path("/proc", str(number), "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return number if b"supervise" in command and b"servers.py" in command else None


def must_have_all():
    return os.environ.get("CI") == "true"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True, dest="command_name", metavar="COMMAND")
    for command in (fetch, up, down, supervise):
        commands.add_parser(command.__name__).set_defaults(carry_out=command)
    run_parser = commands.add_parser("run")
    run_parser.add_argument("command", nargs="+")
    run_parser.set_defaults(carry_out=run)
    serve_parser = commands.add_parser("serve")
    serve_parser.add_argument("names", nargs="*", choices=[*SERVERS, []], metavar="NAME")
    serve_parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE")
    serve_parser.set_defaults(carry_out=serve)
    arguments = parser.parse_args()
    # SIGTERM raises an exception, so that everything is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    os.umask(0o022)
    try:
        sys.exit(arguments.carry_out(arguments))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
