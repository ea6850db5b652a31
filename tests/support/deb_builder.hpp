#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/bytes.hpp"
#include "mlbuild/layer/deb_layer.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::test {

/// A small binary package under test: right as it comes, wrong where a test changes it.
struct DebBuilder {
  std::string name = "toy";
  std::string version = "1.0-1";
  std::string architecture = "amd64";
  std::string more_fields;                                ///< "Replaces: other\n"
  std::map<std::string, std::string> control_files;       ///< "postinst", "md5sums", ...
  std::vector<std::pair<TarEntry, std::string>> entries;  ///< of data.tar, in this order
  std::string raw_data_tar;                               ///< instead of entries
  std::string data_member = "data.tar";
  bool compress = false;                                          ///< data.tar.gz
  std::vector<std::pair<std::string, std::string>> more_members;  ///< appended to the ar archive

  static DebBuilder named(const std::string& package) {
    DebBuilder builder;
    builder.name = package;
    return builder;
  }
  DebBuilder& file(const std::string& path, const std::string& content, std::uint32_t mode = 0644);
  DebBuilder& directory(const std::string& path, std::uint32_t mode = 0755);
  DebBuilder& symlink(const std::string& path, const std::string& target);
  DebBuilder& hard_link(const std::string& path, const std::string& target);
  DebBuilder& script(const std::string& script_name, const std::string& body);  ///< "#!/bin/sh\nset -e\n" + body
  std::string control() const;
  Bytes build() const;
};

/// A tar of one entry whose name and type are written as given, without any check; for hostile archives.
std::string raw_tar(std::string_view path, char type, std::string_view content = {}, std::string_view link_target = {});

}  // namespace mlbuild::test
