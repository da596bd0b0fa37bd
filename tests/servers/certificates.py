"""A certificate authority for tests. It signs a server's certificate for 127.0.0.1 and a client's certificate."""

import shutil

from packages import once, run
from process import give

CLIENT = "vecsink test client"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def copy(folder):
    """Copies the certificates and their keys into a folder. Only its user can read the server's key."""
    made = once("certificates", make)
    folder.mkdir()
    give(folder)
    for name in ("ca.crt", "server.crt", "server.key", "client.crt", "client.key"):
        copied = folder / name
        shutil.copyfile(made / name, copied)
        copied.chmod(0o600 if name == "server.key" else 0o644)
        give(copied)
    # The tests read the certificates and the client's key, and may run as another user.
    folder.chmod(0o755)
    folder.parent.chmod(0o755)


def make(folder):
    run("openssl", "req", "-x509", *KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-days", "3650",
        "-subj", "/CN=vecsink test authority")
    (folder / "server.names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    sign(folder, "server", "localhost", "-extfile", folder / "server.names")
    sign(folder, "client", CLIENT)


def sign(folder, name, subject, *options):
    request = folder / f"{name}.csr"
    run("openssl", "req", "-new", *KEY, "-keyout", folder / f"{name}.key", "-out", request, "-subj", f"/CN={subject}")
    run("openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial",
        "-out", folder / f"{name}.crt", "-days", "3650", *options)
