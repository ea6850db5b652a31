#include "spec_directory.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace mlbuild::spec {

namespace fs = std::filesystem;

std::string read_file_text(const fs::path& path, std::uint64_t limit_bytes) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const std::string reason = std::generic_category().message(errno);
    throw Error(ErrorKind::Io, fmt::format("cannot read `{}`: {}", printable(path.string()), reason))
        .hint("check its name and its permissions");
  }
  std::string text(limit_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad())
    throw Error(ErrorKind::Io, fmt::format("cannot read `{}`", printable(path.string()))).hint("check the disk");
  if (text.size() > limit_bytes) {
    throw Error(ErrorKind::Spec, fmt::format("the file is larger than {}", human_bytes(limit_bytes)))
        .at({path.string(), 0, 0, 0})
        .hint("is it the right file?");
  }
  return text;
}

bool stays_inside(const fs::path& directory, const fs::path& path) {
  std::error_code failed;
  const fs::path root = fs::canonical(directory, failed);
  if (failed) return false;
  const fs::path real = fs::weakly_canonical(path, failed);
  if (failed) return false;
  return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
}

SpecDirectory::Kind DiskDirectory::look_up(const std::string& name) const {
  const fs::path path = directory_ / name;
  if (!stays_inside(directory_, path)) return Kind::Outside;
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status)) return Kind::Missing;
  if (fs::is_directory(status)) return Kind::Directory;
  return fs::is_regular_file(status) ? Kind::File : Kind::Special;
}

std::string DiskDirectory::read_text(const std::string& name, std::uint64_t limit_bytes) const {
  return read_file_text(directory_ / name, limit_bytes);
}

std::vector<std::string> DiskDirectory::names_in(const std::string& name) const {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator it(directory_ / name, failed), end; !failed && it != end; it.increment(failed)) {
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace mlbuild::spec
