#include "entry_order.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {

void EntryOrder::accept(const TarEntry& entry) {
  if (entry.path <= last_path_) {
    throw Error(ErrorKind::Internal, fmt::format("layer entry `{}` after `{}`", entry.path, last_path_));
  }
  if (const auto slash = entry.path.rfind('/'); slash != std::string::npos) {
    const std::string_view parent = std::string_view(entry.path).substr(0, slash);
    if (parent != last_parent_) {
      last_parent_ = parent;
      if (!directories_.contains(last_parent_)) {
        throw Error(ErrorKind::Internal, fmt::format("layer entry `{}` without its directory", entry.path));
      }
    }
  }
  if (entry.type == TarType::Directory) directories_.insert(entry.path);
  last_path_ = entry.path;
}

}  // namespace mlbuild
