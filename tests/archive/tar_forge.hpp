#pragma once

#include <cstdint>
#include <string>

namespace mlbuild::test {

/// A header block that may say anything (POSIX.1-2017, pax, "ustar Interchange Format"), with a right checksum.
struct ForgedHeader {
  std::string name = "file";
  char type = '0';
  std::string size_field = "00000000000";
  std::string link;
  std::string magic = std::string(
      "ustar\0"
      "00",
      8);
  std::string mode_field = "0000644";

  std::string block() const;
};

/// Header, content and padding of a file.
std::string forged_file(const std::string& name, const std::string& content, char type = '0');
/// An extended header of this type with exactly this payload.
std::string forged_extension(char type, const std::string& payload);
std::string pax_record(const std::string& key, const std::string& value);
std::string padded(std::string text);
std::string end_of_tar();

}  // namespace mlbuild::test
