#!/usr/bin/env bash
# Times the main job in one run and prints JSON with the floor beside each figure.
#   bench/run.sh [--case sklearn|torch] [--runs N]
#   bench/run.sh --push [--case sklearn|torch] [--store DIR] [--runs N]   # bench/push.py: beside skopeo and, where Go is, crane
# Builds the release preset with the micro benches, then runs bench/end_to_end.py (cold, no-op, code change) and layers_bench
# (all wheels of the case from warm sources, against inflate + SHA-256 of the same wheels on one thread).
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release -DMLBUILD_BENCH=ON >/dev/null
cmake --build --preset release >&2
if [ "${1:-}" = --push ]; then
  shift
  export MLBUILD_GO_TOOLS=$PWD/build/release/go-tools
  crane=()
  if python3 tests/cli/go_tools.py >&2; then crane=(--crane "$(echo "$MLBUILD_GO_TOOLS"/bin/crane-*)"); fi
  exec python3 bench/push.py --mlbuild build/release/src/cli/mlbuild "${crane[@]}" "$@"
fi
exec python3 bench/end_to_end.py --mlbuild build/release/src/cli/mlbuild --layers-bench build/release/bench/layers_bench "$@"
