"""A schema registry with Confluent's API. It is Apicurio, which keeps the schemas in a file."""

import signal
import urllib.error
import urllib.request

import packages
from process import Process, free_port, reachable

# A small heap. The virtual machine starts fast, but runs slower.
JAVA = ("java", "-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class Registry:
    """`stop` and `kill` leave the schemas and their ids for the next start on the same port."""

    name = "registry"

    package = staticmethod(packages.registry)

    def __init__(self):
        self.process = None

    def prepare(self, folder):
        self.folder = folder
        self.jar = packages.only(reachable(self.package(), folder), "*-runner.jar")
        self.port = free_port()

    def begin(self):
        settings = {"quarkus.http.host": "127.0.0.1", "quarkus.http.port": self.port, "quarkus.log.level": "WARN",
                    "quarkus.http.test-port": 0, "apicurio.datasource.url": f"jdbc:h2:file:{self.folder}/registry"}
        options = [f"-D{name}={value}" for name, value in settings.items()]
        self.process = Process(self.name, [*JAVA, *options, "-jar", self.jar], self.folder, at_our_death="KILL")

    def wait(self):
        # A virtual machine starts slowly on a busy machine.
        self.process.wait_until(self.answers, seconds=180)

    def url(self):
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def answers(self):
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url()}/subjects", timeout=5):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def stop(self):
        """Shuts the registry down."""
        self.process.end(signal.SIGTERM)

    def kill(self):
        self.process.end(signal.SIGKILL)

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()

    def close(self):
        if self.process:
            self.process.end(signal.SIGKILL)

    def variables(self):
        return {"VECSINK_TEST_REGISTRY": self.url()}
