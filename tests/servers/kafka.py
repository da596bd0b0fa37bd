"""A Kafka broker of one node that is its own controller."""

import signal
import socket

import packages
from process import Process, free_port, give, reachable

CLUSTER = "dmVjc2luay10ZXN0cy0wMQ"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={logs}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.index.size.max.bytes=1048576
message.max.bytes=16777216
"""

# A small heap, and a virtual machine that starts fast rather than running fast.
JAVA = ("java", "-Xms64m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


class Kafka:
    """Begun by `prepare`, ready after `start`. `stop` and `kill` leave the data for the next `start` on the same port."""

    name = "kafka"

    package = staticmethod(packages.kafka)

    def __init__(self):
        self.making = self.process = None

    def prepare(self, folder):
        self.folder = folder
        self.jars = reachable(self.package(), folder)
        self.port, controller = free_port(), free_port()
        self.data = folder / self.name
        self.properties = folder / "kafka.properties"
        self.properties.write_text(PROPERTIES.format(port=self.port, controller=controller, logs=self.data))
        give(self.properties)
        self.making = self.java("kafka-format", "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER,
                                "--config", self.properties)

    def begin(self):
        if self.making:
            self.making.finish()
            self.making = None
        self.process = self.java(self.name, "kafka.Kafka", self.properties)

    def java(self, name, *command):
        return Process(name, [*JAVA, "-cp", f"{self.jars}/*", *command], self.folder,
                       at_our_death="KILL")

    def wait(self):
        self.process.wait_until(self.answers)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self):
        """An orderly end."""
        self.process.end(signal.SIGTERM)

    def kill(self):
        """What was acknowledged is in the files or in the kernel's hands."""
        self.process.end(signal.SIGKILL)

    def close(self):
        for process in (self.making, self.process):
            if process:
                process.end(signal.SIGKILL)

    def variables(self):
        return {"VECSINK_TEST_KAFKA": f"127.0.0.1:{self.port}"}
