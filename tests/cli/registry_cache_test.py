"""The image behind the target tag as a cache: a runner with an empty store neither downloads, makes nor sends what the registry has."""

import json
import resource
import shutil
import subprocess
import time
import unittest

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, run

# Nothing listens there: whoever asks an index or a mirror fails.
NOBODY = {"MLBUILD_PYTHON_INDEX": "http://127.0.0.1:9/simple", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
          "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "MLBUILD_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}


class RegistryCache(CliTest):
    def setUp(self):
        super().setUp()
        self.registry = self.enterContext(DockerRegistry())
        self.name = f"{self.registry.host}/ml/app:1"

    def push(self, spec, *args, **kwargs):
        """The summary of a build that is pushed from an empty store, with nowhere to download from."""
        arguments = dict(store=self.directory / "empty", env=NOBODY) | kwargs
        shutil.rmtree(self.directory / "empty", ignore_errors=True)
        done = self.build(spec, "--locked", "--push", "--format", "json", *(args or ("-t", self.name)), **arguments)
        self.said = done.err
        return json.loads(done.out)

    def edit(self, spec, file):
        path = spec.parent / file
        path.write_text(path.read_text() + "\n# another line\n")

    def digest_with_full_store(self, spec):
        return self.build(spec, "--locked").out.strip()

    def test_a_code_change_of_the_sklearn_image_moves_what_changed_only(self):
        spec = self.fresh_spec("sklearn-train")
        self.push(spec, store=SHARED_STORE, env={})
        self.edit(spec, "pipeline/main.py")
        mark, stored = len(self.registry.requests()), self.registry.stored_bytes()
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        built = self.push(spec)
        seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sent, received = self.registry.stored_bytes() - stored, self.registry.answered_bytes(mark)
        requests = len(self.registry.requests()) - mark
        uploads = [path for method, path in self.registry.writes(mark) if method == "PUT"]
        print(f"{seconds:.2f} s, {cpu:.2f} s of CPU, {requests} requests, {len(uploads)} uploads, {sent} bytes sent, {received} received")
        self.assertLessEqual(len(uploads), 4)
        self.assertLessEqual(sent, 100_000)
        self.assertLessEqual(received, 200_000)
        self.assertLessEqual(cpu, 2)  # 0.04 in a release build; sanitizers take ten times as much
        image = built["images"][0]
        self.assertEqual((image["layers_made"], image["layers_reused"], image["fetched_bytes"]), (1, 0, 0))
        self.assertEqual(image["layers_in_registry"], len(image["layers"]) - 1)
        self.assertEqual(image["digest"], self.digest_with_full_store(spec))
        self.assertGreater(image["plain_size"], 400_000_000)
        self.assertNotIn("warning", self.said)

    def test_the_plan_says_where_each_layer_is(self):
        spec = self.fresh_spec("sklearn-train")
        self.push(spec, store=SHARED_STORE, env={})
        self.edit(spec, "pipeline/main.py")
        plan = json.loads(self.build(spec, "--locked", "--dry-run", "--push", "-t", self.name, "--format", "json",
                                     store=self.directory / "empty", env=NOBODY).out)["images"][0]
        states = {step["label"].split()[0]: step["state"] for step in plan["steps"]}
        self.assertEqual(states, {"build": "registry", "base": "registry", "system": "registry", "wheel": "registry",
                                  "wheels": "registry", "bytecode": "registry", "app,": "run"})
        self.assertEqual(plan["totals"]["fetch_bytes"], 0)
        self.assertIn(f"in {self.name}", [step["explanation"] for step in plan["steps"]])

    def test_a_bump_makes_its_own_layer_and_says_what_could_not_be_checked(self):
        text = "version: 1\nname: two\nbase: {flavor: distroless}\nrequirements: {runtime: [tomli==2.0.1, idna==3.6]}\n"
        spec = self.write_spec(text)
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        self.push(spec, store=SHARED_STORE, env={})
        spec.write_text(text.replace("3.6", "3.7"))
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        image = self.push(spec, env={})["images"][0]
        self.assertEqual((image["layers_made"], image["layers_in_registry"]), (2, 4))  # the wheel and its bytecode
        self.assertIn("1 of 2 wheels are in the registry only", self.said)
        self.assertEqual(image["digest"], self.digest_with_full_store(spec))

    def test_a_layer_that_the_registry_lost_is_made_after_all(self):
        spec = self.fresh_spec("minimal")
        wheel = self.push(spec, store=SHARED_STORE, env={})["images"][0]["layers"][1]
        self.assertIn("tomli", wheel["created_by"])
        self.edit(spec, "hello.py")
        self.registry.lose(wheel["digest"])
        done = self.build(spec, "--locked", "--push", "-t", self.name, store=self.directory / "other")
        self.assertIn("made instead", done.err)
        self.assertEqual(done.out.strip(), self.digest_with_full_store(spec))
        self.assertIn(("PUT", "/v2/ml/app/manifests/1", 400), self.registry.requests())
        subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://" + self.name, f"dir:{self.directory}/copy"],
                       check=True, capture_output=True, timeout=120)

    def test_a_layer_that_is_nowhere_any_more_is_a_named_error(self):
        spec = self.fresh_spec("minimal")
        wheel = self.push(spec, store=SHARED_STORE, env={})["images"][0]["layers"][1]
        self.edit(spec, "hello.py")
        self.registry.lose(wheel["digest"])
        done = run("build", spec, "--locked", "--push", "-t", self.name, "--store", self.directory / "other",
                   env=NOBODY)
        self.assert_fails(done, 3, "cannot reach", "pushing layer", "tomli")

    def test_a_layout_beside_the_push_gets_its_layers_from_the_registry(self):
        spec = self.fresh_spec("minimal")
        self.push(spec, store=SHARED_STORE, env={})
        self.edit(spec, "hello.py")
        layout = self.directory / "layout"
        built = self.push(spec, "-t", self.name, "-o", f"oci:{layout}")
        self.assertEqual(built["images"][0]["layers_in_registry"], 4)
        self.assertEqual(len({place["digest"] for place in built["published"]}), 1)
        subprocess.run(["skopeo", "copy", f"oci:{layout}:1", f"dir:{self.directory}/copy"], check=True, capture_output=True, timeout=120)

    def test_layers_of_another_repository_are_mounted_and_those_of_another_registry_copied(self):
        spec = self.fresh_spec("minimal")
        self.push(spec, store=SHARED_STORE, env={})
        built = self.push(spec, "-t", f"{self.registry.host}/ml/other:1", "--cache-from", self.name)
        self.assertEqual(built["images"][0]["layers_in_registry"], 5)
        self.assertLess(built["published"][0]["written_bytes"], 16_000)
        with DockerRegistry() as elsewhere:
            name = f"{elsewhere.host}/ml/app:1"
            self.push(spec, "-t", name, "--cache-from", self.name)
            subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://" + name, f"dir:{self.directory}/copy"],
                           check=True, capture_output=True, timeout=120)

    def test_a_second_repository_gets_the_layers_of_the_first_by_mount(self):
        spec = self.fresh_spec("minimal")
        self.push(spec, store=SHARED_STORE, env={})
        mark = len(self.registry.requests())
        built = self.push(spec, "-t", self.name, "-t", f"{self.registry.host}/ml/second:1")
        self.assertEqual(built["images"][0]["layers_in_registry"], 5)
        self.assertLess(built["published"][1]["written_bytes"], 16_000)
        self.assertNotIn("GET", [method for method, path, _ in self.registry.requests()[mark:] if built["images"][0]["layers"][0]["digest"] in path])

    def test_a_cache_that_is_not_there_is_a_warning(self):
        spec = self.fresh_spec("minimal")
        for name, said in ((f"{self.registry.host}/ml/none:1", "there is no such image"), ("localhost:9/ml/none:1", "not used as a cache")):
            self.assertIn(said, self.build(spec, "--cache-from", name).err)
        self.assert_fails(run("build", spec, "--cache-from", "app:1"), 2, "names no registry")

    def spec_with(self, name, *requirements):
        """Its base, wheels and files; all that it needs is in the shared store then."""
        (self.directory / name).mkdir()
        spec = self.directory / name / "mlbuild.yaml"
        spec.write_text(f"version: 1\nname: {name}\nbase: {{flavor: distroless}}\n"
                        f"requirements: {{runtime: [{', '.join(requirements)}]}}\napp: [{{from: app.py, to: /app/app.py}}]\n")
        (spec.parent / "app.py").write_text(f"print('{name}')\n")
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        self.build(spec, "--locked")
        return spec

    def test_a_layer_of_another_image_comes_from_the_cache_repository(self):
        one, two = self.spec_with("one", "numpy==1.26.4", "tomli==2.0.1"), self.spec_with("two", "numpy==1.26.4")
        cache = f"{self.registry.host}/ml/cache"
        first = self.push(one, "-t", f"{self.registry.host}/ml/one:1", "--cache-to", cache, store=SHARED_STORE, env={})
        shared = [layer["digest"] for layer in first["images"][0]["layers"] if "numpy" in layer["created_by"]][0]
        entries = [path for method, path, _ in self.registry.requests() if method == "PUT" and "/ml/cache/manifests/k2-" in path]
        self.assertEqual(len(entries), 6)  # base, numpy, tomli, and bytecode of each; the application's files are of no use to others
        mark, stored = len(self.registry.requests()), self.registry.stored_bytes()
        plan = json.loads(self.build(two, "--locked", "--dry-run", "--format", "json", "--cache-from", cache,
                                     store=self.directory / "empty", env=NOBODY).out)["images"][0]
        self.assertEqual([(step["state"], step["explanation"]) for step in plan["steps"]][:4], 4 * [("registry", f"in {cache}")])
        self.assertEqual(len(self.registry.requests()) - mark, 5)  # who speaks there, base, numpy, and bytecode of both
        mark = len(self.registry.requests())
        image = self.push(two, "-t", f"{self.registry.host}/ml/two:1", "--cache-to", cache)["images"][0]
        requests = self.registry.requests()[mark:]
        self.assertEqual((image["layers_made"], image["layers_in_registry"], image["fetched_bytes"]), (1, 4, 0))
        self.assertIn(shared, [layer["digest"] for layer in image["layers"]])
        self.assertEqual(requests.count(("POST", "/v2/ml/two/blobs/uploads/", 201)), 4)  # mounted: base and numpy, and bytecode of both
        self.assertEqual([path for method, path, _ in requests if method == "GET" and "/blobs/" in path], [])
        uploads = [path for method, path, _ in requests if method == "PUT" and path.startswith("/v2/ml/two/blobs/")]
        self.assertEqual(len(uploads), 2)  # the application and the config
        self.assertLess(self.registry.stored_bytes() - stored, 20_000)
        self.assertEqual([path for method, path, _ in requests if method == "PUT" and "/ml/cache/" in path], [])
        self.assertEqual(image["digest"], self.digest_with_full_store(two))
        self.assertNotIn("warning", self.said)

    def test_what_the_cache_repository_has_reaches_another_registry(self):
        spec = self.fresh_spec("minimal")
        cache = f"{self.registry.host}/ml/cache"
        self.push(spec, "--cache-to", cache, "-t", self.name, store=SHARED_STORE, env={})
        with DockerRegistry() as elsewhere:
            name = f"{elsewhere.host}/ml/app:1"
            self.assertEqual(self.push(spec, "-t", name, "--cache-from", cache)["images"][0]["layers_in_registry"], 4)
            subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://" + name, f"dir:{self.directory}/copy"],
                           check=True, capture_output=True, timeout=120)

    def test_a_cache_repository_that_fails_is_a_warning(self):
        spec = self.fresh_spec("minimal")
        self.assertIn("is not used as a cache", self.build(spec, "--cache-to", "localhost:9/ml/cache").err)
        self.assert_fails(run("build", spec, "--cache-to", f"{self.registry.host}/ml/cache:1"), 2, "names an image")
        self.assert_fails(run("build", spec, "--cache-to", "cache"), 2, "names no registry")

    def test_what_another_program_pushed_tells_nothing(self):
        spec = self.fresh_spec("minimal")
        self.build(spec, "-o", f"oci:{self.directory}/layout", "-t", "app:1")
        subprocess.run(["skopeo", "copy", "--dest-tls-verify=false", "--format", "v2s2", f"oci:{self.directory}/layout:1", "docker://" + self.name],
                       check=True, capture_output=True, timeout=120)
        built = self.push(spec, store=SHARED_STORE, env={})
        self.assertEqual(built["images"][0]["layers_in_registry"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
