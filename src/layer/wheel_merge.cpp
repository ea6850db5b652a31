#include "wheel_merge.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

std::string wheel_context(const std::string& filename) { return fmt::format("reading wheel `{}`", filename); }

Error collision(const InstalledFile& a, const InstalledFile& b, std::string_view how) {
  const std::string& first = a.wheel->input.filename;
  const std::string& second = b.wheel->input.filename;
  if (first == second) return Error(ErrorKind::Foreign, fmt::format("wheel `{}` {} `{}` twice", first, how, a.path));
  return Error(ErrorKind::Foreign, fmt::format("wheels `{}` and `{}` both {} `{}`", first, second, how, a.path))
      .hint("the projects cannot be installed together; remove one of them from the requirements");
}

/// `kept` and `other` have one path: fine when they are the same file.
void merge_equal(InstalledFile& kept, const InstalledFile& other) {
  if (kept.size_bytes != other.size_bytes || kept.hash != other.hash) {
    throw collision(kept, other, "install with different content");
  }
  kept.executable = kept.executable || other.executable;
}

/// In bytewise order a file's would-be children need not follow it at once ("a", "a-b", "a/b"): look where they would
/// begin.
void check_no_file_is_directory(const std::vector<InstalledFile>& files) {
  for (const InstalledFile& file : files) {
    const auto child = std::lower_bound(files.begin(), files.end(), file.path + "/",
                                        [](const InstalledFile& a, const std::string& path) { return a.path < path; });
    if (child != files.end() && is_at_or_below(child->path, file.path)) {
      throw collision(file, *child, "install a file and a directory at");
    }
  }
}

std::uint64_t compressed_bytes(const InstalledFile& file) {
  return file.member != nullptr ? file.member->compressed_size_bytes : file.content.size();
}

void sort_by_filename(std::vector<WheelInput>& inputs) {
  std::sort(inputs.begin(), inputs.end(),
            [](const WheelInput& a, const WheelInput& b) { return a.filename < b.filename; });
}

WheelArchive open_in_context(const WheelInput& input, const InstallScheme& scheme, BlobStore& blobs) {
  return with_context([&] { return wheel_context(input.filename); }, [&] { return open_wheel(input, scheme, blobs); });
}

void add_planned(std::vector<InstalledFile>& all, WheelArchive& wheel, const InstallScheme& scheme,
                 const python::PrunePolicy& prune) {
  std::vector<InstalledFile> files = with_context([&] { return wheel_context(wheel.input.filename); },
                                                  [&] { return plan_install(wheel, scheme, prune); });
  std::move(files.begin(), files.end(), std::back_inserter(all));
}

std::vector<InstalledFile> merge_planned(std::vector<InstalledFile> all) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::vector<InstalledFile> merged;
  merged.reserve(all.size());
  for (InstalledFile& file : all) {
    if (!merged.empty() && merged.back().path == file.path) {
      merge_equal(merged.back(), file);
    } else {
      merged.push_back(std::move(file));
    }
  }
  check_no_file_is_directory(merged);
  return merged;
}

}  // namespace

std::vector<WheelArchive> open_wheels(std::vector<WheelInput> inputs, const InstallScheme& scheme, BlobStore& blobs) {
  sort_by_filename(inputs);
  std::vector<WheelArchive> wheels;
  wheels.reserve(inputs.size());
  for (const WheelInput& input : inputs) wheels.push_back(open_in_context(input, scheme, blobs));
  return wheels;
}

std::vector<InstalledFile> merge_files(std::vector<WheelArchive>& wheels, const InstallScheme& scheme,
                                       const python::PrunePolicy& prune) {
  std::vector<InstalledFile> all;
  for (WheelArchive& wheel : wheels) add_planned(all, wheel, scheme, prune);
  return merge_planned(std::move(all));
}

void check_merge(std::vector<WheelInput> inputs, const InstallScheme& scheme, BlobStore& blobs,
                 const python::PrunePolicy& prune) {
  sort_by_filename(inputs);
  std::vector<WheelArchive> wheels;
  wheels.reserve(inputs.size());  // files point to their wheels
  std::vector<InstalledFile> all;
  for (const WheelInput& input : inputs) {
    wheels.push_back(open_in_context(input, scheme, blobs));
    add_planned(all, wheels.back(), scheme, prune);
    wheels.back().file.reset();  // an image may have more wheels than a process may open files
  }
  merge_planned(std::move(all));
}

std::vector<InstalledFile> files_of_part(std::vector<InstalledFile> files, const LayerPart& part) {
  if (part.count == 1) return files;
  std::uint64_t total_bytes = 0;
  for (const InstalledFile& file : files) total_bytes += compressed_bytes(file);
  const std::uint64_t part_bytes = total_bytes / part.count + 1;
  std::vector<InstalledFile> chosen;
  std::uint64_t position = 0;
  for (InstalledFile& file : files) {
    const bool is_in_part = position / part_bytes == part.number;
    position += compressed_bytes(file);
    if (is_in_part) chosen.push_back(std::move(file));
  }
  return chosen;
}

}  // namespace mlbuild
