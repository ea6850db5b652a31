#include "wheel_install_plan.hpp"

#include "member_hash.hpp"
#include "record_claims.hpp"
#include "versioned_scripts.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

constexpr std::uint64_t kScriptLimitBytes = std::uint64_t{64} << 20U;

/// Path of an installed file as RECORD writes it: relative to the directory that holds dist-info.
std::string record_path(std::string_view path, std::string_view library) {
  const std::vector<std::string_view> to = split(path, '/');
  const std::vector<std::string_view> from = split(library, '/');
  std::size_t common = 0;
  while (common < from.size() && common + 1 < to.size() && from[common] == to[common]) ++common;
  std::string result;
  for (std::size_t i = common; i < from.size(); ++i) result += "../";
  for (std::size_t i = common; i < to.size(); ++i)
    fmt::format_to(std::back_inserter(result), "{}{}", i > common ? "/" : "", to[i]);
  return result;
}

/// pip's rule: 0755 only for a regular file with an x bit. The type counts: protobuf 5.29.6 stores 0777 without one for
/// sixty plain files.
bool is_executable(const ZipMember& member) {
  const std::uint32_t mode = member.unix_mode();
  return (mode & 0170000U) == 0100000U && (mode & 0111U) != 0;
}

bool is_bytecode_cache(std::string_view name) {
  return name.starts_with("__pycache__/") || name.find("/__pycache__/") != std::string_view::npos;
}

/// setuptools' wrappers for entry point `x` are called `x`, `x-script.py`, `x.exe`, `x.pya`.
std::string_view wrapped_name(std::string_view file_name) {
  for (const std::string_view suffix : {".exe", "-script.py", ".pya"}) {
    if (to_lower(file_name).ends_with(suffix)) return file_name.substr(0, file_name.size() - suffix.size());
  }
  return file_name;
}

class InstallPlanner {
 public:
  InstallPlanner(WheelArchive& wheel, const InstallScheme& scheme, const python::PrunePolicy& prune)
      : wheel_(wheel),
        scheme_(scheme),
        prune_(prune),
        project_(python::normalize_name(wheel.metadata.name)),
        library_(wheel.wheel.root_is_purelib ? scheme.purelib : scheme.platlib),
        claims_(wheel) {
    for (const python::EntryPoint& entry : wheel.entry_points) entry_names_.insert(entry.name);
  }

  std::vector<InstalledFile> plan() {
    for (const ZipMember& member : wheel_.members) add_member(member);
    add_entry_points();
    add_generated(fmt::format("{}/{}/INSTALLER", library_, wheel_.dist_info), "mlbuild\n", false);
    add_record();
    for (const InstalledFile& file : files_) check_path(file.path);
    for (std::string& warning : claims_.warnings()) wheel_.warnings.push_back(std::move(warning));
    return std::move(files_);
  }

 private:
  static void check_path(const std::string& path);
  void add_member(const ZipMember& member);
  void add_data_member(const ZipMember& member, std::string_view below_data);
  void add_script(const ZipMember& member, std::string path);
  void add_entry_points();
  void add_record();
  void add_as_is(const ZipMember& member, std::string path, bool executable);
  void add_generated(std::string path, std::string content, bool executable);

  WheelArchive& wheel_;
  const InstallScheme& scheme_;
  const python::PrunePolicy& prune_;
  const std::string project_;
  const std::string& library_;
  RecordClaims claims_;
  std::set<std::string, std::less<>> entry_names_;
  std::vector<InstalledFile> files_;
};

/// Its parts were checked, but together they may be too long.
void InstallPlanner::check_path(const std::string& path) {
  const std::string why = why_unsafe_path(path);
  if (why.empty()) return;
  throw Error(ErrorKind::Foreign, fmt::format("`{}...` cannot be installed: {}", printable(path.substr(0, 200)), why));
}

void InstallPlanner::add_member(const ZipMember& member) {
  const std::string_view name = member.name;
  if (is_bytecode_cache(name)) return;  // made for another interpreter or path; ours is a layer of its own
  if (name == wheel_.dist_info + "/RECORD" || name == wheel_.dist_info + "/INSTALLER") return;  // written anew
  const auto slash = name.find('/');
  // As pip: whatever the spelling of the project's name in it.
  if (slash != std::string_view::npos && name.substr(0, slash).ends_with(".data")) {
    add_data_member(member, name.substr(slash + 1));
    return;
  }
  if (prune_.drops(project_, name)) return;
  add_as_is(member, fmt::format("{}/{}", library_, name), is_executable(member));
}

void InstallPlanner::add_data_member(const ZipMember& member, std::string_view below_data) {
  const auto slash = below_data.find('/');
  const std::string_view key = below_data.substr(0, slash);
  if (slash == std::string_view::npos) {
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is in no scheme directory of `.data`", member.name));
  }
  const std::string_view rest = below_data.substr(slash + 1);
  const auto below = [&](std::string_view directory) { return fmt::format("{}/{}", directory, rest); };
  if (key == "scripts") return add_script(member, below(scheme_.scripts));
  if ((key == "purelib" || key == "platlib") && prune_.drops(project_, rest)) return;
  const bool executable = is_executable(member);
  if (key == "purelib") return add_as_is(member, below(scheme_.purelib), executable);
  if (key == "platlib") return add_as_is(member, below(scheme_.platlib), executable);
  if (key == "data") return add_as_is(member, below(scheme_.data), executable);
  if (key == "headers") {
    return add_as_is(member, fmt::format("{}/{}/{}", scheme_.headers, wheel_.filename.distribution, rest), executable);
  }
  throw Error(ErrorKind::Foreign, fmt::format("`{}`: unknown scheme `{}` in `.data`", member.name, printable(key)));
}

void InstallPlanner::add_script(const ZipMember& member, std::string path) {
  const std::string_view file_name = std::string_view(path).substr(path.rfind('/') + 1);
  if (entry_names_.contains(wrapped_name(file_name))) {
    wheel_.warnings.push_back(fmt::format("script `{}` gives way to the entry point of that name", file_name));
    return;
  }
  constexpr std::string_view kPlaceholder = "#!python";  // PEP 427, "Recommended installer features"
  if (as_text(read_member_start(*wheel_.file, member, kPlaceholder.size())) == kPlaceholder) {
    const Bytes script = read_zip_member(*wheel_.file, member, kScriptLimitBytes);
    if (python::record_hash(sha256(script)) != claims_.hash_of(member)) {
      throw Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match RECORD", member.name));
    }
    if (auto rewritten = python::rewrite_shebang(as_text(script), scheme_.interpreter)) {
      add_generated(std::move(path), *std::move(rewritten), true);
      return;
    }
  }
  add_as_is(member, std::move(path), true);
}

void InstallPlanner::add_entry_points() {
  std::set<std::string> seen;
  for (const python::EntryPoint& entry : with_versioned_scripts(wheel_.entry_points, scheme_.python_version)) {
    if (!seen.insert(entry.name).second) {
      throw Error(ErrorKind::Foreign, fmt::format("two entry points are called `{}`", entry.name));
    }
    add_generated(fmt::format("{}/{}", scheme_.scripts, entry.name),
                  python::entry_point_script(entry, scheme_.interpreter), true);
  }
}

void InstallPlanner::add_record() {
  const std::string path = fmt::format("{}/{}/RECORD", library_, wheel_.dist_info);
  std::vector<python::RecordRow> rows;
  rows.reserve(files_.size() + 1);
  for (const InstalledFile& file : files_)
    rows.push_back({record_path(file.path, library_), "sha256", file.hash, file.size_bytes});
  rows.push_back({record_path(path, library_), "", "", std::nullopt});  // a file cannot hold its own hash
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  add_generated(path, python::format_record(rows), false);
}

void InstallPlanner::add_as_is(const ZipMember& member, std::string path, bool executable) {
  InstalledFile file;
  file.path = std::move(path);
  file.executable = executable;
  file.size_bytes = member.size_bytes;
  file.hash = claims_.hash_of(member);
  file.wheel = &wheel_;
  file.member = &member;
  files_.push_back(std::move(file));
}

void InstallPlanner::add_generated(std::string path, std::string content, bool executable) {
  InstalledFile file;
  file.path = std::move(path);
  file.executable = executable;
  file.size_bytes = content.size();
  file.hash = python::record_hash(sha256(content));
  file.wheel = &wheel_;
  file.content = std::move(content);
  files_.push_back(std::move(file));
}

}  // namespace

std::vector<InstalledFile> plan_install(WheelArchive& wheel, const InstallScheme& scheme,
                                        const python::PrunePolicy& prune) {
  return InstallPlanner(wheel, scheme, prune).plan();
}

}  // namespace mlbuild
