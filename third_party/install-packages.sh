# Sourced by quickstart.sh and test.sh.

# packages_of SECTION...: the packages that third_party/debian-packages.txt lists in these sections.
packages_of() {
  local line section="" chosen
  while read -r line; do
    case "$line" in
      ''|'#'*) ;;
      '['*']') section=${line:1:-1} ;;
      *) for chosen in "$@"; do [ "$chosen" != "$section" ] || echo "$line"; done ;;
    esac
  done < third_party/debian-packages.txt
}

# install_packages SECTION...: installs those that are missing, and needs neither network nor root when none is.
install_packages() {
  local package missing=() sudo=()
  for package in $(packages_of "$@"); do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "all Debian packages are there"
    return 0
  fi
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "error: these packages are missing, and there is neither root nor sudo to install them" >&2; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -q >/dev/null ||
    { echo "error: apt-get update failed; installing needs the network and a Debian mirror in apt's sources" >&2; return 1; }
  # python3-pip shall come without the compilers, headers and documentation that it recommends.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}

# The index that pip asks when nobody says otherwise, for the compiled-in default: the repository names no host. What this host's pip
# configuration or PIP_INDEX_URL say is not compiled in (it may hold credentials); mlbuild reads both when it runs.
default_python_index() {
  /usr/bin/python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
}
