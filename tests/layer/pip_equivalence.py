#!/usr/bin/env python3
"""Compares wheel layers with what pip installs: names, bytes, modes and RECORD of every file.

usage: pip_equivalence.py WHEEL_TO_TAR [--wheels DIRECTORY] [--lock FILE]... [REQUIREMENT...]

Each wheel is installed alone by `pip install --no-deps --no-compile --prefix` and compared with the tar that WHEEL_TO_TAR
writes for it. What differs on purpose: INSTALLER, REQUESTED and direct_url.json (who installed it), __pycache__ (a layer of its
own), data/scripts without an x bit (always executable here), line ends of RECORD, and the text of entry point wrappers, which
are compared by what they call.
"""

import argparse
import ast
import concurrent.futures
import csv
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

# Ordinary ones, and those with something of their own: data files, headers, scripts, odd modes, executables, many files.
REQUIREMENTS = """
numpy==1.26.4 pandas==2.2.1 scikit-learn==1.4.2 scipy==1.13.0 boto3==1.34.69 botocore==1.34.69 protobuf==5.29.6
setuptools==70.0.0 jupyterlab==4.1.5 mlflow-skinny==2.12.1 dvc==3.50.0 aiohttp==3.9.3 pydantic-core==2.16.3 grpcio==1.62.1
greenlet==3.0.3 pip==24.0 wheel==0.43.0 ruff==0.3.4 cmake==3.28.4 click==8.1.7 PyYAML==6.0.1 cryptography==42.0.5
charset-normalizer==3.3.2 notebook==7.1.2 debugpy==1.8.1 gunicorn==21.2.0
""".split()

SITE = "lib/python3.11/site-packages/"
HEADERS = re.compile(r"^include/site/python3\.11/([^/]+)/")
PER_INSTALLER = {"INSTALLER", "REQUESTED", "direct_url.json"}
INTERPRETER = b"#!/usr/local/bin/python"


def run(command, **kwargs):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr.decode()}")
    return done


def make_pip(directory):
    """An interpreter with the plain layout: distributions patch the paths of their own."""
    venv.create(directory, with_pip=True)
    return os.path.join(directory, "bin", "python")


def download(python, requirements, directory):
    run([python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", directory, *requirements])


def is_compared(path):
    if "__pycache__" in path.split("/"):
        return False
    return not (os.path.dirname(path).endswith(".dist-info") and os.path.basename(path) in PER_INSTALLER)


def normal(path):
    """pip names the headers' directory after the requirement as it was written."""
    found = HEADERS.match(path)
    if found:
        name = re.sub(r"[-_.]+", "-", found.group(1)).lower()
        return f"include/site/python3.11/{name}/" + path[found.end():]
    return path


def read_content(file, path, size):
    """The bytes; of a large file its digest, as libraries of 1 GB are compared, too. RECORD is compared by rows."""
    if size <= 1 << 20 or path.endswith("/RECORD"):
        return file.read()
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return b"sha256:" + digest.hexdigest().encode()


def installed_by_pip(python, wheel, prefix):
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-index", "--no-warn-script-location",
         "--ignore-installed", "--disable-pip-version-check", "--prefix", prefix, wheel], umask=0o022)
    files = {}
    for root, directories, names in os.walk(prefix):
        for name in directories + names:
            assert not os.path.islink(os.path.join(root, name)), name
        for name in names:
            full = os.path.join(root, name)
            path = os.path.relpath(full, prefix)
            if is_compared(path):
                with open(full, "rb") as content:
                    files[normal(path)] = (stat.S_IMODE(os.stat(full).st_mode), read_content(content, path, os.path.getsize(full)))
    return files


def installed_by_us(tool, wheel):
    files = {}
    with subprocess.Popen([tool, wheel], stdout=subprocess.PIPE) as process, tarfile.open(fileobj=process.stdout, mode="r|") as tar:
        for member in tar:
            if member.isdir():
                continue
            assert member.isfile() and member.name.startswith("usr/local/"), member
            path = member.name[len("usr/local/"):]
            if is_compared(path):
                files[normal(path)] = (member.mode, read_content(tar.extractfile(member), path, member.size))
        process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(f"{tool} {wheel}: exit {process.returncode}")
    return files


def call_of(script):
    """(module, attribute) that a wrapper imports and calls, whatever else its text is."""
    tree = ast.parse(script)
    imports = {name.asname or name.name: node.module for node in ast.walk(tree)
               if isinstance(node, ast.ImportFrom) for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "sys.exit" and node.args:
            called = ast.unparse(node.args[0].func)
            return imports.get(called.split(".")[0]), called
    return None


def data_scripts(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {"bin/" + name.split("/", 2)[2] for name in archive.namelist() if re.match(r"[^/]+\.data/scripts/", name)}


def record_rows(content):
    rows = {}
    for path, hashed, size in csv.reader(io.StringIO(content.decode(), newline="")):
        if is_compared(path):
            rows[normal(path)] = (hashed, size)
    return rows


def compare(tool, python, wheel):
    problems = []
    with tempfile.TemporaryDirectory() as prefix:
        theirs = installed_by_pip(python, wheel, prefix)
    ours = installed_by_us(tool, wheel)
    scripts = data_scripts(wheel)
    interpreter = b"#!" + python.encode()
    if set(ours) != set(theirs):
        problems.append(f"only pip: {sorted(set(theirs) - set(ours))[:5]}, only mlbuild: {sorted(set(ours) - set(theirs))[:5]}")
    rewritten = set()
    for path in sorted(set(ours) & set(theirs)):
        (our_mode, our_bytes), (their_mode, their_bytes) = ours[path], theirs[path]
        if our_mode != (0o755 if path in scripts else their_mode):
            problems.append(f"{path}: mode {our_mode:o}, pip has {their_mode:o}")
        if path.endswith(".dist-info/RECORD"):
            record = path
        elif path.startswith("bin/") and path not in scripts:
            rewritten.add(path)
            if call_of(our_bytes) is None or call_of(our_bytes) != call_of(their_bytes):
                problems.append(f"{path}: calls {call_of(our_bytes)}, pip's calls {call_of(their_bytes)}")
        elif path in scripts and their_bytes.startswith(interpreter):
            rewritten.add(path)
            if our_bytes != INTERPRETER + their_bytes[len(interpreter):]:
                problems.append(f"{path}: rewritten script differs")
        elif our_bytes != their_bytes:
            problems.append(f"{path}: content differs")
    our_rows, their_rows = record_rows(ours[record][1]), record_rows(theirs[record][1])
    for path in sorted(set(our_rows) | set(their_rows)):
        installed = os.path.normpath(SITE + path)
        if installed in rewritten:
            if path not in our_rows or path not in their_rows:
                problems.append(f"RECORD row of {path} is missing")
        elif our_rows.get(path) != their_rows.get(path):
            problems.append(f"RECORD row of {path}: {our_rows.get(path)}, pip has {their_rows.get(path)}")
    return problems, len(ours)


def locked_wheels(lock):
    """File name -> SHA-256, and the requirements that name them."""
    wheels = [wheel for image in json.loads(Path(lock).read_text())["images"] for wheel in image["wheels"]]
    hashes = {wheel["filename"]: wheel["sha256"].removeprefix("sha256:") for wheel in wheels}
    return hashes, [f"{wheel['name']}=={wheel['version']}" for wheel in wheels]


def check_hashes(hashes, directory):
    for name, expected in hashes.items():
        with open(os.path.join(directory, name), "rb") as wheel:
            if hashlib.file_digest(wheel, "sha256").hexdigest() != expected:
                raise SystemExit(f"{name} is not the wheel of the lock")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--wheels", help="compare the wheels of this directory instead of downloading")
    parser.add_argument("--lock", action="append", default=[], help="compare the wheels of this lock")
    parser.add_argument("requirements", nargs="*")
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        raise SystemExit("the default scheme is that of python 3.11: run this test with it")
    failed = 0
    with tempfile.TemporaryDirectory() as downloads, tempfile.TemporaryDirectory() as environment:
        python = make_pip(environment)
        for lock in options.lock:
            hashes, requirements = locked_wheels(lock)
            download(python, requirements, downloads)
            check_hashes(hashes, downloads)
        if not options.wheels and not options.lock:
            download(python, options.requirements or REQUIREMENTS, downloads)
        wheels = sorted(Path(options.wheels or downloads).glob("*.whl"))
        if not wheels:
            raise SystemExit("no wheels to compare")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for wheel, result in zip(wheels, pool.map(lambda wheel: compare(options.tool, python, wheel), wheels)):
                problems, count = result
                print(f"{'DIFFERS' if problems else 'equal'}  {wheel.name}  ({count} files)")
                for problem in problems[:20]:
                    print(f"    {problem}")
                failed += bool(problems)
    print(f"{len(wheels) - failed} of {len(wheels)} wheels equal pip's installation")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
