#pragma once

#include "mlbuild/archive/tar.hpp"

#include <string>
#include <unordered_set>

namespace mlbuild {

/// Checks that entries of a layer arrive in bytewise path order, each below a directory that came before. Both are our
/// own promise (equal inputs, equal bytes; a layer carries its parents), so a violation is Error{Internal}.
class EntryOrder {
 public:
  void accept(const TarEntry& entry);

 private:
  std::string last_path_;
  std::string last_parent_;  // most entries share their predecessor's directory
  std::unordered_set<std::string> directories_;
};

}  // namespace mlbuild
