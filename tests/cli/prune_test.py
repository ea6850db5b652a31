"""`prune:` leaves files of wheels out, and what was imported before is imported still."""

import base64
import csv
import hashlib
import io
import json
import tarfile

from support import SHARED_STORE, CliTest, layout_blob, layout_manifest, main, run

SITE = "usr/local/lib/python3.11/site-packages/"
MODULES = ["sklearn", "sklearn.svm", "sklearn.ensemble", "pandas", "numpy", "numpy.linalg", "scipy", "scipy.stats", "scipy.optimize", "mlflow", "yaml"]
POLICY = "prune: {tests: true, type-stubs: true, headers: true, static-libraries: true, sources: true, documentation: true}\n"


class Prune(CliTest):
    def contents(self, layout):
        files = {}
        for layer in layout_manifest(layout)["layers"]:
            with tarfile.open(fileobj=io.BytesIO(layout_blob(layout, layer["digest"])), mode="r:gz") as tar:
                files.update({member.name: tar.extractfile(member).read() for member in tar if member.isfile() and member.name.startswith(SITE)})
        return files

    def built(self, name, more=""):
        spec = self.directory / name / "mlbuild.yaml"
        if not spec.exists():
            self.locked_spec("sklearn-train").parent.rename(spec.parent)
        spec.write_text(spec.read_text() + more)
        done = self.build(spec, "-o", f"oci:{spec.parent}/out", "--format", "json")
        return spec.parent / "out", done

    def test_files_go_records_stay_true_and_imports_work(self):
        plain, _ = self.built("plain")
        checks = "\ncheck: {imports: [" + ", ".join(MODULES) + "]}\n" if "check:" not in (self.directory / "plain/mlbuild.yaml").read_text() else "\n"
        pruned, _ = self.built("pruned", checks + POLICY)  # the build fails when an import does
        before, after = self.contents(plain), self.contents(pruned)
        gone = set(before) - set(after)
        self.assertEqual(set(after) - set(before), set())
        self.assertGreater(sum(len(before[path]) for path in gone), 40_000_000)
        self.assertFalse([path for path in after if "/tests/" in path or path.endswith((".pyi", ".a", ".pxd"))])
        self.assertTrue([path for path in gone if "/tests/__pycache__/" in path], "bytecode follows")
        for path in [path for path in after if path.endswith(".dist-info/RECORD")]:
            for name, claim, _ in csv.reader(io.StringIO(after[path].decode())):
                if name.startswith("../") or not claim:
                    continue
                digest = base64.urlsafe_b64encode(hashlib.sha256(after[SITE + name]).digest()).rstrip(b"=").decode()
                self.assertEqual(claim, "sha256=" + digest, name)

    def test_the_audit_tells_what_it_saves(self):
        out, _ = self.built("plain")
        told = json.loads(self.assert_ok(run("audit", out.parent / "mlbuild.yaml", "--store", SHARED_STORE, "--format", "json", "--rule", "prune")).out)
        tests = next(finding for finding in told["findings"] if finding["title"].startswith("tests"))
        pruned, _ = self.built("pruned", "\nprune: {tests: true}\n")
        before, after = self.contents(out), self.contents(pruned)
        saved = sum(len(before[path]) for path in set(before) - set(after) if not path.endswith(".pyc"))
        self.assertEqual(tests["saves"]["plain_bytes"], saved)

    def test_exceptions_are_kept_and_without_a_policy_nothing_changes(self):
        plain, _ = self.built("plain")
        same, _ = self.built("same", "\nprune: {tests: false, keep: [numpy]}\n")
        self.assertEqual(layout_manifest(plain)["layers"], layout_manifest(same)["layers"])
        kept, _ = self.built("kept", "\nprune: {tests: true, keep: [numpy, scipy/stats]}\n")
        files = self.contents(kept)
        self.assertTrue([path for path in files if path.startswith(SITE + "numpy/") and "/tests/" in path])
        self.assertTrue([path for path in files if path.startswith(SITE + "scipy/stats/tests/")])
        self.assertFalse([path for path in files if path.startswith(SITE + "scipy/linalg/tests/")])


if __name__ == "__main__":
    raise SystemExit(main())
