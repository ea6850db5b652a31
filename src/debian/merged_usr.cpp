#include "mlbuild/debian/merged_usr.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mlbuild::debian {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kLinks = {{{"bin", "usr/bin"},
                                                                                  {"sbin", "usr/sbin"},
                                                                                  {"lib", "usr/lib"},
                                                                                  {"lib32", "usr/lib32"},
                                                                                  {"lib64", "usr/lib64"},
                                                                                  {"libx32", "usr/libx32"},
                                                                                  {"var/run", "run"},
                                                                                  {"var/lock", "run/lock"}}};

}  // namespace

std::string merged_usr_path(std::string_view path) {
  for (const auto& [link, target] : kLinks) {
    if (path == link) return std::string(target);
    if (path.starts_with(link) && path[link.size()] == '/') return std::string(target).append(path.substr(link.size()));
  }
  return std::string(path);
}

bool is_merged_link(std::string_view path) {
  return std::any_of(kLinks.begin(), kLinks.end(), [&](const auto& link) { return link.first == path; });
}

}  // namespace mlbuild::debian
