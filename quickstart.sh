#!/usr/bin/env bash
# From a fresh Debian 12 machine to an image that trains: installs what is missing, builds mlbuild, builds the example image, proves it.
set -euo pipefail
cd "$(dirname "$0")"
source third_party/install-packages.sh

say() { printf '\n== %s\n' "$*"; }

say "1/4 packages"
install_packages build run

say "2/4 building mlbuild (a few minutes the first time)"
export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ccache}"
# apt's sources and this host's pip configuration are read by mlbuild itself.
cmake --preset release -DMLBUILD_TESTS=OFF -DMLBUILD_DEFAULT_PYTHON_INDEX="$(default_python_index)" >/dev/null
cmake --build --preset release
mlbuild=build/release/src/cli/mlbuild

say "3/4 mlbuild build specs/sklearn-train/mlbuild.yaml"
build_image() { "$mlbuild" build specs/sklearn-train/mlbuild.yaml -t sklearn-train:quickstart -o oci:out/sklearn-train; }
build_image || {
  # Debian's mirrors drop superseded versions, so the lock of an older checkout may name packages that are gone: lock again then.
  [ $? -eq 3 ] || exit 1
  echo "locking again, in case the mirrors dropped what the lock names"
  "$mlbuild" lock specs/sklearn-train/mlbuild.yaml
  build_image
}

say "4/4 proof: umoci unpacks it, its own Python imports and trains, without network and without the host's Python"
rm -rf out/bundle
rootless=()
as_root=()
[ "$(id -u)" -eq 0 ] || { rootless=(--rootless); as_root=(--map-root-user); }
umoci unpack "${rootless[@]}" --image out/sklearn-train:quickstart out/bundle
in_image() {
  unshare "${as_root[@]}" --net chroot out/bundle/rootfs /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 \
    /bin/sh -c 'cd /app && exec "$@"' sh "$@"
}
in_image python -c 'import sklearn, pandas, numpy, mlflow, boto3, pandera, dvc; print("imports: ok")'
in_image python -m pipeline.main
rm -rf out/bundle

cat <<END

The image is in out/sklearn-train (an OCI layout). What to try next:
  $mlbuild build specs/sklearn-train/mlbuild.yaml -o oci:out/sklearn-train     # again: nothing to do
  $mlbuild plan --explain specs/sklearn-train/mlbuild.yaml                     # after you changed a line in pipeline/
  $mlbuild build specs/sklearn-train/mlbuild.yaml -o docker:out/image.tar && docker load -i out/image.tar
  skopeo copy oci:out/sklearn-train:quickstart docker://REGISTRY/NAME:TAG
  $mlbuild --help
END
