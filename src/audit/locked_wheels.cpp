#include "locked_wheels.hpp"

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <algorithm>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kEntryPointsLimitBytes = 1U << 20U;

/// "numpy._core._multiarray" of "numpy/_core/_multiarray.cpython-311-x86_64-linux-gnu.so"; "" for what is no module.
std::string module_of(std::string_view path) {
  const std::string_view file = name_of(path);
  if (!file.ends_with(".py") && !file.ends_with(".so")) return {};
  if (path.find(".libs/") != std::string_view::npos || path.find(".dist-info/") != std::string_view::npos) return {};
  std::string module(path.substr(0, path.size() - file.size() + std::min(file.find('.'), file.size())));
  std::ranges::replace(module, '/', '.');
  return module;
}

void read_entry_points(const RandomAccess& file, const ZipMember& member, LockedWheels::Content& content) {
  const Bytes bytes = read_zip_member(file, member, kEntryPointsLimitBytes);
  std::string section;
  for (const std::string_view line : split_lines(as_text(bytes))) {
    const std::string_view text = trim(line);
    if (text.starts_with('[')) section = text;
    if (text.empty() || text.starts_with('[') || text.starts_with('#')) continue;
    if (section == "[console_scripts]" || section == "[gui_scripts]") {
      content.scripts.emplace(trim(text.substr(0, text.find('='))));
    } else {
      content.has_plugins = true;
    }
  }
}

std::optional<LockedWheels::Content> read_wheel(const LockedFile& wheel, BlobStore& store) {
  if (!store.find(wheel.sha256)) return std::nullopt;
  try {
    const std::unique_ptr<RandomAccess> file = store.open(wheel.sha256);
    LockedWheels::Content content;
    std::vector<std::string> paths;
    for (const ZipMember& member : read_zip_directory(*file)) {
      if (member.is_directory()) continue;
      content.plain_bytes += member.size_bytes;
      content.files.push_back({member.name, {member.compressed_size_bytes, member.size_bytes}});
      paths.push_back(member.name);
      if (member.name.ends_with(".dist-info/entry_points.txt")) read_entry_points(*file, member, content);
    }
    content.modules = top_modules(paths);
    return content;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    return std::nullopt;  // the build tells what is wrong with it
  }
}

}  // namespace

std::set<std::string> top_modules(const std::vector<std::string>& paths) {
  std::set<std::string> packages, modules;
  for (const std::string& path : paths) {
    constexpr std::string_view kInit = "/__init__.py";
    if (!path.ends_with(kInit)) continue;
    std::string package = path.substr(0, path.size() - kInit.size());
    std::ranges::replace(package, '/', '.');
    packages.insert(std::move(package));
  }
  for (const std::string& path : paths) {
    const std::string module = module_of(path);
    if (module.empty()) continue;
    std::string top = module;
    for (auto dot = module.find('.'); dot != std::string::npos; dot = module.find('.', dot + 1)) {
      if (!packages.contains(module.substr(0, dot))) continue;
      top = module.substr(0, dot);
      break;
    }
    modules.insert(top);
  }
  return modules;
}

LockedWheels::LockedWheels(const LockedImage& image, BlobStore* store) {
  for (const LockedFile& wheel : image.wheels) {
    std::optional<Content> content = store == nullptr ? std::nullopt : read_wheel(wheel, *store);
    if (content) {
      contents_.emplace(wheel.name, std::move(*content));
    } else {
      ++missing_;
    }
  }
}

const LockedWheels::Content* LockedWheels::find(const std::string& name) const {
  const auto found = contents_.find(name);
  return found == contents_.end() ? nullptr : &found->second;
}

}  // namespace mlbuild
