"""The registries that the suite starts, each behind any door: with or without TLS, and open, with htpasswd, or with tokens.

Debian's docker-registry and distribution v3 do TLS and logins themselves, and verify our token server's signatures. The registry of
go-containerregistry can do neither: a reverse proxy in front of it does."""

import dataclasses
import pathlib
import re
import socket
import subprocess
import tempfile

import go_tools
from docker_registry import DockerRegistry
from reverse_proxy import ReverseProxy, repository_of
from token_server import ISSUER, PASSWORD, SERVICE, TokenServer


@dataclasses.dataclass(frozen=True)
class Door:
    tls: bool = False
    login: str = ""  # "htpasswd", "token"

    def __str__(self):
        return f"{'https' if self.tls else 'http'}, {self.login or 'no login'}"


DOORS = [Door(tls, login) for tls in (False, True) for login in ("", "htpasswd", "token")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Distribution(DockerRegistry):
    """docker-registry 2.8 or distribution v3, whichever `program` is. `tokens`: the TokenServer that it believes."""

    def __init__(self, program, door=Door(), authority=None, tokens=None):
        self._directory = tempfile.TemporaryDirectory(prefix="mlbuild-registry-")
        path = pathlib.Path(self._directory.name)
        port = free_port()
        self.host = f"localhost:{port}"
        lines = ["version: 0.1", "log: {level: error}", f"storage: {{filesystem: {{rootdirectory: {path}/data}}, delete: {{enabled: true}}}}"]
        tls = f", tls: {{certificate: {authority.certificate}, key: {authority.key}}}" if door.tls else ""
        lines.append(f"http: {{addr: '127.0.0.1:{port}'{tls}}}")
        if door.login == "htpasswd":
            users = subprocess.run(["htpasswd", "-Bbn", "-C", "4", "user", PASSWORD], capture_output=True, check=True).stdout
            (path / "htpasswd").write_bytes(users)
            lines.append(f"auth: {{htpasswd: {{realm: test, path: {path}/htpasswd}}}}")
        if door.login == "token":
            lines.append(f"auth: {{token: {{realm: '{tokens.realm}', service: {SERVICE}, issuer: {ISSUER}, rootcertbundle: {authority.bundle}}}}}")
        (path / "config.yml").write_text("\n".join(lines) + "\n")
        self._log = path / "log"
        self._command = [program, "serve", path / "config.yml"]


class CraneServe(DockerRegistry):
    """`crane registry serve`. It takes manifests without looking at their blobs."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="mlbuild-registry-")
        path = pathlib.Path(self._directory.name)
        port = free_port()
        self.host = f"localhost:{port}"
        self._log = path / "log"
        self._command = [go_tools.program("crane"), "registry", "serve", "--address", f"127.0.0.1:{port}", "--disk", path]

    def requests(self):
        """Its log has no status of what went well."""
        return [(method, path, 0) for method, path in re.findall(r" ([A-Z]+) (/v2/[^ ?\n]*)", self._log.read_text())]


class ReferrersRegistry(CraneServe):
    """The same one with the referrers API."""

    def __init__(self):
        super().__init__()
        self._command = [go_tools.program("referrers_registry"), self.host.replace("localhost", "127.0.0.1")]


class TokenGate(ReverseProxy):
    """Asks for a token of `tokens`, as a registry does, and believes those that were made in this process."""

    def __init__(self, target, authority, tokens):
        super().__init__(target, authority)
        self._tokens = tokens

    def before(self, request):
        name, _ = repository_of(request.path)
        actions = "pull" if request.command in ("GET", "HEAD") else "pull,push"
        scope = f"repository:{name}:{actions}" if name else ""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer" and self._tokens.allows(token, name, actions.split(",")):
            return False
        challenge = f'Bearer realm="{self._tokens.realm}",service="{SERVICE}"' + (f',scope="{scope}"' if scope else "")
        request.refuse(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=challenge)
        return True


def debian(door, authority, tokens, stack):
    return stack.enter_context(Distribution("docker-registry", door, authority, tokens))


def distribution(door, authority, tokens, stack):
    return stack.enter_context(Distribution(go_tools.program("registry"), door, authority, tokens))


def crane(door, authority, tokens, stack):
    server = stack.enter_context(CraneServe())
    if door == Door():
        return server
    if door.login == "token":
        return stack.enter_context(TokenGate(server.host, authority if door.tls else None, tokens))
    return stack.enter_context(ReverseProxy(server.host, authority if door.tls else None, PASSWORD if door.login else None))


def start(make, door, authority, stack):
    """(the server, its token server or None); `stack`: a contextlib.ExitStack that ends them."""
    tokens = stack.enter_context(TokenServer(authority, door.tls)) if door.login == "token" else None
    return make(door, authority, tokens, stack), tokens
