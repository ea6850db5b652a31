"""`build --push` to a real registry, read back by skopeo. Uses the package registries of this machine for what is built."""

import base64
import json
import subprocess
import unittest

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, run


def skopeo(*args):
    done = subprocess.run(["skopeo", *args], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


class Push(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.fresh_spec("minimal")

    def push(self, *args, **kwargs):
        return self.build(self.spec, "--push", "--format", "json", *args, **kwargs)

    def published(self, done):
        return json.loads(done.out)["published"]

    def test_the_pushed_image_is_that_of_the_layout(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            places = self.published(self.push("-t", name, "-o", f"oci:{self.directory}/layout"))
            self.assertEqual(places[0]["digest"], places[1]["digest"])
            seen = json.loads(skopeo("inspect", "--tls-verify=false", "docker://" + name))
            self.assertEqual(seen["Digest"], places[1]["digest"])
            self.assertEqual(places[1]["where"], name)

    def test_an_edit_of_the_app_sends_one_layer_config_and_manifest(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            self.push("-t", name)
            mark = len(registry.requests())
            self.assertEqual(self.published(self.push("-t", name))[0]["written_bytes"], 0)
            self.assertEqual(registry.writes(mark), [])
            (self.spec.parent / "hello.py").write_text("print('changed')\n")
            mark = len(registry.requests())
            place = self.published(self.push("-t", name))[0]
            methods = [method for method, _ in registry.writes(mark)]
            self.assertEqual(sorted(methods), ["POST", "POST", "PUT", "PUT", "PUT"])
            self.assertEqual(registry.writes(mark)[-1], ("PUT", "/v2/team/app/manifests/1.0"))
            self.assertLess(place["written_bytes"], 16_000)

    def test_the_spec_s_image_and_the_lock_give_the_name(self):
        with DockerRegistry() as registry:
            self.spec.write_text(self.spec.read_text() + f"image: {registry.host}/team/app\n")
            first = self.published(self.push())[0]["where"]
            self.assertRegex(first, f"^{registry.host}/team/app:[0-9a-f]{{12}}$")
            self.assertEqual(self.published(self.push())[0]["where"], first)
            self.push("-t", "minimal:1.4", "-t", f"{registry.host}/team/app:latest")
            tags = json.loads(skopeo("list-tags", "--tls-verify=false", f"docker://{registry.host}/team/app"))["Tags"]
            self.assertEqual(set(tags), {first.rsplit(":", 1)[1], "1.4", "latest"})

    def test_layers_are_mounted_from_another_repository(self):
        with DockerRegistry() as registry:
            self.push("-t", f"{registry.host}/team/base:1")
            place = self.published(self.push("-t", f"{registry.host}/team/app:1", "--mount-from", "team/base"))[0]
            self.assertLess(place["written_bytes"], 12_000)
            skopeo("inspect", "--tls-verify=false", f"docker://{registry.host}/team/app:1")

    def test_a_login_is_taken_from_the_docker_configuration(self):
        with DockerRegistry(password="correct-horse") as registry:
            name = f"{registry.host}/team/app:1"
            empty = self.directory / "no-config"
            empty.mkdir()
            homes = {"HOME": str(empty), "XDG_CONFIG_HOME": str(empty), "XDG_RUNTIME_DIR": str(empty)}
            refused = run("build", self.spec, "--store", SHARED_STORE, "--push", "-t", name, env=dict(homes, DOCKER_CONFIG=str(empty)))
            self.assert_fails(refused, 3, "wants a login", f"mlbuild login {registry.host}")
            auth = base64.b64encode(b"user:correct-horse").decode()
            (empty / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
            done = self.push("-t", name, env=dict(homes, DOCKER_CONFIG=str(empty)))
            self.assertNotIn("correct-horse", done.out + done.err)
            self.assertIn(("PUT", "/v2/team/app/manifests/1"), registry.writes())

    def test_a_registry_that_is_not_there_is_exit_3(self):
        done = run("build", self.spec, "--store", SHARED_STORE, "--push", "-t", "localhost:9/x:1")
        self.assert_fails(done, 3, "cannot reach `localhost:9`")


if __name__ == "__main__":
    unittest.main()
