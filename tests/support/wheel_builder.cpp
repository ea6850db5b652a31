#include "support/wheel_builder.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/python/wheel.hpp"

#include <utility>

namespace mlbuild::test {

std::string record_hash_of(const std::string& content) { return "sha256=" + python::record_hash(sha256(content)); }

WheelBuilder WheelBuilder::named(const std::string& project, const std::string& version) {
  WheelBuilder wheel;
  wheel.name = project;
  wheel.version = version;
  wheel.dist_info = project + "-" + version + ".dist-info";
  wheel.metadata = "Metadata-Version: 2.1\nName: " + project + "\nVersion: " + version + "\n";
  return wheel;
}

WheelBuilder& WheelBuilder::add(const std::string& path, const std::string& content, std::uint32_t mode) {
  ZipInput file;
  file.name = path;
  file.content = content;
  file.mode = mode;
  return add(std::move(file));
}

WheelBuilder& WheelBuilder::add(ZipInput file) {
  files.push_back(std::move(file));
  return *this;
}

Bytes WheelBuilder::build() const {
  WheelBuilder all = *this;
  if (with_metadata) all.add(dist_info + "/METADATA", metadata);
  if (with_wheel_file) all.add(dist_info + "/WHEEL", wheel_file);
  std::string record;
  for (const ZipInput& file : all.files) {
    if (file.name.ends_with('/')) continue;
    const auto changed = record_rows.find(file.name);
    if (changed == record_rows.end()) {
      const bool quoted = file.name.find(',') != std::string::npos;
      record += (quoted ? '"' + file.name + '"' : file.name) + "," + record_hash_of(file.content) + "," +
                std::to_string(file.content.size()) + "\n";
    } else if (!changed->second.empty()) {
      record += changed->second + "\n";
    }
  }
  record += dist_info + "/RECORD,,\n" + more_record;
  if (with_record) all.add(dist_info + "/RECORD", record);
  return build_zip(all.files, before, comment);
}

}  // namespace mlbuild::test
