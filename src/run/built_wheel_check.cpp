#include "built_wheel_check.hpp"

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace mlbuild {
namespace {

constexpr std::string_view kBuildPlace = "/build/";
constexpr std::uint64_t kMemberLimitBytes = std::uint64_t{2} << 30U;

/// A copy of the structure at an offset; nothing when it is not all there.
template <class Structure>
std::optional<Structure> at(ByteSpan file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(Structure)) return std::nullopt;
  Structure value{};
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// System V ABI, "Program Header" and "Dynamic Section", as far as strings are concerned.
class ElfStrings {
 public:
  explicit ElfStrings(ByteSpan file) : file_(file) {
    const auto header = at<Elf64_Ehdr>(file, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) return;
    for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
      if (const auto part = at<Elf64_Phdr>(file, header->e_phoff + i * sizeof(Elf64_Phdr))) parts_.push_back(*part);
    }
    read_dynamic();
  }
  std::string_view table() const { return table_; }
  const std::vector<std::uint64_t>& run_paths() const { return run_paths_; }

 private:
  void read_dynamic() {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    for (const Elf64_Phdr& part : parts_) {
      if (part.p_type != PT_DYNAMIC) continue;
      for (std::uint64_t offset = 0; offset + sizeof(Elf64_Dyn) <= part.p_filesz; offset += sizeof(Elf64_Dyn)) {
        const auto entry = at<Elf64_Dyn>(file_, part.p_offset + offset);
        if (!entry || entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_STRTAB) address = entry->d_un.d_ptr;
        if (entry->d_tag == DT_STRSZ) size = entry->d_un.d_val;
        if (entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH) run_paths_.push_back(entry->d_un.d_val);
      }
    }
    for (const Elf64_Phdr& part : parts_) {
      if (part.p_type != PT_LOAD || address < part.p_vaddr || address - part.p_vaddr >= part.p_filesz) continue;
      const std::uint64_t offset = part.p_offset + (address - part.p_vaddr);
      if (offset < file_.size()) table_ = as_text(file_).substr(offset, size);
    }
  }

  ByteSpan file_;
  std::vector<Elf64_Phdr> parts_;
  std::string_view table_;
  std::vector<std::uint64_t> run_paths_;
};

[[noreturn]] void refuse(const std::string& filename, const std::string& why, const std::string& hint) {
  throw Error(ErrorKind::Step, fmt::format("the wheel `{}` that was built does not fit the image: {}", filename, why))
      .hint(hint);
}

void check_library(const std::string& filename, const ZipMember& member, ByteSpan content,
                   const python::TargetPlatform& target) {
  const ElfNeeds needs = read_elf_needs(content);
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

/// The interpreter of a script, and what site-packages reads at every start.
void check_text(const std::string& filename, const ZipMember& member, ByteSpan content) {
  const std::string_view text = as_text(content);
  const std::string_view first_line = text.substr(0, text.find('\n'));
  const bool bad_script = text.starts_with("#!") && first_line.find(kBuildPlace) != std::string_view::npos;
  const bool bad_path = member.name.ends_with(".pth") && text.find(kBuildPlace) != std::string_view::npos;
  if (bad_script || bad_path) {
    refuse(filename, fmt::format("`{}` names the place where it was built", printable(member.name)),
           "an editable install is no wheel; take a version of the project that has a wheel");
  }
}

}  // namespace

ElfNeeds read_elf_needs(ByteSpan file) {
  constexpr std::string_view kGlibc = "GLIBC_2.";
  const ElfStrings strings(file);
  const std::string_view table = strings.table();
  ElfNeeds needs;
  for (std::size_t found = table.find(kGlibc); found != std::string_view::npos; found = table.find(kGlibc, found + 1)) {
    unsigned minor = 0;
    const char* const begin = table.data() + found + kGlibc.size();
    std::from_chars(begin, table.data() + table.size(), minor);
    needs.glibc_minor = std::max(needs.glibc_minor, minor);
  }
  for (const std::uint64_t offset : strings.run_paths()) {
    if (offset >= table.size()) continue;
    const std::string_view path = table.substr(offset);
    if (!needs.run_path.empty()) needs.run_path += ':';
    needs.run_path += path.substr(0, path.find('\0'));
  }
  return needs;
}

void check_built_wheel(const RandomAccess& wheel, const std::string& filename, const python::TargetPlatform& target) {
  if (!python::rank_wheel(python::WheelFilename::parse(filename), target)) {
    refuse(filename,
           fmt::format("its tags are not those of cp{} on {} with glibc {}.{}", target.python_version, target.machine,
                       target.glibc_major, target.glibc_minor),
           "take a version of the project that has a wheel");
  }
  for (const ZipMember& member : read_zip_directory(wheel)) {
    if (member.is_directory() || member.size_bytes == 0) continue;
    const Bytes content = read_zip_member(wheel, member, kMemberLimitBytes);
    check_library(filename, member, content, target);
    check_text(filename, member, content);
  }
}

}  // namespace mlbuild
