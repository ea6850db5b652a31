#pragma once

#include "mlbuild/audit/audit_image.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace mlbuild {

/// An image in the making, as the scans of its layers.
class ImageBuilder {
 public:
  ImageBuilder& file(const std::string& path, std::uint64_t size, std::uint32_t crc = 0) {
    ScannedEntry entry;
    entry.path = path;
    entry.size_bytes = size;
    entry.compressed_size_bytes = size / 2;
    entry.crc32 = crc == 0 ? static_cast<std::uint32_t>(++files_) : crc;
    layers_.back().entries.push_back(std::move(entry));
    return *this;
  }
  /// A distribution with one module of this size, and further files of its RECORD.
  ImageBuilder& wheel(const std::string& name, std::uint64_t size, const std::vector<std::string>& needs = {},
                      const std::vector<std::pair<std::string, std::uint64_t>>& more = {}) {
    const std::string info = name + "-1.0.dist-info";
    std::string metadata = "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n";
    for (const std::string& need : needs) metadata += "Requires-Dist: " + need + "\n";
    std::string record = name + "/__init__.py,,\n" + info + "/METADATA,,\n" + info + "/RECORD,,\n";
    for (const auto& [path, bytes] : more) {
      file(kSite + path, bytes, content_of(path));
      record += path + ",,\n";
    }
    file(kSite + name + "/__init__.py", size);
    return text(kSite + info + "/METADATA", metadata + "\n").text(kSite + info + "/RECORD", record);
  }
  ImageBuilder& deb(const std::string& name, std::uint64_t size, const std::string& depends = "") {
    status_ += "Package: " + name + "\nStatus: install ok installed\nVersion: 1\n" +
               (depends.empty() ? "" : "Depends: " + depends + "\n") + "\n";
    file("usr/lib/" + name, size);
    return text("var/lib/dpkg/info/" + name + ".list", "/.\n/usr/lib/" + name + "\n");
  }
  ImageBuilder& layer() {
    layers_.emplace_back();
    return *this;
  }
  ImageBuilder& env(const std::string& variable) {
    config_.env.push_back(variable);
    return *this;
  }
  ImageBuilder& alternative(const std::string& name, std::uint64_t size) {
    alternatives_.push_back({name, "1.0", {size / 2, size}, std::vector<std::string>()});
    return *this;
  }

  AuditResult audit() {
    if (!status_.empty()) text("var/lib/dpkg/status", status_);
    status_.clear();
    const ImageContents contents = explain(layers_);
    const auto find = [&](const std::string& name, const std::string& version) -> std::optional<Alternative> {
      const auto found = std::ranges::find(alternatives_, name, &Alternative::name);
      if (found == alternatives_.end() || version.find('+') != std::string::npos) return std::nullopt;
      return *found;
    };
    return audit_image({contents, config_, {}, find});
  }
  /// The finding of a rule; nothing when it does not fire.
  std::optional<Finding> finding(const std::string& id) {
    const AuditResult result = audit();
    const auto found = std::ranges::find(result.findings, id, &Finding::id);
    return found == result.findings.end() ? std::nullopt : std::optional(*found);
  }

  static constexpr const char* kSite = "usr/local/lib/python3.11/site-packages/";

 private:
  /// Files of one name have one content.
  static std::uint32_t content_of(const std::string& path) {
    return static_cast<std::uint32_t>(std::hash<std::string>()(path.substr(path.rfind('/') + 1)) | 1U << 31U);
  }
  ImageBuilder& text(const std::string& path, const std::string& content) {
    file(path, 0);
    layers_.back().texts[path] = content;
    return *this;
  }

  std::vector<LayerScan> layers_{1};
  oci::ImageConfig config_;
  std::vector<Alternative> alternatives_;
  std::string status_;
  std::size_t files_ = 0;
};

}  // namespace mlbuild
