#!/usr/bin/env bash
# Installs what mlbuild is compared with: Debian's docker, containerd, buildah, podman and registry, and
# BuildKit and containerd 2 from their Go modules where Go is there.
# Nothing of mlbuild needs any of it.
#   bench/install-peers.sh [DIRECTORY]    these go to DIRECTORY/bin (default: build/release/bench-tools)
set -euo pipefail
cd "$(dirname "$0")/.."
directory=${1:-$PWD/build/release/bench-tools}
missing=()
for package in docker.io docker-registry containerd buildah podman runc; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
python3 bench/go_peers.py "$directory"
