#include "built_wheel_check.hpp"

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {
namespace {

constexpr std::string_view kBuildPlace = "/build/";
constexpr std::size_t kFirstLineBytes = 4096;
constexpr std::size_t kPathFileBytes = std::size_t{1} << 20U;  // a line or two; models are called .pth, too

/// Looks at a file as it goes by: what it is as an object, which others let go of at once, and its beginning as text.
class FileLook final : public Sink {
 public:
  FileLook(elf::ObjectScanner& object, std::size_t text_bytes) : object_(object), text_bytes_(text_bytes) {
    object_.restart();
  }
  void write(ByteSpan bytes) override {
    object_.write(bytes);
    text_ += as_text(bytes.first(std::min(bytes.size(), text_bytes_ - text_.size())));
  }
  const std::string& text() const { return text_; }
  /// Nothing, too, for test data that is broken on purpose: whoever loads it hears of it.
  std::optional<elf::Object> object() {
    try {
      return object_.finish();
    } catch (const Error&) {
      return std::nullopt;
    }
  }

 private:
  elf::ObjectScanner& object_;
  const std::size_t text_bytes_;
  std::string text_;
};

[[noreturn]] void refuse(const std::string& filename, const std::string& why, const std::string& hint) {
  throw Error(ErrorKind::Step, fmt::format("the wheel `{}` that was built does not fit the image: {}", filename, why))
      .hint(hint);
}

void check_library(const std::string& filename, const ZipMember& member, const ElfNeeds& needs,
                   const python::TargetPlatform& target) {
  if (needs.glibc_minor > target.glibc_minor) {
    refuse(filename,
           fmt::format("`{}` needs glibc 2.{}, the image has {}.{}", printable(member.name), needs.glibc_minor,
                       target.glibc_major, target.glibc_minor),
           "take a base with a newer glibc, or a version of the project that has a wheel");
  }
  if (needs.run_path.find(kBuildPlace) != std::string::npos) {
    refuse(filename,
           fmt::format("`{}` looks for libraries where it was built: `{}`", printable(member.name),
                       printable(needs.run_path)),
           "install what it links to by `system.build` and `system.runtime`, so that it is found without a path");
  }
}

bool is_path_file(const ZipMember& member) { return member.name.ends_with(".pth"); }

/// The interpreter of a script, and what site-packages reads at every start.
void check_text(const std::string& filename, const ZipMember& member, std::string_view text) {
  const std::string_view first_line = text.substr(0, text.find('\n'));
  const bool bad_script = text.starts_with("#!") && first_line.find(kBuildPlace) != std::string_view::npos;
  const bool bad_path = is_path_file(member) && text.find(kBuildPlace) != std::string_view::npos;
  if (bad_script || bad_path) {
    refuse(filename, fmt::format("`{}` names the place where it was built", printable(member.name)),
           "an editable install is no wheel; take a version of the project that has a wheel");
  }
}

}  // namespace

ElfNeeds needs_of(const elf::Object& object) {
  constexpr std::string_view kGlibc = "GLIBC_2.";
  ElfNeeds needs;
  for (const elf::VersionNeed& need : object.version_needs) {
    const std::string_view version = need.version;
    if (!version.starts_with(kGlibc)) continue;
    unsigned minor = 0;
    std::from_chars(version.data() + kGlibc.size(), version.data() + version.size(), minor);
    needs.glibc_minor = std::max(needs.glibc_minor, minor);
  }
  needs.run_path = object.rpath.value_or("");
  if (object.runpath) needs.run_path += (object.rpath ? ":" : "") + *object.runpath;
  return needs;
}

void check_built_wheel(const RandomAccess& wheel, const std::string& filename, const python::TargetPlatform& target) {
  if (!python::rank_wheel(python::WheelFilename::parse(filename), target)) {
    refuse(filename,
           fmt::format("its tags are not those of cp{} on {} with glibc {}.{}", target.python_version, target.machine,
                       target.glibc_major, target.glibc_minor),
           "take a version of the project that has a wheel");
  }
  elf::ObjectScanner scanner;
  for (const ZipMember& member : read_zip_directory(wheel)) {
    if (member.is_directory() || member.size_bytes == 0) continue;
    FileLook look(scanner, is_path_file(member) ? kPathFileBytes : kFirstLineBytes);
    copy_zip_member(wheel, member, look);
    if (const std::optional<elf::Object> object = look.object()) {
      check_library(filename, member, needs_of(*object), target);
    }
    check_text(filename, member, look.text());
  }
}

}  // namespace mlbuild
