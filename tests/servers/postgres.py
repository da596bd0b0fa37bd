"""A PostgreSQL server with its data in a folder of its own. Its settings are durable, as by default."""

import secrets
import signal
import socket
import struct
from urllib.parse import urlsplit

import certificates
import packages
from process import Process, free_port, give, reachable

# A role whose name ends like this logs in by the client's certificate, and in no other way.
CERTIFIED = "/_certified$"


class Postgres:
    """`stop` and `kill` leave the data for the next `start` on the same port. With the setting `upstream`, the URL of a server of the
    same version, it is a standby of that server."""

    def __init__(self, name, variable, package, authentication="scram-sha-256", tls=False):
        self.name, self.variable, self.authentication, self.tls = name, variable, authentication, tls
        self.package = package
        self.settings = {}
        self.making = self.process = None

    def prepare(self, folder):
        """Starts to make the data folder. `begin` waits for the end of this."""
        self.folder = folder
        package = reachable(self.package(), folder)
        self.programs = next(package.glob("**/bin/postgres")).parent
        self.data = folder / self.name
        self.sockets = folder / f"{self.name}.sockets"
        self.sockets.mkdir(mode=0o755)
        give(self.sockets)
        self.port = free_port()
        if "upstream" in self.settings:
            upstream = self.settings["upstream"]
            self.password = urlsplit(upstream).password
            self.making = Process(f"{self.name}-basebackup", [
                self.programs / "pg_basebackup", "--pgdata", self.data, "--dbname", upstream, "--write-recovery-conf",
                "--checkpoint=fast", "--no-sync",
            ], folder)
            return
        self.password = secrets.token_hex(8)
        password_file = folder / f"{self.name}.password"
        password_file.write_text(self.password)
        give(password_file)
        if self.tls:
            certificates.copy(folder / "tls")
        # Only the empty cluster need not be synced to the disk.
        self.making = Process(f"{self.name}-initdb", [
            self.programs / "initdb", "--pgdata", self.data, "--username=postgres", f"--pwfile={password_file}",
            f"--auth={self.authentication}", "--encoding=UTF8", "--no-locale", "--no-sync" if not self.is_old() else "--nosync",
        ], folder)

    def is_old(self):
        return self.authentication == "md5"

    def write_ahead(self):
        """The setting for 4 GB of WAL between two checkpoints, which has another name in old versions."""
        return {"checkpoint_segments": 85} if self.name == "postgres93" else {"max_wal_size": "4GB"}

    def begin(self):
        """Starts the server. `wait` waits until it accepts connections."""
        if self.making:
            self.making.finish()
            self.making = None
            if self.tls:
                (self.data / "pg_hba.conf").write_text(
                    f'hostssl all "{CERTIFIED}" 127.0.0.1/32 cert map=client\n'
                    "hostssl all all 127.0.0.1/32 scram-sha-256\n")
                (self.data / "pg_ident.conf").write_text(f'client "{certificates.CLIENT}" "{CERTIFIED}"\n')
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.sockets,
            "max_connections": 200,
            "shared_buffers": "256MB",
            **self.write_ahead(),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.tls:
            tls = self.folder / "tls"
            settings.update(ssl="on", ssl_cert_file=tls / "server.crt", ssl_key_file=tls / "server.key",
                            ssl_ca_file=tls / "ca.crt")
        command = [self.programs / "postgres", "-D", self.data]
        for setting, value in settings.items():
            command += ["-c", f"{setting}={value}"]
        self.process = Process(self.name, command, self.folder)

    def wait(self):
        self.process.wait_until(self.answers)

    def answers(self):
        """Whether a connection gets past "the database system is starting up"."""
        startup = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(struct.pack("!i", len(startup) + 4) + startup)
                reply = connection.recv(1024)
        except OSError:
            return False
        # "R": the server asks for the password. Anything else is an error. A server that requires TLS refuses plain text with C28000
        # when it is up.
        return reply[:1] == b"R" or (self.tls and b"C28000" in reply)

    def stop(self):
        """Shuts the server down as an administrator would: it ends its sessions and writes a checkpoint."""
        self.process.end(signal.SIGINT)

    def kill(self):
        """Stops the server as a power cut would: without a checkpoint, so the next start needs recovery."""
        self.process.end(signal.SIGQUIT)

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()

    def close(self):
        for process in (self.making, self.process):
            if process:
                process.end(signal.SIGQUIT)

    def variables(self):
        found = {self.variable: f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"}
        if self.name == "postgres18":
            found["VECSINK_TEST_POSTGRES18_BIN"] = str(self.programs)
            found["VECSINK_TEST_PG18_SOCKETS"] = str(self.sockets)
        if self.tls:
            tls = self.folder / "tls"
            found.update({f"{self.variable}_CA": str(tls / "ca.crt"), f"{self.variable}_CLIENT": str(tls / "client")})
        return found


def postgres18():
    return Postgres("postgres18", "VECSINK_TEST_PG18", packages.postgres18)


def postgres93():
    return Postgres("postgres93", "VECSINK_TEST_PG93", packages.postgres93, authentication="md5")


def postgres96():
    return Postgres("postgres96", "VECSINK_TEST_PG96", packages.postgres96, authentication="md5")


def postgres18_tls():
    return Postgres("postgres18-tls", "VECSINK_TEST_PG18_TLS", packages.postgres18_tls, tls=True)
