"""A certificate authority for tests, and a server certificate for 127.0.0.1 that it signed."""

import shutil

from packages import once, run
from process import give

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def copy(folder):
    """Puts ca.crt, server.crt and server.key into a folder; the key is readable by the servers' user only."""
    made = once("tls", make)
    folder.mkdir()
    give(folder)
    for name in ("ca.crt", "server.crt", "server.key"):
        copied = folder / name
        shutil.copyfile(made / name, copied)
        copied.chmod(0o600 if name.endswith(".key") else 0o644)
        give(copied)
    # The tests read ca.crt, whoever they run as.
    folder.chmod(0o755)
    folder.parent.chmod(0o755)


def make(folder):
    run("openssl", "req", "-x509", *KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-days", "3650",
        "-subj", "/CN=vecsink test authority")
    run("openssl", "req", "-new", *KEY, "-keyout", folder / "server.key", "-out", folder / "server.csr",
        "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-out", folder / "server.crt", "-days", "3650", "-extfile", folder / "names")
