#!/usr/bin/env bash
# Every fuzz target, or those that are named, from its seeds on; what they find goes to build/fuzz/findings.
#   tests/fuzz/run_all.sh [--seconds N] [--jobs N] [FORMAT...]    N seconds each (600), so many at a time (as many as processors)
# Prints a line for each: how many inputs were tried, how many edges of the code were seen. Fails when any target found something.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=600 jobs=$(nproc)
while [[ ${1:-} = --* ]]; do
  case $1 in
    --seconds) seconds=$2 ;;
    --jobs) jobs=$2 ;;
    *) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
  esac
  shift 2
done
source third_party/install-packages.sh
install_packages build fuzz >&2
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >&2
[ $# -gt 0 ] || set -- $(sed -n 's/^mlbuild_fuzz(\([a-z_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)

export seconds work=build/fuzz/work findings=build/fuzz/findings
mkdir -p "$work" "$findings"
one() {
  local format=$1 status=0 log=$findings/$1.log
  rm -rf "${work:?}/$format"
  mkdir "$work/$format"
  # Of itself libFuzzer makes nothing longer than 4 KiB or the longest seed, and would not see nesting or doubling that takes more.
  build/fuzz/tests/fuzz/fuzz_"$format" -max_total_time="$seconds" -timeout=60 -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$findings/$format-" "$work/$format" "tests/fuzz/corpus/$format" >"$log" 2>&1 || status=$?
  printf '%-20s %s  %12s inputs  %s\n' "$format" "$([ "$status" = 0 ] && echo clean || echo FOUND)" \
    "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" "$(grep -o 'cov: [0-9]*' "$log" | tail -1)"
  rm -rf "${work:?}/$format"
  [ "$status" != 0 ] || rm "$log"
  return "$status"
}
export -f one
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" bash -c 'one "$1"' one
