"""A Kafka broker of one node that is its own controller."""

import secrets
import signal
import socket

import certificates
import packages
from process import Process, free_port, give, reachable

CLUSTER = "dmVjc2luay10ZXN0cy0wMQ"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config={plain}
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config={scram}
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={scram}
listener.name.sasl_ssl.plain.sasl.jaas.config={plain}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={logs}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.index.size.max.bytes=1048576
message.max.bytes=16777216
"""

LOGIN_MODULES = "org.apache.kafka.common.security"
# The user that can log in on the ports that need a login.
USER = "tester"

# A heap with room for several records of 100 MB. The virtual machine starts fast, but runs slower.
JAVA = ("java", "-Xms64m", "-Xmx1536m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


class Kafka:
    """Begun by `prepare`, ready after `start`. `stop` and `kill` leave the data for the next `start` on the same port. The settings
    are further lines of the broker's properties."""

    name = "kafka"

    package = staticmethod(packages.kafka)

    def __init__(self):
        self.making = self.process = None
        self.settings = {}

    def prepare(self, folder):
        self.folder = folder
        self.jars = reachable(self.package(), folder)
        self.ports = {protocol: free_port() for protocol in ("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL")}
        self.port, self.password = self.ports["PLAINTEXT"], secrets.token_hex(8)
        self.data, tls = folder / self.name, folder / "kafka-tls"
        certificates.copy(tls)
        self.authority, keystore = tls / "ca.crt", tls / "keystore.pem"
        keystore.write_bytes((tls / "server.key").read_bytes() + (tls / "server.crt").read_bytes())
        keystore.chmod(0o600)
        give(keystore)
        self.properties = folder / "kafka.properties"
        self.properties.write_text(PROPERTIES.format(
            listeners=",".join(f"{protocol}://127.0.0.1:{port}" for protocol, port in self.ports.items()),
            controller=free_port(), logs=self.data, keystore=keystore,
            plain=f'{LOGIN_MODULES}.plain.PlainLoginModule required user_{USER}="{self.password}";',
            scram=f"{LOGIN_MODULES}.scram.ScramLoginModule required;") + "".join(
                f"{name}={value}\n" for name, value in self.settings.items()))
        self.properties.chmod(0o600)
        give(self.properties)
        scram = [word for size in (256, 512)
                 for word in ("--add-scram", f"SCRAM-SHA-{size}=[name={USER},password={self.password}]")]
        self.making = self.java("kafka-format", "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER,
                                "--config", self.properties, *scram)

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
        """Shuts the broker down."""
        self.process.end(signal.SIGTERM)

    def kill(self):
        """Kills the broker. All acknowledged records are in its files or in the kernel's buffers."""
        self.process.end(signal.SIGKILL)

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()

    def close(self):
        for process in (self.making, self.process):
            if process:
                process.end(signal.SIGKILL)

    def variables(self):
        addresses = {f"VECSINK_TEST_KAFKA_{protocol}": f"127.0.0.1:{port}" for protocol, port in self.ports.items()}
        return {"VECSINK_TEST_KAFKA": f"127.0.0.1:{self.port}", "VECSINK_TEST_KAFKA_CA": str(self.authority),
                "VECSINK_TEST_KAFKA_LOGIN": f"{USER}:{self.password}", **addresses}
