#include "layout_directory.hpp"

#include "layout_index.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLayoutFile = R"({"imageLayoutVersion":"1.0.0"})";
constexpr std::uint64_t kMaxIndexBytes = 8U << 20U;
constexpr std::string_view kTemporaryPrefix = ".mlbuild-tmp-";  // AtomicFile's names

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) throw_errno(error.value(), "list", directory);
  return names;
}

bool is_litter(std::string_view name) { return name.starts_with(kTemporaryPrefix); }

Fd lock_directory(const fs::path& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) throw_errno(errno, "open", directory);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno(errno, "lock", directory);
  }
  return fd;
}

bool is_file(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LayoutDirectory::LayoutDirectory(fs::path directory) : directory_(std::move(directory)) {
  make_lasting_directories(directory_);
  lock_ = lock_directory(directory_);
  refuse_other_content();
  make_lasting_directories(blobs());
  remove_litter();
  if (!is_file(directory_ / "oci-layout")) write_file_atomically(directory_ / "oci-layout", kLayoutFile);
  if (!is_file(directory_ / "index.json")) write_index(empty_layout_index());
}

void LayoutDirectory::refuse_other_content() const {
  if (is_file(directory_ / "oci-layout")) return;
  const std::vector<std::string> names = names_in(directory_);
  const bool is_ours =
      std::ranges::all_of(names, [](const std::string& name) { return name == "blobs" || is_litter(name); });
  if (is_ours) return;
  throw Error(ErrorKind::Usage, fmt::format("`{}` is neither empty nor an OCI layout", directory_.string()))
      .hint("name a directory of its own, e.g. `oci:out/image`");
}

void LayoutDirectory::remove_litter() const {
  for (const fs::path& directory : {directory_, blobs()}) {
    for (const std::string& name : names_in(directory)) {
      if (is_litter(name)) ::unlink((directory / name).c_str());  // another's file that we may not remove harms nobody
    }
  }
}

std::string LayoutDirectory::read_index() const { return read_text_file(directory_ / "index.json", kMaxIndexBytes); }

void LayoutDirectory::write_index(std::string_view json) const {
  write_file_atomically(directory_ / "index.json", json);
}

bool LayoutDirectory::has_blob(const BlobDigest& digest, std::uint64_t size_bytes) const {
  struct stat status {};
  return ::stat(blob(digest).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == size_bytes;
}

void LayoutDirectory::write_blob(const BlobDigest& digest, std::string_view content) const {
  write_file_atomically(blob(digest), content);
}

void LayoutDirectory::write_blob(const BlobDigest& digest, std::uint64_t size_bytes, BlobStore& store,
                                 const CopyControl& control) const {
  AtomicFile file(blob(digest));
  copy_blob(store, digest, size_bytes, file, control);
  file.commit();
}

}  // namespace mlbuild
