"""Bills of materials: valid for the validators of others, true to the lock, the same each time, and attached to what is pushed."""

import hashlib
import json
import pathlib
import subprocess
import sys
import urllib.request

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, main, run

# Official schemas come with them. The second needs the schemas' own validator.
VALIDATORS = ("spdx-tools==0.8.3", "cyclonedx-python-lib[json-validation]==8.5.0")
CHECK_SPDX = """
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
document = parse_file(sys.argv[1])
messages = [message.validation_message for message in validate_full_spdx_document(document)]
print(len(document.packages)); sys.exit("\\n".join(messages[:20]) or 0)
"""
CHECK_CYCLONEDX = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
"""


def validator():
    """A Python that has the validators, made once beside the shared store."""
    directory = pathlib.Path(SHARED_STORE).parent / "sbom-validators"
    python = directory / "bin" / "python"
    if not (directory / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", directory], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *VALIDATORS], check=True)
        (directory / "ready").touch()
    return python


class Sbom(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")

    def sbom(self, form, source=None):
        return self.assert_ok(run("sbom", source or self.spec, "--format", form, "--store", SHARED_STORE)).out

    def check(self, script, text):
        file = self.directory / "sbom.spdx.json"
        file.write_text(text)
        done = subprocess.run([validator(), "-c", script, file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)

    def test_validators_of_others_have_nothing_to_say(self):
        for source in (self.spec, f"oci:{self.layout()}"):
            self.check(CHECK_SPDX, self.sbom("spdx", source))
            self.check(CHECK_CYCLONEDX, self.sbom("cyclonedx", source))

    def test_a_damaged_one_is_refused(self):
        with self.assertRaises(AssertionError):
            self.check(CHECK_CYCLONEDX, self.sbom("cyclonedx").replace('"container"', '"crate"'))
        with self.assertRaises(AssertionError):
            self.check(CHECK_SPDX, self.sbom("spdx").replace('"SPDXRef-layer-1"', '"SPDXRef-layer-x"', 1))

    def layout(self):
        directory = self.directory / "layout"
        self.build(self.spec, "--locked", "-o", f"oci:{directory}")
        return directory

    def test_packages_are_those_of_the_lock_with_their_digests(self):
        lock = json.loads(self.spec.with_suffix(".lock").read_text())["images"][0]
        wheels = {wheel["name"]: wheel["sha256"].removeprefix("sha256:") for wheel in lock["wheels"]}
        self.assertIn("tomli", wheels)
        document = json.loads(self.sbom("cyclonedx"))
        by_purl = {component["purl"]: component for component in document["components"]}
        libc = next(deb for deb in lock["base"]["packages"] if deb["name"] == "libc6")
        component = by_purl[f"pkg:deb/debian/libc6@{libc['version'].replace('+', '%2B')}?arch=amd64"]
        self.assertEqual(component["hashes"][0]["content"], libc["sha256"].removeprefix("sha256:"))
        for name, digest in wheels.items():
            found = [item for purl, item in by_purl.items() if purl.startswith(f"pkg:pypi/{name}@")]
            self.assertEqual([item["hashes"][0]["content"] for item in found], [digest], name)
        spdx = json.loads(self.sbom("spdx"))
        kinds = {relation["relationshipType"] for relation in spdx["relationships"]}
        self.assertEqual(kinds, {"DESCRIBES", "CONTAINS", "DEPENDS_ON"})
        self.assertIn(("SPDXRef-image", "SPDXRef-layer-1"),
                      {(relation["spdxElementId"], relation["relatedSpdxElement"]) for relation in spdx["relationships"]})

    def test_the_same_image_gives_the_same_bytes(self):
        for form in ("spdx", "cyclonedx"):
            first = self.sbom(form)
            self.assertEqual(self.sbom(form), first)
            self.assertNotIn(str(self.directory), first)

    def test_build_writes_them_beside_the_image_and_attaches_them(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            directory = self.directory / "out"
            for _ in range(2):  # a second time nothing is listed twice
                self.build(self.spec, "--locked", "-o", f"oci:{directory}", "--push", "-t", name, "--sbom", "spdx,cyclonedx")
            self.assertEqual(pathlib.Path(f"{directory}.spdx.json").read_text(), self.sbom("spdx"))
            digest = json.loads((directory / "index.json").read_text())["manifests"][0]["digest"]

            def read(path):
                request = urllib.request.Request(f"http://{registry.host}/v2/team/app/{path}", headers={"Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"})
                return urllib.request.urlopen(request).read()

            index = json.loads(read("manifests/" + digest.replace(":", "-")))
            self.assertEqual([item["artifactType"] for item in index["manifests"]], ["application/spdx+json", "application/vnd.cyclonedx+json"])
            artifact = json.loads(read("manifests/" + index["manifests"][0]["digest"]))
            self.assertEqual(artifact["subject"]["digest"], digest)
            self.assertEqual(artifact["config"]["mediaType"], "application/vnd.oci.empty.v1+json")
            content = read("blobs/" + artifact["layers"][0]["digest"])
            self.assertEqual("sha256:" + hashlib.sha256(content).hexdigest(), artifact["layers"][0]["digest"])
            self.assertEqual(content.decode(), self.sbom("spdx"))

    def test_nothing_is_attached_unasked_and_mistakes_get_a_way_out(self):
        with DockerRegistry() as registry:
            self.build(self.spec, "--locked", "--push", "-t", f"{registry.host}/team/app:1.0")
            self.assertEqual([path for _, path in registry.writes() if "sha256-" in path], [])
        self.assert_fails(run("build", self.spec, "--locked", "--sbom", "spdx", "--store", SHARED_STORE), 2, "no place to write")
        self.assert_fails(run("sbom", self.spec, "--format", "word", "--store", SHARED_STORE), 2, "no form of a bill of materials")


class Summary(CliTest):
    def test_a_pull_request_is_told_size_and_packages_also_of_what_was_refused(self):
        spec = self.locked_spec("minimal")
        page = self.directory / "page.md"
        self.build(spec, "--locked", "--summary", self.directory / "own.md", env={"GITHUB_STEP_SUMMARY": str(page)})
        self.assertEqual(page.read_text(), (self.directory / "own.md").read_text())
        self.assertRegex(page.read_text(), r"\| libc6 2\.36.* \| [0-9.]+ MB \|")
        spec.write_text(spec.read_text() + "budget: {compressed: 1MB}\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE, env={"GITHUB_STEP_SUMMARY": str(page)}), 4, "its budget of 1.0 MB")
        self.assertIn("**Not published: the image has", page.read_text())


if __name__ == "__main__":
    raise SystemExit(main())
