"""The builders that are compared, one small class each. All build the same image: mlbuild from its spec, the others from the
Dockerfile that dockerfile() writes, on a base that mlbuild made of the same spec.

A builder is told where things are by a Setting, starts its daemon if it has one, and answers with commands; scenarios.py runs and measures them."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from go_peers import BUILDKIT, CONTAINERD
from meter import Nanny


class Unavailable(Exception):
    """This builder cannot run here; the text says why."""


@dataclasses.dataclass
class Setting:
    work: pathlib.Path
    registry: str      # host:port
    index: str         # URL of the Python index
    bytecode: bool
    mlbuild: str
    environment: dict  # for mlbuild: where its packages are
    tools: pathlib.Path


def dockerfile(base, setting, app):
    """What a careful person writes: pins from the lock, no cache of pip in the image, the application in a layer of its own on top."""
    compile_option = "--compile" if setting.bytecode else "--no-compile"
    lines = [f"FROM {base}", "COPY requirements.txt /tmp/requirements.txt",
             f"RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --no-deps {compile_option} --index-url {setting.index} "
             "--root-user-action=ignore -r /tmp/requirements.txt"]
    lines += [f"COPY {source} {target}" for source, target in app]
    return "\n".join([*lines, "WORKDIR /app", "ENV PYTHONUNBUFFERED=1", 'CMD ["python3", "-m", "pipeline.main"]', ""])


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Unavailable(f"`{program}` is not there")


def needs_root():
    if os.geteuid() != 0:
        raise Unavailable("it needs root here")


class Peer:
    name = ""

    def __init__(self, setting):
        self.setting = setting
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=setting.work))
        self.environment = dict(os.environ, HOME=str(self.home), TMPDIR=str(self.home))
        self._nanny = None

    def version(self):
        raise NotImplementedError

    def forget(self):
        """As on a machine that never built anything."""
        raise NotImplementedError

    def prepare(self, case, place, base):
        """Makes of the case's spec in `place` what this builder reads; `base`: the name of the base in the registry."""
        case.write_dockerfile(place, base)

    def build(self, context, name, fresh):
        """Commands that build `context` and push it as `name`; `fresh`: a runner with nothing, with that image as the cache."""
        raise NotImplementedError

    def pull(self, name):
        """Commands that pull and unpack; None when it only builds."""
        return None

    def daemons(self):
        return [self._nanny.pid] if self._nanny else []

    def end(self):
        if self._nanny:
            self._nanny.end()
        for place in reversed(_mounts_below(self.home)):
            subprocess.run(["umount", "-l", place], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.home, ignore_errors=True)

    def _start(self, command, answers, environment=None):
        self._nanny = Nanny(command, self.home / "log", environment or self.environment)
        for _ in range(300):
            if not self._nanny.runs():
                break
            if subprocess.run(answers, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        words = self._nanny.last_words()
        self.end()
        raise Unavailable(f"{command[0]} does not start: {words}")

    def _do(self, *command, check=True):
        done = subprocess.run(list(map(str, command)), env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
        return done.stdout


def _built(peer, setting):
    """Where its programs are, by name."""
    if not peer.is_built(setting.tools):
        raise Unavailable(f"{peer.programs[0]} {peer.version} is not built: bench/install-peers.sh does it where Go is there")
    return lambda program: peer.path(setting.tools, program)


def _mounts_below(directory):
    with open("/proc/self/mountinfo") as table:
        return [place for line in table if (place := line.split()[4]).startswith(f"{directory}/")]


def _has_overlay(directory):
    """Whether an overlay can be mounted there."""
    with tempfile.TemporaryDirectory(dir=directory) as probe:
        for part in ("lower", "upper", "work", "root"):
            os.mkdir(f"{probe}/{part}")
        options = f"lowerdir={probe}/lower,upperdir={probe}/upper,workdir={probe}/work"
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"{probe}/root"], capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", f"{probe}/root"], check=True)
        return done.returncode == 0


class Mlbuild(Peer):
    name = "mlbuild"

    def __init__(self, setting):
        super().__init__(setting)
        self.environment |= setting.environment

    def version(self):
        return self._do(self.setting.mlbuild, "--version").strip()

    def forget(self):
        shutil.rmtree(self.home / "store", ignore_errors=True)

    def prepare(self, case, place, base):
        case.put_on_base(place, base)

    def build(self, context, name, fresh):
        return [[self.setting.mlbuild, "--store", self.home / "store", "--quiet", "build", "--locked", context / "mlbuild.yaml", "--push", "-t", name]]


class MlbuildDebs(Mlbuild):
    """The spec as it is: the base is made of .debs, and sent."""
    name = "mlbuild-debs"

    def prepare(self, case, place, base):
        pass


class MlbuildForm(Mlbuild):
    """The same image with layers in another form, for those who pull it."""
    layers = ""

    def prepare(self, case, place, base):
        super().prepare(case, place, base)
        with open(place / "mlbuild.yaml", "a") as spec:
            spec.write(f"\nlayers: {{{self.layers}}}\n")


class MlbuildZstd(MlbuildForm):
    name, layers = "mlbuild-zstd", "compression: zstd"


class MlbuildDebsZstd(MlbuildZstd, MlbuildDebs):
    """All layers in zstd: those of the base, too."""
    name = "mlbuild-debs-zstd"


class MlbuildEstargz(MlbuildForm):
    name, layers = "mlbuild-estargz", "lazy: estargz"


class MlbuildZstdChunked(MlbuildForm):
    name, layers = "mlbuild-zstd-chunked", 'lazy: "zstd:chunked"'


class Docker(Peer):
    """dockerd by hand: no bridge, no rules of iptables, RUN on the host's network; the builder that it has by default."""
    name = "docker"

    def __init__(self, setting):
        needs("dockerd", "docker")
        needs_root()
        super().__init__(setting)
        (self.home / "daemon.json").write_text("{}")
        storage = "overlay2" if _has_overlay(self.home) else "vfs"
        self._client = [self._client_program(), "--host", f"unix://{self.home}/docker.sock"]
        self.environment["DOCKER_BUILDKIT"] = "0"
        self._start(["dockerd", f"--config-file={self.home}/daemon.json", f"--data-root={self.home}/data", f"--exec-root={self.home}/exec",
                     f"--pidfile={self.home}/docker.pid", f"--host=unix://{self.home}/docker.sock", "--containerd-namespace=mlbuild-bench",
                     "--containerd-plugins-namespace=mlbuild-bench-plugins", f"--storage-driver={storage}", "--bridge=none", "--iptables=false",
                     "--ip6tables=false"], [*self._client, "version"], dict(self.environment, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))

    @staticmethod
    def _client_program():
        """That of the same release as the daemon's: newer ones want plugins to build."""
        return "/usr/bin/docker" if os.access("/usr/bin/docker", os.X_OK) else "docker"

    def version(self):
        return self._do(*self._client, "version", "--format", "dockerd {{.Server.Version}}").strip()

    def forget(self):
        self._do(*self._client, "system", "prune", "--all", "--force", "--volumes")

    def build(self, context, name, fresh):
        cache = ["--cache-from", name] if fresh else []
        commands = [[*self._client, "pull", "--quiet", name]] if fresh else []
        return [*commands, [*self._client, "build", "--quiet", "--network=host", *cache, "-t", name, context], [*self._client, "push", "--quiet", name]]

    def pull(self, name):
        return [[*self._client, "pull", "--quiet", name]]


class BuildKit(Peer):
    """buildkitd with its runc worker, built from its Go module."""
    name = "buildkit"

    def __init__(self, setting):
        needs("runc")
        needs_root()
        self._program = _built(BUILDKIT, setting)
        super().__init__(setting)
        snapshots = "overlayfs" if _has_overlay(self.home) else "native"
        (self.home / "buildkitd.toml").write_text(f'[registry."{setting.registry}"]\n  http = true\n')
        self._client = [self._program("buildctl"), "--addr", f"unix://{self.home}/buildkitd.sock"]
        self._start([self._program("buildkitd"), "--root", self.home / "root", "--addr", f"unix://{self.home}/buildkitd.sock", "--config",
                     self.home / "buildkitd.toml", "--oci-worker=true", "--containerd-worker=false", "--oci-worker-net=host",
                     f"--oci-worker-snapshotter={snapshots}", "--oci-worker-gc=false"], [*self._client, "debug", "workers"],
                    dict(self.environment, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))

    def version(self):
        return f"buildkitd {BUILDKIT.version}"

    def forget(self):
        self._do(*self._client, "prune", "--all")

    def build(self, context, name, fresh):
        cache = ["--import-cache", f"type=registry,ref={name}"] if fresh else []
        return [[*self._client, "build", "--progress=plain", "--frontend=dockerfile.v0", "--local", f"context={context}", "--local",
                 f"dockerfile={context}", "--output", f"type=image,name={name},push=true", "--export-cache", "type=inline", *cache]]


class Containerd(Peer):
    """containerd by hand, without its half for Kubernetes, and ctr, which has it fetch and unpack."""
    name = "containerd"
    config = 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'

    def __init__(self, setting):
        program = self._programs(setting)
        needs_root()
        super().__init__(setting)
        self._snapshots = "overlayfs" if _has_overlay(self.home) else "native"
        self._client = [program("ctr"), "--address", self.home / "containerd.sock"]
        (self.home / "config.toml").write_text(f'root = "{self.home}/root"\nstate = "{self.home}/state"\n{self.config}'
                                               f'[grpc]\n  address = "{self.home}/containerd.sock"\n[ttrpc]\n  address = "{self.home}/ttrpc.sock"\n')
        self._start([program("containerd"), "--config", self.home / "config.toml"], [*self._client, "version"])

    @staticmethod
    def _programs(setting):
        needs("containerd", "ctr")
        return str

    def version(self):
        return "containerd " + self._do(*self._client, "version").rsplit("Version:", 1)[1].split()[0]

    def forget(self):
        if images := self._do(*self._client, "images", "ls", "--quiet").split():
            self._do(*self._client, "images", "rm", "--sync", *images)  # waits for what nobody refers to

    def pull(self, name):
        return [[*self._client, "images", "pull", "--plain-http", "--snapshotter", self._snapshots, name]]


class Containerd2(Containerd):
    """The second major version, built from its Go module, which can unpack several layers at once when its administrator asks for that."""
    name = "containerd2"
    config = ('version = 3\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]\n'
              f"[plugins.'io.containerd.transfer.v1.local']\n  max_concurrent_unpacks = {max(2, os.cpu_count())}\n")

    @staticmethod
    def _programs(setting):
        return _built(CONTAINERD, setting)


class _ContainersStorage(Peer):
    """Programs without a daemon that keep images as github.com/containers/storage does."""

    def __init__(self, setting):
        needs(self.name)
        needs_root()
        super().__init__(setting)
        driver = "overlay" if _has_overlay(self.home) else "vfs"
        self._program = [self.name, "--root", self.home / "root", "--runroot", self.home / "run", "--storage-driver", driver]
        (self.home / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self._insecure = ["--tls-verify=false", "--signature-policy", self.home / "policy.json"]

    def version(self):
        return self._do(self.name, "--version").strip()

    def forget(self):
        self._do(*self._program, "rm", "--all", check=False)
        self._do(*self._program, "rmi", "--all", "--force", check=False)

    def pull(self, name):
        return [[*self._program, "pull", "--quiet", *self._insecure, name]]


class Buildah(_ContainersStorage):
    name = "buildah"

    def build(self, context, name, fresh):
        cache = name.rpartition(":")[0] + "-cache"
        return [[*self._program, "build", "--quiet", "--layers", "--isolation", "chroot", "--network", "host", *self._insecure,
                 "--cache-to", cache, *(["--cache-from", cache] if fresh else []), "-t", name, context],
                [*self._program, "push", "--quiet", *self._insecure, name]]


class Podman(_ContainersStorage):
    name = "podman"

    def __init__(self, setting):
        super().__init__(setting)
        if len(str(self.home / "run")) > 50:
            raise Unavailable(f"podman takes no run root as long as {self.home / 'run'}: TMPDIR is too long")
        self._program += ["--tmpdir", self.home / "libpod", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        (self.home / "containers.conf").write_text('[engine]\nlock_type = "file"\n')  # else they are in /dev/shm, everybody's
        self.environment["CONTAINERS_CONF"] = str(self.home / "containers.conf")


PEERS = {peer.name: peer for peer in (Docker, BuildKit, Buildah, MlbuildDebs, MlbuildZstd, MlbuildDebsZstd, MlbuildEstargz, MlbuildZstdChunked)}
DEFAULT_PEERS = ("docker", "buildkit", "buildah", "mlbuild-debs", "mlbuild-zstd")
PULLERS = {puller.name: puller for puller in (Docker, Containerd, Containerd2, Buildah, Podman)}

