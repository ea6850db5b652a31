"""`mlbuild check` on many popular wheels, against what Python in the image says when it really imports and loads them."""

import json
import pathlib
import shutil
import subprocess
import sys

from support import CliTest, ROOT, SHARED_STORE, main, run

# Opens every extension module, and whatever else is named, in a process of its own, beside nothing but the interpreter.
OPEN = r"""
import ctypes, importlib.machinery, json, os, sys, sysconfig
site = sysconfig.get_path("purelib")
suffixes = [suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES if suffix != ".so"]
files = {os.path.join(folder, name) for folder, _, names in os.walk(site) for name in names if any(map(name.endswith, suffixes))}
files |= set(sys.argv[1:])
failed = {}
for file in sorted(files):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            ctypes.CDLL(file)
        except OSError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    message = os.read(reading, 4000).decode()
    os.close(reading)
    os.wait()
    if "cannot open shared object file" in message or "' not found" in message:
        failed[file.lstrip("/")] = message
print(json.dumps({"opened": len(files), "failed": failed}))
"""

# Imports modules, each in a process of its own.
IMPORT = r"""
import json, subprocess, sys
said = {}
for module in sys.argv[1:]:
    done = subprocess.run([sys.executable, "-c", "import " + module], capture_output=True, text=True)
    said[module] = done.stderr.strip().splitlines()[-1] if done.returncode else ""
print(json.dumps(said))
"""

MODULES = {"numpy": "numpy", "scipy": "scipy.linalg", "pandas": "pandas", "scikit-learn": "sklearn.svm", "lightgbm": "lightgbm",
           "xgboost": "xgboost", "opencv-python": "cv2", "pillow": "PIL.Image", "matplotlib": "matplotlib.pyplot", "pyarrow": "pyarrow",
           "lxml": "lxml.etree", "psycopg2-binary": "psycopg2", "grpcio": "grpc", "protobuf": "google.protobuf.message",
           "cryptography": "cryptography.hazmat.bindings._rust", "onnxruntime": "onnxruntime", "shapely": "shapely",
           "rasterio": "rasterio", "h5py": "h5py", "tables": "tables", "numba": "numba", "llvmlite": "llvmlite.binding",
           "scikit-image": "skimage.filters", "soundfile": "soundfile", "pyzmq": "zmq", "orjson": "orjson", "uvloop": "uvloop",
           "pyodbc": "pyodbc", "tokenizers": "tokenizers", "safetensors": "safetensors", "sentencepiece": "sentencepiece",
           "polars": "polars", "duckdb": "duckdb", "statsmodels": "statsmodels.api", "catboost": "catboost", "aiohttp": "aiohttp",
           "pyyaml": "yaml", "msgpack": "msgpack", "greenlet": "greenlet", "bcrypt": "bcrypt", "cffi": "cffi", "pyproj": "pyproj",
           "av": "av", "faiss-cpu": "faiss", "onnx": "onnx", "zstandard": "zstandard", "regex": "regex", "psutil": "psutil",
           "rapidfuzz": "rapidfuzz", "pynacl": "nacl.bindings"}


class Image:
    """What `check` says of an image, and what Python in it says."""

    def __init__(self, test, place, *arguments):
        self.test, self.place, self.arguments = test, place, arguments
        done = run("check", "libraries", place, "--store", SHARED_STORE, "--format", "json", *arguments)
        self.code, self.report = done.returncode, json.loads(done.out)["libraries"]

    def problems(self, *severities):
        return [problem for problem in self.report["problems"] if problem["severity"] in severities]

    def inside(self, program, *arguments):
        done = run("run", self.place, "--network", "none", "--store", SHARED_STORE, *self.arguments, "--", "python", "-c", program,
                   *arguments)
        return json.loads(self.test.assert_ok(done).out)

    def opened(self):
        """Opens all modules, and the files that are told about."""
        named = {"/" + file for problem in self.report["problems"] for file in problem["files"] if ".so" in file}
        return self.inside(OPEN, *sorted(named))


class Wheels(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.directory / "mlbuild.yaml"
        self.spec.write_text((pathlib.Path(__file__).parent / "wheels.yaml").read_text())

    def built(self, name):
        self.build(self.spec, "-o", f"oci:{self.directory / name}")
        return Image(self, f"oci:{self.directory / name}")

    def test_the_closure_agrees_with_really_importing(self):
        image = self.built("bare")
        said = image.opened()
        self.assertGreater(said["opened"], 500)
        told = {file for problem in image.report["problems"] for file in problem["files"] if ".so" in file}
        self.assertEqual(told, set(said["failed"]), said["failed"])
        for file, message in said["failed"].items():  # the loader names the first one only
            libraries = [problem["library"] for problem in image.report["problems"] if file in problem["files"]]
            self.assertTrue(any(library in message for library in libraries), (message, libraries))

        errors = {problem["package"].split()[1] for problem in image.problems("error")}
        imports = image.inside(IMPORT, *MODULES.values())
        for project, module in MODULES.items():
            with self.subTest(project):
                self.assertEqual(bool(imports[module]), project in errors, imports[module])
        install = {(problem["package"].split()[1], problem["install"]["name"]) for problem in image.problems("error")}
        self.assertEqual({("opencv-python", "libgl1"), ("opencv-python", "libglib2.0-0"), ("lightgbm", "libgomp1"),
                          ("pyodbc", "libodbc2")}, install)
        self.assertEqual(image.code, 4)
        self.pip_agrees(image)
        shutil.rmtree(self.directory / "bare")

        # The gate stops the build, and what it says to install makes everything work.
        self.spec.write_text(self.spec.read_text() + "check:\n  libraries: error\n")
        self.assert_fails(run("build", self.spec, "--store", SHARED_STORE), 4, "lib_lightgbm.so", "libgomp.so.1", "libgomp1",
                          "mlbuild.yaml:", "libraries: error")
        packages = ", ".join(image.report["system_runtime"])
        self.spec.write_text(self.spec.read_text() + f"system:\n  runtime: [{packages}]\n")
        mended = self.built("mended")
        self.assertEqual((mended.problems("error"), mended.code), ([], 0))
        self.assertEqual({module: said for module, said in mended.inside(IMPORT, *MODULES.values()).items() if said}, {})

    def pip_agrees(self, image):
        """`pip check`, with this machine's pip run by the image's Python, finds the same."""
        done = run("check", "conflicts", image.place, "--store", SHARED_STORE, "--format", "json")
        conflicts = json.loads(done.out)["conflicts"]["conflicts"]
        ours = {conflict["text"].split(" needs ")[0] for conflict in conflicts if conflict["kind"] in ("missing", "version")}
        place = pathlib.Path(subprocess.run([sys.executable, "-c", "import pip; print(pip.__path__[0])"], capture_output=True,
                                            text=True, check=True).stdout.strip())
        pip = run("run", image.place, "--network", "none", "--store", SHARED_STORE, "--mount", f"{place}:/pip/pip:ro", "--env",
                  "PYTHONPATH=/pip", "--", "python", "-m", "pip", "check")
        self.assertIn(pip.returncode, (0, 1), pip.err)
        theirs = {" ".join(line.split()[:2]).lower().replace("_", "-") for line in pip.out.splitlines()
                  if " requires " in line or " has requirement " in line}
        self.assertEqual(ours, theirs, pip.out)


class Torch(CliTest):
    def test_torch_wants_nothing_but_the_driver(self):
        spec = self.fresh_spec("torch-cuda")
        store = ("--store", SHARED_STORE)
        value = json.loads(self.assert_ok(run("check", "libraries", "conflicts", "gpu", spec, *store, "--format", "json")).out)
        report = value["libraries"]
        self.assertEqual([problem for problem in report["problems"] if problem["severity"] == "error"], [])
        drivers = {problem["library"] for problem in report["problems"] if problem["severity"] == "driver"}
        self.assertEqual(drivers, {"libcuda.so.1"})
        self.assertEqual(value["conflicts"]["conflicts"], [])
        code = {package["package"]: package["code"] for package in value["gpu"]["packages"]}
        # What torch.cuda.get_arch_list() of this release says.
        self.assertEqual(code["wheel torch 2.3.1"], ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"])

    def test_capabilities_without_code_and_other_cuda_versions_are_told(self):
        spec = self.fresh_spec("torch-cuda")
        store = ("--store", SHARED_STORE)
        text = spec.read_text()
        spec.write_text(text + 'gpu:\n  cuda: "12.1"\n  architectures: ["8.9", "12.0"]\n')
        done = run("check", "gpu", spec, *store)
        self.assertEqual(done.returncode, 4, done.err)
        self.assertIn("wheel torch 2.3.1 has no code for compute capability 120", done.out)
        spec.write_text(text + 'gpu:\n  cuda: "11.8"\n')
        self.assert_fails(run("build", spec, *store), 2, "`gpu.cuda` is 11.8, but the lock has CUDA 12.1", "mlbuild.yaml:")


if __name__ == "__main__":
    raise SystemExit(main())
