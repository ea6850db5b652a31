#include "mlbuild/debian/base_set.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mlbuild::debian {
namespace {

// Files and accounts that every root has, and libstdc++, which two of three compiled wheels need.
constexpr std::array<std::string_view, 3> kEveryRoot = {"base-files", "base-passwd", "libstdc++6"};

// What every image has besides: CA certificates, time zones (in nobody's closure), service names.
constexpr std::array<std::string_view, 4> kEveryBase = {"netbase", "tzdata", "ca-certificates", "media-types"};

// Debian's Essential packages without dpkg. usr-is-merged stands in for usrmerge, which would bring perl's full
// library.
constexpr std::array<std::string_view, 21> kSlim = {
    "bash",        "bsdutils",  "coreutils", "dash",           "debianutils", "diffutils",  "findutils",
    "grep",        "gzip",      "hostname",  "libc-bin",       "login",       "mawk",       "ncurses-base",
    "ncurses-bin", "perl-base", "sed",       "sysvinit-utils", "tar",         "util-linux", "usr-is-merged"};

// Only maintainer scripts and installers run these. dpkg is left out of slim too: it would not find its database, which
// is kept in the form that scanners read (status.d), and would say that nothing is installed.
constexpr std::array<std::string_view, 4> kInstallTools = {"dpkg", "debconf", "init-system-helpers", "usrmerge"};
constexpr std::array<std::string_view, 4> kShellTools = {"tar", "mawk", "perl-base", "openssl"};
// Libraries of the tools above. A package of `system.runtime` that needs one brings it back.
constexpr std::array<std::string_view, 6> kToolLibraries = {"libacl1",      "libdebconfclient0", "libmd0",
                                                            "libpcre2-8-0", "libselinux1",       "libzstd1"};

template <class Names>
void append(std::vector<std::string>& to, const Names& names) {
  to.insert(to.end(), names.begin(), names.end());
}

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

BaseSet sorted(BaseSet set) {
  std::sort(set.wanted.begin(), set.wanted.end());
  std::sort(set.dropped.begin(), set.dropped.end());
  return set;
}

BaseSet without_shell(std::string_view python_version) {
  BaseSet set;
  append(set.wanted, kEveryRoot);
  // Not `python3`: its -minimal part depends on dpkg, and its links are made in /usr/local instead.
  set.wanted.push_back("python" + std::string(python_version));
  append(set.dropped, kInstallTools);
  append(set.dropped, kShellTools);
  append(set.dropped, kToolLibraries);
  return set;
}

}  // namespace

BaseSet interpreter_set(std::string_view python_version) { return sorted(without_shell(python_version)); }

BaseSet base_set(bool slim, std::string_view python_version) {
  BaseSet set = without_shell(python_version);
  append(set.wanted, kEveryBase);
  if (slim) {
    append(set.wanted, kSlim);
    set.dropped.assign(kInstallTools.begin(), kInstallTools.end());
  }
  return sorted(std::move(set));
}

bool is_install_tool(std::string_view name) { return contains(kInstallTools, name) || contains(kShellTools, name); }

}  // namespace mlbuild::debian
