"""Where a push goes is settled before any work: names that lead nowhere are told at once. Needs no network."""

import unittest

from support import CliTest, run

SPEC = """version: 1
name: demo
base: {debian: bookworm, python: "3.11", flavor: distroless}
"""


class PushNames(CliTest):
    def refuse(self, spec_lines, *args, code=2, texts=()):
        spec = self.write_spec(SPEC + spec_lines)
        done = run("build", spec, "--store", self.directory / "store", "--push", *args)
        self.assert_fails(done, code, *texts)
        self.assertFalse((self.directory / "store").exists(), "nothing was begun")

    def test_no_name_at_all(self):
        self.refuse("", texts=["nothing says where to push to", "-t HOST/NAME:TAG"])

    def test_a_tag_without_registry(self):
        self.refuse("", "-t", "demo:1", texts=["`-t demo:1` names no registry"])

    def test_an_image_without_registry_is_shown_in_the_spec(self):
        self.refuse("image: team/demo\n", texts=["names no registry", "mlbuild.yaml:4:8"])

    def test_a_name_that_is_another_than_the_image_s(self):
        self.refuse("image: registry.example/team/demo\n", "-t", "other:1", texts=["another name", "registry.example/team/demo"])

    def test_a_digest_is_no_name(self):
        self.refuse("", "-t", "registry.example/x@sha256:" + "0" * 64, texts=["digest"])

    def test_a_malformed_name(self):
        self.refuse("", "-t", "registry.example/UPPER:1", texts=["upper-case"])

    def test_another_program_s_form_of_an_output(self):
        spec = self.write_spec(SPEC)
        done = run("build", spec, "--store", self.directory / "store", "-o", "docker://registry.example/x:1")
        self.assert_fails(done, 2, "another program's form", "registry:HOST/NAME:TAG")

    def refuse_daemon(self, docker_host, code, *texts):
        spec = self.write_spec(SPEC)
        done = run("build", spec, "--store", self.directory / "store", "-o", "daemon", env={"DOCKER_HOST": docker_host})
        self.assert_fails(done, code, *texts)
        self.assertFalse((self.directory / "store").exists(), "nothing was begun")

    def test_a_daemon_that_is_not_there(self):
        self.refuse_daemon("unix:///nowhere/docker.sock", 3, "no docker or podman listens at `/nowhere/docker.sock`")

    def test_a_daemon_on_another_machine(self):
        self.refuse_daemon("tcp://user:hunter2@10.0.0.1:2375", 2, "`tcp://10.0.0.1:2375`", "docker load -i FILE.tar")


if __name__ == "__main__":
    unittest.main()
