#include "mlbuild/debian/deb_file.hpp"

#include "mlbuild/archive/ar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace mlbuild::debian {
namespace {

constexpr std::uint64_t kControlFileLimitBytes = 16U << 20U;  // md5sums of the largest packages have a few MB

// Each is compared with all before it; packages have less than a dozen.
constexpr std::size_t kControlFileLimit = 1000;

[[noreturn]] void refuse(std::string why) { throw Error(ErrorKind::Foreign, "malformed .deb: " + std::move(why)); }

void check_format(const RandomAccess& file, const ArMember& member) {
  RangeSource source(file, member.offset, member.size_bytes);
  const Bytes bytes = read_all(source, 64);
  if (member.name != "debian-binary" || !as_text(bytes).starts_with("2."))
    refuse("its first member is not `debian-binary` 2.x");
}

void check_name(const TarEntry& entry) {
  for (const std::string_view part : split(entry.path, '/')) {
    if (part.starts_with(".wh.")) refuse(fmt::format("entry `{}` would delete files of a layer", entry.path));
  }
}

std::string read_text(const TarEntry& entry, Source& content) {
  if (entry.type != TarType::File) refuse(fmt::format("control file `{}` is no file", entry.path));
  const Bytes bytes = read_all(content, kControlFileLimitBytes);
  return std::string(as_text(bytes));
}

}  // namespace

DebFile::DebFile(const RandomAccess& file, const ExpansionLimit& limit) : file_(file), limit_(limit) {
  std::vector<ArMember> members = read_ar_directory(file);
  // deb(5): "should ignore" members with an underscore, so that the format can grow.
  std::erase_if(members, [](const ArMember& member) { return member.name.starts_with('_'); });
  if (members.size() != 3) refuse(fmt::format("{} members instead of 3", members.size()));
  check_format(file, members[0]);
  const auto is_tar = [](const ArMember& member, std::string_view name) {
    std::string_view rest = member.name;
    if (!rest.starts_with(name)) return false;
    rest.remove_prefix(name.size());
    return rest.empty() || rest == ".gz" || rest == ".xz" || rest == ".zst";
  };
  if (!is_tar(members[1], "control.tar")) refuse(fmt::format("second member is `{}`", printable(members[1].name)));
  if (!is_tar(members[2], "data.tar")) refuse(fmt::format("third member is `{}`", printable(members[2].name)));
  control_ = {members[1].offset, members[1].size_bytes};
  data_ = {members[2].offset, members[2].size_bytes};
}

std::unique_ptr<Source> DebFile::open(const Range& member) const {
  return decompress(std::make_unique<RangeSource>(file_, member.offset, member.size_bytes), limit_);
}

DebControl DebFile::read_control() const {
  DebControl control;
  const auto tar = open(control_);
  std::vector<std::string> seen;
  read_tar(*tar, [&](const TarEntry& entry, Source& content) {
    if (entry.type == TarType::Directory) return;
    if (std::find(seen.begin(), seen.end(), entry.path) != seen.end())
      refuse(fmt::format("control file `{}` twice", entry.path));
    if (seen.size() >= kControlFileLimit) refuse(fmt::format("more than {} control files", kControlFileLimit));
    seen.push_back(entry.path);
    if (entry.path == "control") control.fields = read_stanza(read_text(entry, content));
    if (entry.path == "md5sums") control.md5sums = read_text(entry, content);
    if (entry.path == "preinst" || entry.path == "postinst") control.scripts[entry.path] = read_text(entry, content);
    if (entry.path == "config" || entry.path == "templates" || entry.path == "triggers")
      control.for_scripts[entry.path] = read_text(entry, content);
  });
  if (control.fields.get("Package").empty()) refuse("it has no `control` file with a `Package` field");
  return control;
}

void DebFile::read_data(const std::function<void(const TarEntry&, Source& content)>& on_entry) const {
  const auto tar = open(data_);
  read_tar(*tar, [&](const TarEntry& entry, Source& content) {
    check_name(entry);
    on_entry(entry, content);
  });
}

}  // namespace mlbuild::debian
