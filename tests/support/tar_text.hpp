#pragma once

#include "mlbuild/archive/tar.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild {

/// A tar in the making; entries as a hostile or careless tool would write them.
class TarText {
 public:
  TarText& add(TarEntry entry, std::string_view content = "") {
    entry.size_bytes = content.size();
    text_ += tar_header(entry);
    text_ += content;
    text_.append(tar_padding_bytes(content.size()), '\0');
    return *this;
  }
  TarText& file(std::string path, std::string_view content = "", std::uint32_t mode = 0644) {
    TarEntry entry;
    entry.path = std::move(path);
    entry.mode = mode;
    return add(std::move(entry), content);
  }
  TarText& other(TarType type, std::string path, std::string target = "", std::uint32_t mode = 0755) {
    TarEntry entry;
    entry.path = std::move(path);
    entry.type = type;
    entry.mode = mode;
    entry.link_target = std::move(target);
    return add(std::move(entry));
  }
  TarText& directory(std::string path, std::uint32_t mode = 0755) {
    return other(TarType::Directory, std::move(path), "", mode);
  }
  std::string text() const { return text_ + std::string(as_text(tar_end_of_archive())); }

 private:
  std::string text_;
};

/// Files by path, as they are.
inline std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
  TarText tar;
  for (const auto& [path, content] : files) tar.file(path, content);
  return tar.text();
}

}  // namespace mlbuild
