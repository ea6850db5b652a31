"""mlbuild against a double of Artifact Registry, with the credentials of a service account and nothing else."""

import contextlib
import http.client
import json
import pathlib
import shutil
import ssl
import subprocess
import unittest
import urllib.parse

import go_tools
import registry_servers
from artifact_registry import HOST, ArtifactRegistry, GoogleDouble, Tunnel
from support import SHARED_STORE, CliTest, run
from test_authority import Authority

NAME = f"{HOST}/project/images/app:1"


class ArtifactRegistryTest(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        self.authority = Authority(self.directory / "authority", [HOST])
        self.google = self.enterContext(GoogleDouble())

    def start(self, **rules):
        """The strictest registry that can be had behind the double's rules; self.environment leads to it."""
        stack = self.enterContext(contextlib.ExitStack())
        make = registry_servers.debian if go_tools.why_not("registry") else registry_servers.distribution
        self.behind = make(registry_servers.Door(), None, None, stack)
        registry = stack.enter_context(ArtifactRegistry(self.behind.host, self.authority, self.google, **rules))
        tunnel = stack.enter_context(Tunnel(registry.host))
        home = self.directory / "home"
        home.mkdir()
        self.environment = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG", "CLOUDSDK_CONFIG")}
        self.environment |= {"HTTPS_PROXY": f"http://{tunnel.host}", "NO_PROXY": "127.0.0.1,localhost", "NO_GCE_CHECK": "true",
                             "SSL_CERT_FILE": str(self.authority.bundle)}
        self.use(self.google.files["service_account"])
        return registry

    def use(self, credentials):
        path = self.directory / "credentials.json"
        path.write_text(json.dumps(credentials))
        self.environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)

    def run_push(self, name, *args, store=SHARED_STORE):
        return run("build", self.spec, "--locked", "--store", store, "--push", "-t", name, "--format", "json", *args, env=self.environment)

    def push(self, *args, **kwargs):
        done = self.assert_ok(self.run_push(*args, **kwargs))
        self.assertNotIn("ya29", done.out + done.err)
        return json.loads(done.out)

    def edit(self):
        path = self.spec.parent / "hello.py"
        path.write_text(path.read_text() + "# another line\n")

    def read_back(self, name, digest):
        copy = self.directory / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        behind = name.replace(HOST, self.behind.host)
        subprocess.run(["skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", "docker://" + behind, f"dir:{copy}"], check=True,
                       capture_output=True, timeout=120)
        seen = subprocess.run(["skopeo", "manifest-digest", copy / "manifest.json"], check=True, capture_output=True, timeout=120).stdout
        self.assertEqual(seen.decode().strip(), digest)

    def test_a_key_file_is_all_that_a_push_needs(self):
        registry = self.start()
        first = self.push(NAME)["published"][0]
        self.assertEqual(self.google.given(), ["jwt"])
        self.read_back(NAME, first["digest"])
        mark = len(registry.requests())
        self.assertEqual(self.push(NAME)["published"][0]["written_bytes"], 0)
        self.assertEqual(registry.writes(mark), [])
        self.assertEqual([status for status, *_ in registry.refused], [])

    def test_an_empty_store_sends_and_fetches_what_changed_only(self):
        registry = self.start()
        self.push(NAME)
        self.edit()
        mark = len(registry.requests())
        built = self.push(NAME, store=self.directory / "empty")
        self.assertEqual(built["images"][0]["fetched_bytes"], 0)
        self.assertEqual(built["images"][0]["layers_in_registry"], 4)
        self.assertLess(registry.received_bytes(mark), 16_000)
        self.assertEqual([method for method, _ in registry.writes(mark)].count("PUT"), 3)
        self.read_back(NAME, built["published"][0]["digest"])

    def test_quotas_that_run_out_are_waited_for(self):
        # Not 4: a failed upload is 4 requests, of which the same would be refused each time.
        registry = self.start(busy=5)
        place = self.push(NAME)["published"][0]
        self.assertIn(429, [status for status, *_ in registry.refused])
        self.read_back(NAME, place["digest"])

    def test_layers_are_mounted_within_a_project_and_sent_to_another(self):
        registry = self.start()
        self.push(NAME)
        mark = len(registry.requests())
        second = f"{HOST}/project/other/app:1"
        self.read_back(second, self.push(second, "--mount-from", "project/images/app")["published"][0]["digest"])
        self.assertLess(registry.received_bytes(mark), 10_000)
        mark = len(registry.requests())
        third = f"{HOST}/elsewhere/images/app:1"
        self.read_back(third, self.push(third, "--mount-from", "project/images/app")["published"][0]["digest"])
        self.assertGreater(registry.received_bytes(mark), 10_000_000)
        self.assertEqual(registry.refused, [])

    def test_an_immutable_tag_takes_the_same_image_again_and_no_other(self):
        registry = self.start()
        name = f"{HOST}/project/frozen/app:1"
        first = self.push(name)["published"][0]
        self.assertEqual(self.push(name)["published"][0]["digest"], first["digest"])
        self.assertEqual(self.push(name, "--force")["published"][0]["digest"], first["digest"])
        self.assertEqual(registry.refused, [])
        self.edit()
        self.assert_fails(self.run_push(name), 3, "tag immutability", "frozen/app")
        self.assertLess(len(registry.refused), 3, "nothing is tried again that cannot become better")
        self.read_back(name, first["digest"])

    def test_a_login_with_an_access_token_is_checked_and_used(self):
        registry = self.start()
        self.push(NAME)
        del self.environment["GOOGLE_APPLICATION_CREDENTIALS"]
        self.assert_fails(self.run_push(NAME), 3, "mlbuild login", "GOOGLE_APPLICATION_CREDENTIALS")
        login = ("login", "-u", "oauth2accesstoken", "--password-stdin", HOST)
        refused = run(*login, env=self.environment, input=b"ya29.stolen")
        self.assert_fails(refused, 3, HOST)
        self.assertNotIn("stolen", refused.out + refused.err)
        self.assert_ok(run(*login, env=self.environment, input=registry.access_token.encode()))
        self.assertEqual(self.push(NAME)["published"][0]["written_bytes"], 0)

    def test_a_key_that_google_does_not_know_is_told_before_anything_is_sent(self):
        registry = self.start()
        self.use(self.google.files["wrong_key"])
        done = self.assert_fails(self.run_push(NAME), 3, "Invalid JWT Signature")
        self.assertNotIn("PRIVATE KEY", done.err)
        self.assertEqual(registry.writes(), [])

    def test_the_double_refuses_what_artifact_registry_is_said_to_refuse(self):
        registry = self.start()
        self.push(NAME)
        token = next(iter(registry._tokens))
        registry._tokens[token]["project/images/app"] = {"pull", "push"}

        def ask(method, path, body=None):
            connection = http.client.HTTPSConnection(*registry.host.split(":"), context=ssl.create_default_context(cafile=self.authority.bundle))
            self.addCleanup(connection.close)
            connection.request(method, path, body, {"Host": HOST, "Authorization": f"Bearer {token}"})
            return connection.getresponse()

        base = "/v2/project/images/app"
        location = urllib.parse.urlparse(ask("POST", base + "/blobs/uploads/").getheader("Location"))
        self.assertTrue(location.path.startswith("/artifacts-uploads/"))
        self.assertEqual(ask("PATCH", f"{location.path}?{location.query}", b"bytes").status, 405)
        self.assertEqual(ask("DELETE", base + "/manifests/1").status, 405)
        page = ask("GET", base + "/referrers/sha256:" + "0" * 64).getheader("Location")
        self.assertIn("text/html", ask("GET", urllib.parse.urlparse(page).path).getheader("Content-Type"))

    def test_the_readme_says_that_no_real_one_was_reached(self):
        text = " ".join((pathlib.Path(__file__).parents[2] / "README.md").read_text().split())
        self.assertRegex(text, r"No real [^.]*Artifact Registry[^.]* was reached")


if __name__ == "__main__":
    unittest.main(verbosity=2)
