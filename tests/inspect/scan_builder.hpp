#pragma once

#include "mlbuild/inspect/layer_scan.hpp"

#include <string>

namespace mlbuild::test {

/// A layer's scan, as if of a layer with these files.
class ScanBuilder {
 public:
  ScanBuilder& object(const std::string& path, elf::Object object, std::uint64_t size_bytes = 1) {
    if (object.machine == 0) object.machine = 62;
    file(path, size_bytes);
    scan_.objects.insert_or_assign(path, std::move(object));
    return *this;
  }
  ScanBuilder& link(const std::string& path, const std::string& target) {
    scan_.entries.push_back({path, TarType::Symlink, 0, 0, 0});
    scan_.links.insert_or_assign(path, target);
    return *this;
  }
  ScanBuilder& text(const std::string& path, const std::string& text) {
    file(path);
    scan_.texts.insert_or_assign(path, text);
    return *this;
  }
  ScanBuilder& python(const std::string& path, const PythonLoads& loads) {
    file(path);
    scan_.python_loads.insert_or_assign(path, loads);
    return *this;
  }
  ScanBuilder& file(const std::string& path, std::uint64_t size_bytes = 1) {
    scan_.entries.push_back({path, TarType::File, size_bytes, size_bytes, 0});
    return *this;
  }
  operator LayerScan() const { return scan_; }  // NOLINT(*-explicit-*): reads like a scan

 private:
  LayerScan scan_;
};

inline elf::Object library(const std::string& soname, std::vector<std::string> needed = {}) {
  elf::Object object;
  object.soname = soname;
  object.needed = std::move(needed);
  return object;
}

inline elf::Object program(std::vector<std::string> needed = {}) {
  elf::Object object = library("", std::move(needed));
  object.interpreter = "/lib64/ld-linux-x86-64.so.2";
  return object;
}

}  // namespace mlbuild::test
