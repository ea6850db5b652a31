#include "base_places.hpp"

#include "mlbuild/base/path_parts.hpp"

#include <algorithm>
#include <array>

namespace mlbuild::spec {
namespace {

// Packages base-files and libpython3.11 of Debian bookworm, and where wheels are installed to. The two links in /var
// are here too: a file in their place would cut /run off as well.
constexpr std::array<std::string_view, 45> kDirectories{"boot",
                                                        "etc",
                                                        "home",
                                                        "media",
                                                        "mnt",
                                                        "opt",
                                                        "root",
                                                        "run",
                                                        "srv",
                                                        "tmp",
                                                        "usr",
                                                        "usr/bin",
                                                        "usr/games",
                                                        "usr/lib",
                                                        "usr/lib32",
                                                        "usr/lib64",
                                                        "usr/lib/aarch64-linux-gnu",
                                                        "usr/lib/python3",
                                                        "usr/lib/python3.11",
                                                        "usr/lib/python3/dist-packages",
                                                        "usr/lib/x86_64-linux-gnu",
                                                        "usr/libx32",
                                                        "usr/local",
                                                        "usr/local/bin",
                                                        "usr/local/etc",
                                                        "usr/local/include",
                                                        "usr/local/lib",
                                                        "usr/local/lib/python3.11",
                                                        "usr/local/lib/python3.11/dist-packages",
                                                        "usr/local/lib/python3.11/site-packages",
                                                        "usr/local/sbin",
                                                        "usr/local/share",
                                                        "usr/sbin",
                                                        "usr/share",
                                                        "usr/share/doc",
                                                        "usr/src",
                                                        "var",
                                                        "var/cache",
                                                        "var/lib",
                                                        "var/lib/dpkg",
                                                        "var/lock",
                                                        "var/log",
                                                        "var/run",
                                                        "var/spool",
                                                        "var/tmp"};

constexpr std::string_view kInterpreter = "it is the interpreter; choose another directory, such as `/app`";

constexpr std::array<BasePlace, 7> kNoDirectories{{{"var/run", "it is a link to `/run`; write that"},
                                                   {"var/lock", "it is a link to `/run/lock`; write that"},
                                                   {"usr/bin/python3", kInterpreter},
                                                   {"usr/bin/python3.11", kInterpreter},
                                                   {"usr/local/bin/python", kInterpreter},
                                                   {"usr/local/bin/python3", kInterpreter},
                                                   {"usr/local/bin/python3.11", kInterpreter}}};

}  // namespace

bool is_base_directory(std::string_view path_in_image) {
  return std::ranges::find(kDirectories, path_in_image) != kDirectories.end();
}

const BasePlace* base_place_above(std::string_view path_in_image) {
  const auto found = std::ranges::find_if(
      kNoDirectories, [&](const BasePlace& place) { return is_at_or_below(path_in_image, place.path); });
  return found == kNoDirectories.end() ? nullptr : &*found;
}

}  // namespace mlbuild::spec
