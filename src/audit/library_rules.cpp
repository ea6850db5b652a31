#include "image_rules.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace mlbuild {
namespace {

/// "libgfortran" of "libgfortran-040039e1.so.5.0.0": what auditwheel put into a wheel has a hash in its name. "" for
/// what no tool has put there.
std::string bundled_stem(std::string_view path) {
  const std::string_view name = name_of(path);
  const auto so = name.find(".so");
  if (!name.starts_with("lib") || so == std::string_view::npos) return {};
  const std::string_view stem = name.substr(0, so);
  const auto dash = stem.rfind('-');
  if (dash == std::string_view::npos || stem.size() - dash != 9) return {};
  const bool is_hash =
      std::ranges::all_of(stem.substr(dash + 1), [](unsigned char c) { return std::isxdigit(c) != 0; });
  return is_hash ? std::string(stem.substr(0, dash)) : std::string();
}

struct Copies {
  std::vector<std::size_t> files;
  std::set<std::string> wheels;
};

using Content = std::pair<std::uint64_t, std::uint32_t>;  ///< size and CRC-32

std::string copy_line(const ImageSubject& subject, const ImagePackages& packages, std::size_t file) {
  const ContentFile& content = subject.contents.files[file];
  return fmt::format("{} in {}  {}", printable(name_of(content.path)), packages.owner_of(file).name,
                     human_bytes(content.bytes.plain_bytes));
}

}  // namespace

std::vector<Draft> library_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  std::map<std::string, std::map<Content, Copies>> stems;
  for (const auto& [name, package] : packages.wheels().packages()) {
    for (const std::size_t i : packages.files_of_wheel(name)) {
      const ContentFile& file = subject.contents.files[i];
      const std::string stem = bundled_stem(file.path);
      if (stem.empty()) continue;
      Copies& copies = stems[stem][{file.bytes.plain_bytes, file.crc32}];
      copies.files.push_back(i);
      copies.wheels.insert(name);
    }
  }
  Draft twice = draft_of("bundled-twice", "the same shared libraries inside several wheels");
  Draft versions = draft_of("library-versions", "several versions of one shared library inside wheels");
  for (const auto& [stem, contents] : stems) {
    for (const auto& [content, copies] : contents) {
      if (copies.wheels.size() < 2) continue;
      for (std::size_t i = 0; i < copies.files.size(); ++i) {
        twice.finding.evidence.push_back(copy_line(subject, packages, copies.files[i]));
        if (i > 0) twice.parts.push_back(part_of(subject, packages, copies.files[i]));
      }
    }
    std::set<std::string> wheels;
    for (const auto& [content, copies] : contents) wheels.insert(copies.wheels.begin(), copies.wheels.end());
    if (contents.size() < 2 || wheels.size() < 2) continue;
    bool is_first = true;
    for (const auto& [content, copies] : contents) {
      versions.finding.evidence.push_back(copy_line(subject, packages, copies.files.front()));
      if (!is_first) versions.parts.push_back(part_of(subject, packages, copies.files.front()));
      is_first = false;
    }
  }
  std::vector<Draft> drafts;
  for (Draft* draft : {&twice, &versions}) {
    if (draft->parts.empty()) continue;
    draft->finding.measured = "all copies but one, as files of the image";
    drafts.push_back(std::move(*draft));
  }
  return drafts;
}

std::vector<Draft> nvidia_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  std::set<std::string> in_wheels;
  for (const auto& [name, package] : packages.wheels().packages()) {
    if (!is_cuda_package(name)) continue;
    for (const std::size_t i : packages.files_of_wheel(name)) {
      const std::string_view library = name_of(subject.contents.files[i].path);
      if (is_cuda_library(library)) in_wheels.emplace(library.substr(0, library.find(".so")));
    }
  }
  if (in_wheels.empty()) return {};
  Draft draft = draft_of("nvidia-twice", "CUDA libraries both in the base and in nvidia-* wheels");
  std::vector<std::size_t> files;
  for (std::size_t i = 0; i < subject.contents.files.size(); ++i) {
    const ContentFile& file = subject.contents.files[i];
    const std::string_view library = name_of(file.path);
    if (packages.owner_of(i).kind == "wheel" || !is_cuda_library(library)) continue;
    if (in_wheels.contains(std::string(library.substr(0, library.find(".so"))))) files.push_back(i);
  }
  if (files.empty()) return {};
  for (const std::size_t file : files) draft.parts.push_back(part_of(subject, packages, file));
  draft.finding.evidence = file_evidence(subject, files);
  draft.finding.measured = "files of the image outside of wheels";
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

}  // namespace mlbuild
