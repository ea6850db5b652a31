# Sourced by quickstart.sh and test.sh: install_packages SECTION... installs what is missing of third_party/debian-packages.txt.
install_packages() {
  local wanted=() missing=() section=""
  while read -r line; do
    case "$line" in
      ''|'#'*) ;;
      '['*']') section=${line:1:-1} ;;
      *) for chosen in "$@"; do [ "$chosen" = "$section" ] && wanted+=("$line"); done ;;
    esac
  done < third_party/debian-packages.txt
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "error: these packages are missing and there is neither root nor sudo: ${missing[*]}" >&2; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -q >/dev/null || { echo "error: apt-get update failed; check the network and apt's sources" >&2; return 1; }
  # python3-pip comes without its recommended compilers, headers and documentation.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}
