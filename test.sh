#!/usr/bin/env bash
# Installs what the tests need, builds, runs the whole suite through ctest. Arguments go to ctest, e.g. ./test.sh -LE network
set -euo pipefail
cd "$(dirname "$0")"
source third_party/install-packages.sh
install_packages build run test

export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}"
index=$(python3 -m pip config get global.index-url 2>/dev/null ||
        python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')
preset=${MLBUILD_PRESET:-debug}
cmake --preset "$preset" -DMLBUILD_DEFAULT_PYTHON_INDEX="${PIP_INDEX_URL:-$index}" >/dev/null
cmake --build --preset "$preset"
exec ctest --preset "$preset" -j "$(nproc)" "$@"
