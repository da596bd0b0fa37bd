"""A PgBouncer in front of one of the PostgreSQL servers. A test starts its own, with its own settings."""

import signal
import socket
from urllib.parse import urlsplit

import packages
from packages import Unavailable
from process import Process, free_port, give, reachable


class PgBouncer:
    """Among the servers of all tests it is only fetched, because each test has a PgBouncer of its own. With `settings` it runs. The
    setting `upstream` is the URL of the PostgreSQL server, whose user logs in to PgBouncer with the same password."""

    def __init__(self, version):
        self.name = f"pgbouncer-{version}"
        self.version = version
        self.variable = f"VECSINK_TEST_PGBOUNCER_{version.replace('.', '_')}"
        self.settings = {}
        self.process = None

    def package(self):
        return packages.pgbouncer(self.version)

    def prepare(self, folder):
        self.folder = folder
        self.software = reachable(self.package(), folder)
        if not self.settings:
            return
        self.port = free_port()
        settings = dict(self.settings)
        self.upstream = urlsplit(settings.pop("upstream"))
        users = folder / f"{self.name}.users"
        users.write_text(f'"{self.upstream.username}" "{self.upstream.password}"\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": users,
            "admin_users": self.upstream.username,
            # A client that waits longer for a connection gets an error.
            "query_wait_timeout": 30,
            **settings,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        self.configuration = folder / f"{self.name}.ini"
        self.configuration.write_text(
            f"[databases]\n* = host={self.upstream.hostname} port={self.upstream.port}\n[pgbouncer]\n" + "\n".join(lines) + "\n")
        for file in (users, self.configuration):
            file.chmod(0o600)
            give(file)

    def begin(self):
        if self.settings:
            libraries = self.software / "lib"
            loader = next(libraries.glob("ld-linux*"), None)
            if loader is None:
                raise Unavailable(f"no loader in {libraries}")
            self.process = Process(self.name, [loader, "--inhibit-cache", "--library-path", libraries,
                                               self.software / "pgbouncer", self.configuration], self.folder)

    def wait(self):
        if self.process:
            self.process.wait_until(self.answers)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self):
        """Closes the connections of clients and to servers."""
        self.process.end(signal.SIGTERM)

    def kill(self):
        self.process.end(signal.SIGKILL)

    def close(self):
        if self.process:
            self.process.end(signal.SIGKILL)

    def variables(self):
        if not self.process:
            return {self.variable: str(self.software)}
        user = f"{self.upstream.username}:{self.upstream.password}"
        return {self.variable: f"postgresql://{user}@127.0.0.1:{self.port}{self.upstream.path}"}


def pgbouncer118():
    return PgBouncer("1.18")


def pgbouncer124():
    return PgBouncer("1.24")
