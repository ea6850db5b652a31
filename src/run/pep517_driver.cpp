#include "pep517_driver.hpp"

namespace mlbuild {

// PEP 517, "Build backend interface"; PEP 518, "build-system table"; the answer for a missing table is PEP 517's
// "setuptools.build_meta:__legacy__". Requirements are checked by name, and by version where the root has a `packaging`
// (setuptools carries one).
std::string_view pep517_driver() {
  return R"python(import importlib
import importlib.metadata
import json
import os
import sys


def build_system(source):
    path = os.path.join(source, "pyproject.toml")
    if not os.path.exists(path):
        return {}
    for name in ("tomllib", "tomli", "setuptools._vendor.tomli", "setuptools.extern.tomli"):
        try:
            toml = importlib.import_module(name)
            break
        except ImportError:
            continue
    else:
        sys.exit("mlbuild: pyproject.toml cannot be read: this Python has no tomllib, add `tomli` to requirements.build")
    with open(path, "rb") as file:
        return toml.load(file).get("build-system", {})


def backend_of(system, source):
    here = os.path.realpath(source)
    for entry in reversed(system.get("backend-path", [])):
        path = os.path.realpath(os.path.join(here, entry))
        if os.path.commonpath([path, here]) != here:
            sys.exit(f"mlbuild: backend-path `{entry}` leaves the source tree")
        sys.path.insert(0, path)
    module, _, attributes = system.get("build-backend", "setuptools.build_meta:__legacy__").partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    return backend


def requirement_class():
    for name in ("packaging", "setuptools._vendor.packaging", "setuptools.extern.packaging", "pip._vendor.packaging"):
        try:
            return importlib.import_module(name + ".requirements").Requirement
        except ImportError:
            continue
    return None


def is_met(text, parse):
    if parse is None:
        name = text
        for mark in " <>=!~;[(@":
            name = name.split(mark)[0]
    else:
        requirement = parse(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            return True
        name = requirement.name
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return parse is None or requirement.specifier.contains(version, prereleases=True)


def main(source, out, answer):
    os.dup2(2, 1)
    os.chdir(source)
    sys.path.pop(0)  # the directory of this file; PEP 517: the source tree is not importable unless backend-path says so
    system = build_system(source)
    backend = backend_of(system, source)
    wanted = list(system.get("requires", []))
    if hasattr(backend, "get_requires_for_build_wheel"):
        wanted += backend.get_requires_for_build_wheel()
    parse = requirement_class()
    missing = [text for text in dict.fromkeys(wanted) if not is_met(text, parse)]
    result = {"missing": missing} if missing else {"wheel": backend.build_wheel(out)}
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(result, file)


main(*sys.argv[1:])
)python";
}

}  // namespace mlbuild
