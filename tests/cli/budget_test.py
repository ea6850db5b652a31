"""Size budgets stop a build before anything gets a name."""

import json
import random

from docker_registry import DockerRegistry
from layout import INDEX, Layout, tagged
from support import SHARED_STORE, CliTest, main, run


class Budget(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        self.registry = self.enterContext(DockerRegistry())
        self.name = f"{self.registry.host}/team/app:1.0"

    def push(self, budget):
        spec = self.spec.with_name("with-budget.yaml")
        spec.write_text(self.spec.read_text() + f"budget: {budget}\n")
        spec.with_suffix(".lock").write_bytes(self.spec.with_suffix(".lock").read_bytes())
        return run("build", spec, "--locked", "--push", "-t", self.name, "--store", SHARED_STORE, "--format", "json")

    def manifests(self):
        return [path for method, path in self.registry.writes() if method == "PUT" and "/manifests/" in path]

    def test_an_image_above_its_budget_is_not_published(self):
        done = self.assert_fails(self.push("{compressed: 1MB}"), 4)
        error = json.loads(done.err.splitlines()[-1]) if done.err.startswith("{") else done.err
        self.assertIn("its budget of 1.0 MB", str(error))
        self.assertIn("libc6", str(error))
        self.assertIn("with-budget.yaml", str(error))
        self.assertEqual(self.manifests(), [])

    def test_growth_is_measured_against_what_is_behind_the_name(self):
        first = self.assert_ok(self.push("{growth: 0%, compressed: 100MB}"))
        self.assertIn("`budget.growth` was not looked at", first.err)
        second = self.assert_ok(self.push("{growth: 0%, compressed: 100MB}"))
        self.assertIn(f"0 B more than {self.name}", json.loads(second.out)["images"][0]["budget"])
        (self.spec.parent / "hello.py").write_bytes(random.Random(1).randbytes(100_000))
        grown = self.assert_fails(self.push("{growth: 1kB}"), 4, "the image grew by", "app")
        self.assertIn(self.name, grown.err)
        self.assertEqual(len(self.manifests()), 1)

    def test_an_image_for_another_platform_is_nothing_to_compare_with(self):
        layout = Layout(self.spec.parent / "before")
        image = layout.image("arm64", {"hello": "small"})
        many = layout.json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image]}, INDEX)
        layout.write_index(tagged(image, "one"), tagged(many, "many"))
        for tag in ("one", "many"):
            done = self.assert_ok(self.push(f"{{growth: 0%, against: 'oci:before:{tag}'}}"))
            self.assertIn("`budget.growth` was not looked at", done.err)


if __name__ == "__main__":
    raise SystemExit(main())
