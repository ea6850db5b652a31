#include "sdist_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/expansion_limit.hpp"
#include "mlbuild/layer/tree.hpp"

#include <fmt/format.h>

#include <vector>

namespace mlbuild {

namespace fs = std::filesystem;

std::string unpack_sdist(std::unique_ptr<Source> sdist, const fs::path& directory, const Cancellation& cancellation) {
  unpack_tar(*gunzip(std::move(sdist), ExpansionLimit{}), directory, cancellation);
  std::vector<fs::directory_entry> tops;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) tops.push_back(entry);
  if (tops.size() != 1 || !tops.front().is_directory() || tops.front().is_symlink()) {
    throw Error(
        ErrorKind::Foreign,
        fmt::format("the source distribution has {} entries at its top; one directory is expected", tops.size()));
  }
  return tops.front().path().filename().string();
}

}  // namespace mlbuild
