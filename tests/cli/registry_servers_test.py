"""`build --push` and `login` to real registries, behind every door, read back by skopeo and crane.

An argument chooses the registry: DebianRegistry, DistributionV3, CraneRegistry, or ReferrersApi. Where its program cannot be had the exit code is
77, and ctest says that the test was skipped."""

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import go_tools
import registry_servers
from support import SHARED_STORE, CliTest, main, run
from test_authority import Authority
from token_server import PASSWORD, REFRESH_TOKEN


class Servers:
    """The promises, which every registry below must let us keep."""

    @classmethod
    def setUpClass(cls):
        if cls.tool and (reason := go_tools.why_not(cls.tool)):
            raise unittest.SkipTest(reason)
        cls.class_directory = tempfile.TemporaryDirectory(prefix="mlbuild-servers-")
        cls.authority = Authority(pathlib.Path(cls.class_directory.name) / "authority")

    @classmethod
    def tearDownClass(cls):
        cls.class_directory.cleanup()

    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        home = self.directory / "home"
        home.mkdir()
        self.logins = home / "auth.json"
        self.environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DOCKER_CONFIG": str(home),
                            "REGISTRY_AUTH_FILE": str(self.logins), "SSL_CERT_FILE": str(self.authority.bundle)}
        self.logins.write_text("{}")

    def client(self, *args):
        done = subprocess.run([*map(str, args)], env=dict(os.environ, **self.environment), capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode().strip()

    def push(self, name, *args):
        done = self.build(self.spec, "--locked", "--push", "-t", name, "--format", "json", *args, env=self.environment)
        self.assertNotIn("warning", done.err)
        return json.loads(done.out)["published"][-1]

    def edit(self):
        path = self.spec.parent / "hello.py"
        path.write_text(path.read_text() + "# another line\n")

    def log_in(self, host, user="user"):
        done = run("login", "-u", user, "--password-stdin", host, env=self.environment, input=PASSWORD.encode())
        self.assert_ok(done)
        self.assertNotIn(PASSWORD, done.out + done.err)

    def keep_login(self, host, auth, **more):
        self.logins.write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(auth.encode()).decode()} | more}}))

    def check_writes(self, registry, mark, **counts):
        writes = registry.writes(mark)
        seen = {"uploads": sum(1 for method, path in writes if method == "PUT" and "/blobs/" in path),
                "manifests": sum(1 for method, path in writes if method == "PUT" and "/manifests/" in path)}
        self.assertEqual(seen, counts, writes)

    def check_readers(self, door, name, digest):
        copy = self.directory / f"copy-{len(list(self.directory.iterdir()))}"
        self.client("skopeo", "copy", "--preserve-digests", f"--src-tls-verify={str(door.tls).lower()}", "docker://" + name, f"dir:{copy}")
        self.assertEqual(self.client("skopeo", "manifest-digest", copy / "manifest.json"), digest)
        if not go_tools.why_not("crane"):
            crane = go_tools.program("crane")
            self.assertEqual(self.client(crane, "digest", name), digest)
            self.client(crane, "validate", "--remote", name)

    def check_door(self, door):
        with contextlib.ExitStack() as stack:
            registry, tokens = registry_servers.start(self.make, door, self.authority, stack)
            name = f"{registry.host}/team/app:1.0"
            if door.login:
                self.check_stranger(name)
                self.log_in(registry.host)
            first = self.push(name)
            mark = len(registry.requests())
            self.assertEqual(self.push(name)["written_bytes"], 0)
            self.assertEqual(registry.writes(mark), [], "a push of what is there writes nothing")
            self.check_readers(door, name, first["digest"])
            login = self.logins.read_text()
            if tokens:
                self.keep_login(registry.host, "00000000-0000", identitytoken=REFRESH_TOKEN)
            self.edit()
            mark = len(registry.requests())
            second = self.push(name)
            self.assertNotEqual(first["digest"], second["digest"])
            self.assertLess(second["written_bytes"], 16_000)
            self.check_writes(registry, mark, uploads=2, manifests=1)
            if tokens:
                self.assertIn(("POST", "refresh_token"), {(method, grant) for method, grant, _ in tokens.asked})
                self.check_reader_may_not_push(registry.host)
            self.logins.write_text(login)
            self.check_readers(door, name, second["digest"])
            self.check_mount(registry, door, name)

    def check_stranger(self, name):
        refused = run("build", self.spec, "--locked", "--store", SHARED_STORE, "--push", "-t", name, env=self.environment)
        self.assert_fails(refused, 3, "mlbuild login")

    def check_reader_may_not_push(self, host):
        self.keep_login(host, f"reader:{PASSWORD}")
        refused = run("build", self.spec, "--locked", "--store", SHARED_STORE, "--push", "-t", f"{host}/team/other:1", env=self.environment)
        self.assert_fails(refused, 3, host)
        self.assertNotIn(PASSWORD, refused.out + refused.err)

    def check_mount(self, registry, door, name):
        other = name.replace("team/app", "team/second")
        mark = len(registry.requests())
        place = self.push(other, "--mount-from", "team/app")
        self.check_writes(registry, mark, uploads=0, manifests=1)
        self.check_readers(door, other, place["digest"])

    def test_plain(self):
        self.check_door(registry_servers.Door())

    def test_plain_with_htpasswd(self):
        self.check_door(registry_servers.Door(login="htpasswd"))

    def test_plain_with_tokens(self):
        self.check_door(registry_servers.Door(login="token"))

    def test_tls(self):
        self.check_door(registry_servers.Door(tls=True))

    def test_tls_with_htpasswd(self):
        self.check_door(registry_servers.Door(tls=True, login="htpasswd"))

    def test_tls_with_tokens(self):
        self.check_door(registry_servers.Door(tls=True, login="token"))


class DebianRegistry(Servers, CliTest):
    make, tool = staticmethod(registry_servers.debian), None


class DistributionV3(Servers, CliTest):
    make, tool = staticmethod(registry_servers.distribution), "registry"


class CraneRegistry(Servers, CliTest):
    """Blobs are not per repository: what is there is there for all, and HEAD says so."""
    make, tool = staticmethod(registry_servers.crane), "crane"


class ReferrersApi(CliTest):
    @classmethod
    def setUpClass(cls):
        if reason := go_tools.why_not("referrers_registry"):
            raise unittest.SkipTest(reason)

    def test_boms_are_found_by_the_api_and_no_tag_stands_in_for_it(self):
        spec = self.locked_spec("minimal")
        with registry_servers.ReferrersRegistry() as registry:
            for _ in range(2):  # a second time nothing is listed twice
                done = self.build(spec, "--locked", "--push", "-t", f"{registry.host}/team/app:1.0", "--sbom", "spdx,cyclonedx", "--format", "json")
            digest = json.loads(done.out)["published"][-1]["digest"]
            repository = f"http://{registry.host}/v2/team/app"
            # This registry tells the config's type for the artifact's, so that is asked of the manifests.
            found = [self.read(f"{repository}/manifests/{item['digest']}") for item in self.read(f"{repository}/referrers/{digest}")["manifests"]]
            self.assertEqual(sorted(artifact["artifactType"] for artifact in found), ["application/spdx+json", "application/vnd.cyclonedx+json"])
            self.assertEqual({artifact["subject"]["digest"] for artifact in found}, {digest})
            self.assertNotIn("sha256-" + digest[7:], self.read(f"{repository}/tags/list")["tags"])

    @staticmethod
    def read(url):
        with urllib.request.urlopen(url) as answer:
            return json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
