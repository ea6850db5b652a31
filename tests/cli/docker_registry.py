"""Debian's docker-registry on a free loopback port, with its own log of requests."""

import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time


class DockerRegistry:
    """A context manager; `password`: asks for user `user` with it."""

    def __init__(self, password=None):
        self._directory = tempfile.TemporaryDirectory(prefix="mlbuild-registry-")
        path = pathlib.Path(self._directory.name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"localhost:{probe.getsockname()[1]}"
        config = f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {path}/data}}}}\n" \
                 f"http: {{addr: '127.0.0.1:{self.host.split(':')[1]}'}}\n"
        if password:
            users = subprocess.run(["htpasswd", "-Bbn", "user", password], capture_output=True, check=True).stdout
            (path / "htpasswd").write_bytes(users)
            config += f"auth: {{htpasswd: {{realm: test, path: {path}/htpasswd}}}}\n"
        (path / "config.yml").write_text(config)
        self._log = path / "log"
        self._command = ["docker-registry", "serve", path / "config.yml"]

    def __enter__(self):
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        host, port = "127.0.0.1", int(self.host.split(":")[1])
        for _ in range(500):
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._command[0]} ended: " + self._log.read_text())
            try:
                socket.create_connection((host, port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self._command[0]} does not answer")

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._directory.cleanup()

    def requests(self):
        """(method, path without query, status), in the order of the answers."""
        found = re.findall(r'"([A-Z]+) ([^ ?"]+)[^ "]* HTTP/[0-9.]+" ([0-9]+)', self._log.read_text())
        return [(method, path, int(status)) for method, path, status in found]

    def answered_bytes(self, since=0):
        """Sum of the sizes of answers, as the registry logged them."""
        sizes = re.findall(r'"[A-Z]+ [^"]* HTTP/[0-9.]+" [0-9]+ ([0-9]+)', self._log.read_text())
        return sum(map(int, sizes[since:]))

    def data(self):
        """Where it keeps blobs and names."""
        return self._log.parent / "data/docker/registry/v2"

    def lose(self, digest):
        """A layer, as a garbage collection does that runs at the wrong moment."""
        for path in self.data().glob(f"repositories/**/_layers/sha256/{digest.removeprefix('sha256:')}"):
            shutil.rmtree(path)

    def stored_bytes(self):
        """Sum of the sizes of everything that was sent and kept."""
        return sum(path.stat().st_size for path in self.data().glob("blobs/**/data"))

    def writes(self, since=0):
        return [(method, path) for method, path, _ in self.requests()[since:] if method not in ("GET", "HEAD")]
