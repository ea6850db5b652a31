#include "package_files.hpp"

#include "mlbuild/base/path_parts.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace mlbuild {
namespace {

constexpr std::string_view kDatabase = "var/lib/dpkg/";
constexpr std::string_view kInfo = "var/lib/dpkg/info/";
constexpr std::string_view kStatusDirectory = "var/lib/dpkg/status.d/";

bool tells_distribution(std::string_view path) { return is_record(path) || is_metadata(path); }

/// What has to be on sys.path: "lib/site-packages" of "lib/site-packages/a-1.0.dist-info/METADATA".
std::string_view place_of(std::string_view path) { return parent_of(parent_of(path)); }

bool is_site(std::string_view directory) {
  return name_of(directory) == "site-packages" || name_of(directory) == "dist-packages";
}

/// conda unpacks to pkgs/NAME-VERSION-BUILD/, and links from there into environments.
bool is_in_conda_cache(std::string_view directory) {
  for (std::string_view at = directory; !at.empty(); at = parent_of(at)) {
    if (name_of(parent_of(at)) == "pkgs" && std::ranges::count(name_of(at), '-') >= 2) return true;
  }
  return false;
}

/// Elsewhere than in site-packages any directory may be on sys.path; but a package has no such directory inside.
bool is_inside_package(std::string_view directory, const std::set<std::string, std::less<>>& places) {
  for (std::string_view at = parent_of(directory); !at.empty(); at = parent_of(at)) {
    if (is_site(at) || places.contains(at)) return true;
  }
  return false;
}

}  // namespace

bool is_record(std::string_view path) { return path.ends_with(".dist-info/RECORD"); }
bool is_metadata(std::string_view path) { return path.ends_with(".dist-info/METADATA"); }

void keep_installed(std::map<std::string, std::string_view>& texts) {
  std::set<std::string, std::less<>> places;
  for (const auto& [path, text] : texts) {
    if (tells_distribution(path)) places.emplace(place_of(path));
  }
  std::erase_if(texts, [&](const auto& text) {
    if (!tells_distribution(text.first)) return false;
    const std::string_view place = place_of(text.first);
    return is_site(place) ? is_in_conda_cache(place) : is_inside_package(place, places);
  });
}

bool is_dpkg_status(std::string_view path) {
  if (path.starts_with(kStatusDirectory)) return !path.ends_with(".md5sums");
  return path == "var/lib/dpkg/status";
}

bool is_dpkg_list(std::string_view path) { return path.starts_with(kInfo) && path.ends_with(".list"); }

bool is_dpkg_sums(std::string_view path) { return path.starts_with(kStatusDirectory) && path.ends_with(".md5sums"); }

bool tells_package(std::string_view path) {
  if (path.starts_with(kDatabase)) return is_dpkg_status(path) || is_dpkg_list(path) || is_dpkg_sums(path);
  return tells_distribution(path);
}

bool configures_loader(std::string_view path) {
  return path == "etc/ld.so.conf" || (path.starts_with("etc/ld.so.conf.d/") && path.ends_with(".conf"));
}

std::string_view dpkg_package(std::string_view path) {
  std::string_view name = name_of(path);
  name = name.substr(0, path.starts_with(kInfo) ? name.find_last_of('.') : name.size());
  if (name.ends_with(".md5sums")) name.remove_suffix(std::string_view(".md5sums").size());
  return name.substr(0, name.find(':'));
}

}  // namespace mlbuild
