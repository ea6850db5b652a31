#include "base_places.hpp"
#include "ignore_file.hpp"
#include "spec_directory.hpp"
#include "words.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/spec/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <tuple>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kIgnoreFileLimitBytes = 1U << 20U;
constexpr std::size_t kDepthLimit = 128;

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : fmt::format("{}/{}", directory, name);
}

/// Walks the copies of one variant. Later copies replace files of earlier ones, as in a file system.
class AppWalk {
 public:
  AppWalk(const fs::path& directory, const spec::IgnoreFile& ignore) : directory_(directory), ignore_(ignore) {}

  void add(const AppCopy& copy) {
    copy_ = &copy;
    copied_ = false;
    std::string from = fs::path(copy.from.value).lexically_normal().string();
    if (from.ends_with('/')) from.pop_back();
    if (!spec::stays_inside(directory_, directory_ / from))
      refuse(from, "leads out of the directory of the spec", "copy what it points to below that directory");
    std::string to = copy.to.substr(1);
    const fs::file_status status =
        fs::status(directory_ / from);  // follows: the user named the link to mean what it points to
    if (fs::is_directory(status)) {
      if (to.ends_with('/')) to.pop_back();
      if (from == ".") from.clear();
      if (!to.empty()) put({to, directory_ / from, false, true, std::nullopt, 0});
      add_directory(from, to, 0);
    } else {
      if (to.empty() || to.ends_with('/')) to += fs::path(from).filename().string();
      if (!ignore_.excludes(from)) add_file(from, to, status);
    }
    if (!copied_) refuse_empty(from);
  }

  std::vector<AppFile> finish() {
    std::vector<AppFile> files;
    for (const auto& [path, file] : files_) {
      refuse_file_above(file);
      files.push_back(file);
    }
    return files;
  }

 private:
  [[noreturn]] void refuse(const std::string& what, const std::string& why, const std::string& hint) const {
    throw Error(ErrorKind::Spec, fmt::format("`{}` {}", printable(what), why)).at(copy_->from.location).hint(hint);
  }

  [[noreturn]] void refuse_empty(const std::string& from) const {
    refuse(copy_->from.value, ignore_.excludes(from) ? "is excluded by `.dockerignore`" : "holds nothing to copy",
           fs::exists(directory_ / ".dockerignore")
               ? "look at `.dockerignore` beside the spec: the last line that matches decides"
               : "put a file into it, or remove this copy from `app`");
  }

  void check_name(const std::string& path) const {
    if (!is_valid_utf8(path)) refuse(path, "is not UTF-8", "rename it; names in an image are UTF-8");
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::ranges::any_of(path, is_control))
      refuse(path, "holds a control character", "rename it, or exclude it in `.dockerignore`");
    // OCI image layers, "Whiteouts": the runtime takes such a file as the order to hide another one
    for (const std::string_view part : split(path, '/')) {
      if (part.starts_with(".wh."))
        refuse(path, "would delete a file of the layers below",
               "names that begin with `.wh.` mean that in a layer; rename it, or exclude it in `.dockerignore`");
    }
  }

  void check_place(const AppFile& file) const {
    const std::string& path = file.path_in_image;
    if (!file.is_directory && spec::is_base_directory(path))
      refuse(path, "is a directory of the base, which a file cannot replace",
             fmt::format("with `/` at its end, as in `to: /{}/`, the file is put below it", path));
    const spec::BasePlace* place = spec::base_place_above(path);
    if (place == nullptr || (path == place->path && !file.is_directory)) return;
    if (path == place->path) refuse(path, "cannot be a directory: it is none in the base", std::string(place->hint));
    refuse(path, fmt::format("cannot be put below `/{}`, which is no directory in the base", place->path),
           std::string(place->hint));
  }

  void put(AppFile file) {
    check_name(file.path_in_image);
    if (const auto top = spec::reserved_top("/" + file.path_in_image)) {
      refuse(file.path_in_image, fmt::format("cannot be put below `{}`", *top),
             "the runtime mounts over /proc, /sys and /dev, and /bin, /sbin and /lib are links to below /usr");
    }
    check_place(file);
    const auto same = files_.find(file.path_in_image);
    if (same != files_.end() && same->second.is_directory != file.is_directory) {
      refuse(file.path_in_image, "would be both file and directory in the image",
             "copy one of the two to another place");
    }
    std::string key = file.path_in_image;
    files_.insert_or_assign(std::move(key), std::move(file));
  }

  void add_directory(const std::string& from, const std::string& to, std::size_t depth) {
    if (depth > kDepthLimit) refuse(from, "is nested too deep", "copy the directory that you need");
    std::error_code failed;
    for (fs::directory_iterator it(directory_ / from, failed), end; it != end; it.increment(failed)) {
      const std::string name = it->path().filename().string();
      const std::string inner_from = joined(from, name);
      const std::string inner_to = joined(to, name);
      const fs::file_status status = it->symlink_status();
      const bool excluded = ignore_.excludes(inner_from);
      if (fs::is_directory(status)) {
        if (excluded && !ignore_.has_exceptions()) continue;
        if (!excluded) {
          put({inner_to, it->path(), false, true, std::nullopt, 0});
          copied_ = true;
        }
        add_directory(inner_from, inner_to, depth + 1);
      } else if (!excluded) {
        add_file(inner_from, inner_to, status);
      }
    }
    if (failed)
      throw Error(ErrorKind::Io, fmt::format("cannot list `{}`: {}", printable(from), failed.message()))
          .at(copy_->from.location)
          .hint("check its permissions, or exclude it in `.dockerignore`");
  }

  void add_file(const std::string& from, const std::string& to, const fs::file_status& status) {
    const fs::path path = directory_ / from;
    if (fs::is_symlink(status)) {
      put({to, path, false, false, link_target(from, path), 0});
    } else if (fs::is_regular_file(status)) {
      check_readable(from, path);
      const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
      put({to, path, executable, false, std::nullopt, fs::file_size(path)});
    } else {
      refuse(from, "is neither file, directory nor link",
             "sockets, pipes and devices cannot be part of an image; exclude it in `.dockerignore`");
    }
    copied_ = true;
  }

  void check_readable(const std::string& from, const fs::path& path) const {
    if (std::ifstream(path)) return;
    const std::string reason = std::generic_category().message(errno);
    throw Error(ErrorKind::Io, fmt::format("cannot read `{}`: {}", printable(from), reason))
        .at(copy_->from.location)
        .hint("check its permissions, or exclude it in `.dockerignore`");
  }

  /// The link itself goes into the image, so an absolute target would name a file of the image while the user sees one
  /// of his own.
  std::string link_target(const std::string& from, const fs::path& path) const {
    const fs::path target = fs::read_symlink(path);
    std::error_code failed;
    std::ignore = fs::status(path, failed);
    if (failed == std::errc::too_many_symbolic_link_levels)
      refuse(from, fmt::format("is a link to `{}`, which leads round in a circle", printable(target.string())),
             "remove it, or exclude it in `.dockerignore`");
    const bool leaves = target.is_absolute() || !spec::stays_inside(directory_, path.parent_path() / target);
    if (leaves)
      refuse(from, fmt::format("is a link to `{}`, out of the directory of the spec", printable(target.string())),
             "replace it by the file, or exclude it in `.dockerignore`");
    return target.string();
  }

  /// A file of one copy at the place of a directory that another copy needs.
  void refuse_file_above(const AppFile& file) const {
    for (std::size_t slash = file.path_in_image.find('/'); slash != std::string::npos;
         slash = file.path_in_image.find('/', slash + 1)) {
      const auto above = files_.find(file.path_in_image.substr(0, slash));
      if (above != files_.end() && !above->second.is_directory) {
        refuse(above->second.path_in_image, "would be both file and directory in the image",
               "copy one of the two to another place");
      }
    }
  }

  const fs::path& directory_;
  const spec::IgnoreFile& ignore_;
  const AppCopy* copy_ = nullptr;
  bool copied_ = false;
  std::map<std::string, AppFile> files_;  // byte order, which puts parents first
};

/// What stands in the way of reading `.dockerignore`. Going on without it would put into the image what it keeps out.
std::string why_no_ignore_file(const fs::path& path) {
  if (fs::is_regular_file(path)) return {};
  if (fs::is_directory(path)) return "is a directory, not a file";
  if (fs::is_symlink(fs::symlink_status(path)) && !fs::exists(path))
    return fmt::format("is a link to `{}`, which does not exist", printable(fs::read_symlink(path).string()));
  return "is not a file";
}

spec::IgnoreFile read_ignore_file(const fs::path& directory, const std::vector<AppCopy>& copies) {
  const fs::path path = directory / ".dockerignore";
  if (copies.empty() || !fs::exists(fs::symlink_status(path))) return {};
  if (const std::string why = why_no_ignore_file(path); !why.empty())
    throw Error(ErrorKind::Spec, fmt::format("`.dockerignore` {}", why))
        .at(copies.front().from.location)
        .hint("make it a file with one pattern a line, or remove it");
  return spec::IgnoreFile::parse(spec::read_file_text(path, kIgnoreFileLimitBytes), path.lexically_normal().string());
}

}  // namespace

std::vector<AppFile> list_app_files(const Spec& spec, const SpecVariant& variant) {
  return list_files(spec, variant.app);
}

std::vector<AppFile> list_files(const Spec& spec, const std::vector<AppCopy>& copies) {
  try {
    const spec::IgnoreFile ignore = read_ignore_file(spec.directory, copies);
    AppWalk walk(spec.directory, ignore);
    for (const AppCopy& copy : copies) walk.add(copy);
    return walk.finish();
  } catch (const fs::filesystem_error& failure) {
    throw Error(ErrorKind::Io,
                fmt::format("cannot read `{}`: {}", printable(failure.path1().string()), failure.code().message()))
        .hint("was it removed while the build began?");
  }
}

}  // namespace mlbuild
