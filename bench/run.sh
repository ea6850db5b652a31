#!/usr/bin/env bash
# One command for the figures; bench/README.md says what they mean.
#   bench/run.sh [--peers docker,buildkit,buildah,mlbuild-debs,mlbuild-zstd] [--case sklearn|torch|minimal] [--pull-by docker,containerd,containerd2,buildah,podman] [--bytecode on|off] [--rounds N] [--only cold|pull]
#                          mlbuild beside other builders, all scenarios; JSON and a table go to bench/results/
#   bench/run.sh --install-peers ...   installs them first (bench/install-peers.sh)
#   bench/run.sh --alone [--case sklearn|torch] [--runs N]     mlbuild alone, and layers from warm sources against their floor
#   bench/run.sh --push [--case ...] [--store DIR] [--runs N]  beside programs that only push: skopeo and, where Go is, crane
#   bench/run.sh --micro [...]         hash, inflate, deflate, tar, transmux, .deb, a plan of 1,000 wheels, each alone (Google Benchmark's options)
#   bench/run.sh --scale [...]         a thousand wheels, a hundred variants, ten thousand files, layers of 100 GB
#   bench/run.sh --inspect LAYOUT [--runs N]                   `mlbuild inspect` of an OCI layout beside merely inflating its layers
# Builds the release preset first.
set -euo pipefail
cd "$(dirname "$0")/.."
source third_party/install-packages.sh
install_packages build run test develop >&2
cmake --preset release -DMLBUILD_BENCH=ON -DMLBUILD_DEFAULT_PYTHON_INDEX="$(default_python_index)" >/dev/null
cmake --build --preset release --target mlbuild layers_bench micro_bench inflate_bench >&2
mlbuild=$PWD/build/release/src/cli/mlbuild
case ${1:-} in
  --alone)
    shift
    exec python3 bench/end_to_end.py --mlbuild "$mlbuild" --layers-bench build/release/bench/layers_bench "$@" ;;
  --push)
    shift
    export MLBUILD_GO_TOOLS=$PWD/build/release/go-tools
    crane=()
    if python3 tests/cli/go_tools.py >&2; then crane=(--crane "$(echo "$MLBUILD_GO_TOOLS"/bin/crane-*)"); fi
    exec python3 bench/push.py --mlbuild "$mlbuild" "${crane[@]}" "$@" ;;
  --micro)
    shift
    exec build/release/bench/micro_bench "$@" ;;
  --inspect)
    shift
    exec python3 bench/inspect_layers.py --mlbuild "$mlbuild" --inflate-bench build/release/bench/inflate_bench "$@" ;;
  --scale)
    shift
    exec python3 bench/scale.py --mlbuild "$mlbuild" --layers-bench build/release/bench/layers_bench "$@" ;;
esac
tools=$PWD/build/release/bench-tools
if [ "${1:-}" = --install-peers ]; then
  shift
  bench/install-peers.sh "$tools" >&2
fi
exec python3 bench/scenarios.py --mlbuild "$mlbuild" --tools "$tools" "$@"
