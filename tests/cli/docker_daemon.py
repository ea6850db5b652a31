"""Debian's dockerd, started by hand as tests/support/docker_daemon.cpp does: everything in a directory of its own, no bridge, no iptables."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class DaemonUnavailable(Exception):
    """dockerd cannot run here; the text says why."""


def mount_points():
    with open("/proc/self/mountinfo") as table:
        return [line.split()[4] for line in table]


class DockerDaemon:
    """A context manager. It trusts registries on loopback without TLS, as docker always does."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise DaemonUnavailable("dockerd needs root")
        if "/" not in mount_points():
            raise DaemonUnavailable("below a chroot dockerd unpacks no layers")
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-dockerd-"))
        path = self._directory
        (path / "daemon.json").write_text("{}")
        self._log = path / "log"
        command = ["dockerd", f"--config-file={path}/daemon.json", f"--data-root={path}/data", f"--exec-root={path}/exec",
                   f"--pidfile={path}/docker.pid", f"--host=unix://{path}/docker.sock", "--containerd-namespace=mlbuild-test",
                   "--containerd-plugins-namespace=mlbuild-test-plugins", "--storage-driver=vfs", "--bridge=none", "--iptables=false",
                   "--ip6tables=false"]
        environment = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(path), "TMPDIR": str(path)}
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            if self._process.poll() is not None:
                break
            if self.docker("version").returncode == 0:
                return self
            time.sleep(0.1)
        words = self._log.read_text(errors="replace").splitlines()[-5:]
        self.__exit__()
        raise DaemonUnavailable("dockerd does not start: " + "\n".join(words))

    def docker(self, *args):
        """The client, speaking to this daemon."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._directory)}
        return subprocess.run(["docker", "--host", f"unix://{self._directory}/docker.sock", *args], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for place in reversed(mount_points()):
            if place.startswith(f"{self._directory}/"):
                subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self._directory, ignore_errors=True)
