#include "package_files.hpp"

namespace mlbuild {
namespace {

constexpr std::string_view kDatabase = "var/lib/dpkg/";
constexpr std::string_view kInfo = "var/lib/dpkg/info/";
constexpr std::string_view kStatusDirectory = "var/lib/dpkg/status.d/";

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

bool is_record(std::string_view path) { return path.ends_with(".dist-info/RECORD"); }
bool is_metadata(std::string_view path) { return path.ends_with(".dist-info/METADATA"); }

bool is_dpkg_status(std::string_view path) {
  if (path.starts_with(kStatusDirectory)) return !path.ends_with(".md5sums");
  return path == "var/lib/dpkg/status";
}

bool is_dpkg_list(std::string_view path) { return path.starts_with(kInfo) && path.ends_with(".list"); }

bool is_dpkg_sums(std::string_view path) { return path.starts_with(kStatusDirectory) && path.ends_with(".md5sums"); }

bool tells_package(std::string_view path) {
  if (path.starts_with(kDatabase)) return is_dpkg_status(path) || is_dpkg_list(path) || is_dpkg_sums(path);
  return is_record(path) || is_metadata(path);
}

bool configures_loader(std::string_view path) {
  return path == "etc/ld.so.conf" || (path.starts_with("etc/ld.so.conf.d/") && path.ends_with(".conf"));
}

std::string_view dpkg_package(std::string_view path) {
  std::string_view name = file_name(path);
  name = name.substr(0, path.starts_with(kInfo) ? name.find_last_of('.') : name.size());
  if (name.ends_with(".md5sums")) name.remove_suffix(std::string_view(".md5sums").size());
  return name.substr(0, name.find(':'));
}

}  // namespace mlbuild
