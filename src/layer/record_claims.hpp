#pragma once

#include "wheel_archive.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What a wheel's RECORD says about its members. A wrong hash or size is refused; what RECORD leaves out or hashes by
/// another algorithm is a warning, and the hash is then computed here.
class RecordClaims {
 public:
  explicit RecordClaims(const WheelArchive& wheel);
  /// SHA-256 of the member as RECORD writes it. Throws Error{Foreign} when RECORD's size is not the member's.
  std::string hash_of(const ZipMember& member);
  /// One warning per kind of oddity, and for rows without a member; call after all hash_of().
  std::vector<std::string> warnings() const;

 private:
  void add_row(const python::RecordRow& row);

  const WheelArchive& wheel_;
  std::map<std::string_view, const python::RecordRow*> rows_;
  std::map<std::string, std::vector<std::string>> oddities_;  // kind of oddity -> members
};

}  // namespace mlbuild
