#!/usr/bin/env bash
# Installs what the tests need, builds, runs the whole suite through ctest. Arguments go to ctest:
#   ./test.sh -L network      only the tests that need a Python index and a Debian mirror
#   ./test.sh -LE network     only those that need none; offline this works once the packages are installed
#   ./test.sh -R Spec         only those whose name matches
# MLBUILD_PRESET chooses the build: debug (default), release, asan-ubsan, tsan.
set -euo pipefail
cd "$(dirname "$0")"
source third_party/install-packages.sh

say() { printf '\n== %s\n' "$*"; }

say "1/3 packages"
install_packages build run test

preset=${MLBUILD_PRESET:-debug}
say "2/3 building ($preset)"
export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ccache}"
cmake --preset "$preset" -DMLBUILD_DEFAULT_PYTHON_INDEX="$(default_python_index)" >/dev/null
cmake --build --preset "$preset"

say "3/3 testing"
exec ctest --preset "$preset" -j "$(nproc)" "$@"
