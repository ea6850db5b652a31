#include "store_scan.hpp"

#include "mlbuild/base/digest.hpp"
#include "mlbuild/sys/fd.hpp"

#include <algorithm>
#include <system_error>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

bool examine(const fs::path& path, struct stat& status) { return ::lstat(path.c_str(), &status) == 0; }

}  // namespace

std::vector<fs::path> list_directory(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) throw_errno(error.value(), "list", directory);
  std::ranges::sort(paths);
  return paths;
}

void for_each_file(const fs::path& directory, const std::function<void(const fs::path&, const struct stat&)>& visit) {
  for (const fs::path& path : list_directory(directory)) {
    struct stat status {};
    if (!examine(path, status)) continue;
    if (S_ISDIR(status.st_mode)) for_each_file(path, visit);
    if (S_ISREG(status.st_mode)) visit(path, status);
  }
}

std::uint64_t tree_bytes(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(directory, options, error), end; !error && it != end; it.increment(error)) {
    struct stat status {};
    if (examine(it->path(), status) && S_ISREG(status.st_mode)) sum += static_cast<std::uint64_t>(status.st_size);
  }
  return sum;
}

bool is_digest_named(const fs::path& path) { return Digest::is_hex(path.filename().string()); }

}  // namespace mlbuild
