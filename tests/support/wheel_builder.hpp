#pragma once

#include "support/zip_builder.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlbuild::test {

/// A small wheel under test: right as it comes, wrong where a test changes it.
struct WheelBuilder {
  std::string name = "toy";
  std::string version = "1.0";
  std::string tag = "py3-none-any";
  std::string dist_info = "toy-1.0.dist-info";
  std::string metadata = "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n";
  std::string wheel_file = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
  bool with_metadata = true, with_wheel_file = true, with_record = true;
  std::vector<ZipInput> files;                     ///< everything but METADATA, WHEEL and RECORD
  std::map<std::string, std::string> record_rows;  ///< replaces the row of a path; "" leaves it out
  std::string more_record;                         ///< appended rows
  std::string before, comment;                     ///< see build_zip

  static WheelBuilder named(const std::string& project, const std::string& version = "1.0");
  WheelBuilder& add(const std::string& path, const std::string& content, std::uint32_t mode = 0100644);
  WheelBuilder& add(ZipInput file);
  WheelBuilder& entry_points(const std::string& text) { return add(dist_info + "/entry_points.txt", text); }
  std::string filename() const { return name + "-" + version + "-" + tag + ".whl"; }
  Bytes build() const;
};

/// "sha256=...": a hash as RECORD writes it.
std::string record_hash_of(const std::string& content);

}  // namespace mlbuild::test
