#include "image_rules.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace mlbuild {
namespace {

constexpr std::size_t kShown = 6;
constexpr std::uint64_t kUnownedDevel = 5'000'000;  // an interpreter of one's own brings 2 MB of headers

constexpr std::array<std::string_view, 24> kCompilerPrefixes = {
    "gcc",        "g++",      "cpp",      "gfortran",  "clang",         "binutils",     "cmake", "build-essential",
    "dpkg-dev",   "autoconf", "automake", "libtool",   "ninja-build",   "cargo",        "rustc", "golang",
    "pkg-config", "pkgconf",  "nasm",     "cuda-nvcc", "cuda-compiler", "cuda-toolkit", "swig",  "bison"};
constexpr std::array<std::string_view, 12> kDataEndings = {
    ".csv", ".parquet", ".npy", ".npz", ".h5", ".hdf5", ".feather", ".arrow", ".jsonl", ".tsv", ".tfrecord", ".zip"};
constexpr std::array<std::string_view, 12> kSystem = {"usr/",  "etc/", "var/", "lib/",       "bin/",   "sbin/",
                                                      "proc/", "sys/", "dev/", "opt/conda/", "lib64/", "boot/"};

std::string directory_of(std::string_view path) {
  std::size_t end = 0;
  for (int depth = 0; depth < 4; ++depth) {
    const auto slash = path.find('/', end == 0 ? 0 : end + 1);
    if (slash == std::string_view::npos) break;
    end = slash;
  }
  return "/" + std::string(path.substr(0, end));
}

bool is_foreign_bytecode(std::string_view path, const std::string& python_version) {
  if (source_of_bytecode(path).empty()) return false;
  if (path.find(".opt-") != std::string_view::npos) return true;
  std::string tag = ".cpython-" + python_version;
  std::erase_if(tag, [&, dots = 0](char c) mutable { return c == '.' && dots++ > 0; });
  return path.find(".cpython-") != std::string_view::npos && path.find(tag) == std::string_view::npos;
}

Draft draft_of_files(std::string_view rule, const std::string& title, const std::vector<std::size_t>& files,
                     const ImageSubject& subject, const ImagePackages& packages) {
  Draft draft = draft_of(rule, title);
  for (const std::size_t file : files) draft.parts.push_back(part_of(subject, packages, file));
  draft.finding.evidence = file_evidence(subject, files);
  draft.finding.measured = "files of the image";
  return draft;
}

std::uint64_t plain_bytes(const ImageSubject& subject, const std::vector<std::size_t>& files) {
  std::uint64_t sum = 0;
  for (const std::size_t file : files) sum += subject.contents.files[file].bytes.plain_bytes;
  return sum;
}

template <class Wanted>
std::vector<std::size_t> files_that(const ImageSubject& subject, const Wanted& wanted) {
  std::vector<std::size_t> files;
  for (std::size_t i = 0; i < subject.contents.files.size(); ++i) {
    if (wanted(i, subject.contents.files[i])) files.push_back(i);
  }
  return files;
}

std::set<std::string> debs_that(const ImagePackages& packages, bool (*wanted)(std::string_view)) {
  std::set<std::string> names;
  for (const auto& [name, deb] : packages.debs().packages()) {
    if (wanted(name)) names.insert(name);
  }
  return names;
}

std::vector<Draft> one(Draft draft) {
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

}  // namespace

bool is_devel_deb(std::string_view name) {
  return name.ends_with("-dev") || name.find("-dev-") != std::string_view::npos || name.ends_with("-headers");
}

bool is_compiler_deb(std::string_view name) {
  if (name == "make" || name == "libc6-dev" || name == "linux-libc-dev") return true;
  if (is_devel_deb(name)) return name.starts_with("libgcc-") || name.starts_with("libstdc++-");
  return std::ranges::any_of(kCompilerPrefixes, [&](std::string_view prefix) {
    return name == prefix || (name.starts_with(prefix) && name.substr(prefix.size()).starts_with("-"));
  });
}

bool is_clutter(std::string_view path, std::uint64_t size_bytes) {
  if (path.starts_with(".git/") || path.find("/.git/") != std::string_view::npos || path.ends_with(".ipynb"))
    return true;
  if (size_bytes < kWorthTelling) return false;
  return std::ranges::any_of(kDataEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

DraftPart part_of(const ImageSubject& subject, const ImagePackages& packages, std::size_t file) {
  const ContentFile& content = subject.contents.files[file];
  const ImagePackages::Owner& owner = packages.owner_of(file);
  return {content.path,
          owner.kind == "wheel" ? owner.name : "",
          {content.bytes.compressed_bytes, content.bytes.plain_bytes}};
}

std::string files_text(std::uint64_t count) { return count == 1 ? "1 file" : fmt::format("{} files", count); }

std::vector<std::string> file_evidence(const ImageSubject& subject, const std::vector<std::size_t>& files) {
  std::map<std::string, ByteCount> groups;
  for (const std::size_t i : files) {
    const ContentFile& file = subject.contents.files[i];
    const ContentPackage& package = subject.contents.packages[file.package];
    groups[package.name.empty() ? directory_of(file.path) : package.name] += file.bytes;
  }
  std::vector<std::pair<ByteCount, std::string>> largest;
  for (const auto& [name, bytes] : groups) largest.emplace_back(bytes, name);
  std::ranges::stable_sort(largest, std::ranges::greater(), [](const auto& one) { return one.first.plain_bytes; });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(kShown, largest.size()); ++i) {
    lines.push_back(fmt::format("{}  {}, {}", printable(largest[i].second), human_bytes(largest[i].first.plain_bytes),
                                files_text(largest[i].first.files)));
  }
  if (largest.size() > kShown) lines.push_back(fmt::format("and {} places more", largest.size() - kShown));
  return lines;
}

std::vector<Draft> hidden_drafts(const ImageSubject& subject) {
  Draft draft = draft_of("hidden-bytes", "bytes that layers above delete or replace");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < subject.contents.hidden.size(); ++i) {
    const ByteCount& hidden = subject.contents.hidden[i];
    if (hidden.files == 0) continue;
    sum += hidden.plain_bytes;
    draft.parts.push_back({fmt::format("hidden {}", i), "", {hidden.compressed_bytes, hidden.plain_bytes}});
    const std::string label = i < subject.layer_labels.size() ? subject.layer_labels[i] : "";
    draft.finding.evidence.push_back(fmt::format("layer {}  {}, {}{}{}", i + 1, human_bytes(hidden.plain_bytes),
                                                 files_text(hidden.files), label.empty() ? "" : ": ",
                                                 printable(label)));
  }
  draft.finding.measured = "files of the layers below";
  return sum < kWorthTelling ? std::vector<Draft>() : one(std::move(draft));
}

std::vector<Draft> cache_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  const std::vector<std::size_t> files = files_that(subject, [&](std::size_t i, const ContentFile& file) {
    if (packages.owner_of(i).kind == "deb") return false;
    return file.category == FileCategory::Cache || is_foreign_bytecode(file.path, packages.python_version());
  });
  if (plain_bytes(subject, files) < kWorthTelling) return {};
  return one(draft_of_files("abandoned-caches", "caches that were left behind", files, subject, packages));
}

/// The packages that the draft names, and files of no package where they have at least `worth_bytes`.
std::vector<Draft> debs_and_files(Draft draft, const std::vector<std::size_t>& files, std::uint64_t worth_bytes,
                                  const ImageSubject& subject, const ImagePackages& packages) {
  const bool has_unowned = plain_bytes(subject, files) >= worth_bytes;
  if (packages.debs().gone(draft.debs).empty() && !has_unowned) return {};
  draft.finding.evidence = gone_evidence(packages.debs(), draft.debs);
  draft.finding.measured = "files of the image";
  if (has_unowned) {
    for (const std::size_t file : files) draft.parts.push_back(part_of(subject, packages, file));
    std::ranges::move(file_evidence(subject, files), std::back_inserter(draft.finding.evidence));
  }
  return one(std::move(draft));
}

std::vector<Draft> compiler_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  const std::vector<std::size_t> files = files_that(subject, [&](std::size_t i, const ContentFile& file) {
    return packages.owner_of(i).kind == "files" && file.category == FileCategory::Compiler;
  });
  Draft draft = draft_of("compilers", "compilers in the image");
  draft.debs.unwanted = debs_that(packages, is_compiler_deb);
  return debs_and_files(std::move(draft), files, kWorthTelling, subject, packages);
}

std::vector<Draft> devel_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  const std::vector<std::size_t> files = files_that(subject, [&](std::size_t i, const ContentFile& file) {
    return packages.owner_of(i).kind == "files" &&
           (file.category == FileCategory::Header || file.category == FileCategory::StaticLibrary);
  });
  GraphChange compilers;
  compilers.unwanted = debs_that(packages, is_compiler_deb);
  const std::set<std::string> theirs = packages.debs().gone(compilers);
  Draft draft = draft_of("devel-base", "headers, static libraries and -dev packages");
  draft.debs.unwanted = debs_that(packages, is_devel_deb);
  std::erase_if(draft.debs.unwanted, [&](const std::string& name) { return theirs.contains(name); });
  return debs_and_files(std::move(draft), files, kUnownedDevel, subject, packages);
}

std::vector<Draft> clutter_drafts(const ImageSubject& subject, const ImagePackages& packages) {
  bool has_git = false;
  const std::vector<std::size_t> files = files_that(subject, [&](std::size_t i, const ContentFile& file) {
    if (packages.owner_of(i).kind != "files" || file.category == FileCategory::Cache) return false;
    if (std::ranges::any_of(kSystem, [&](std::string_view top) { return file.path.starts_with(top); })) return false;
    if (!is_clutter(file.path, file.bytes.plain_bytes)) return false;
    has_git = has_git || file.path.find(".git/") != std::string::npos;
    return true;
  });
  if (!has_git && plain_bytes(subject, files) < kWorthTelling) return {};
  return one(draft_of_files("app-clutter", "version control, notebooks or data sets beside the application", files,
                            subject, packages));
}

}  // namespace mlbuild
