#include "support/deb_builder.hpp"

#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::test {
namespace {

std::string padded(std::string text) {
  text.resize(text.size() + tar_padding_bytes(text.size()), '\0');
  return text;
}

std::string tar_of(const std::vector<std::pair<TarEntry, std::string>>& entries) {
  std::string tar;
  for (const auto& [entry, content] : entries) tar += tar_header(entry) + padded(content);
  return tar.append(as_text(tar_end_of_archive()));
}

std::string ar_member(const std::string& name, std::string_view content) {
  std::string member = fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", name, 0, 0, 0, "100644", content.size());
  member.append(content);
  if (content.size() % 2 != 0) member += '\n';
  return member;
}

TarEntry entry_of(const std::string& path, TarType type, std::uint32_t mode, std::string target = {}) {
  TarEntry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = mode;
  entry.link_target = std::move(target);
  return entry;
}

}  // namespace

DebBuilder& DebBuilder::file(const std::string& path, const std::string& content, std::uint32_t mode) {
  TarEntry entry = entry_of(path, TarType::File, mode);
  entry.size_bytes = content.size();
  entries.emplace_back(entry, content);
  return *this;
}

DebBuilder& DebBuilder::directory(const std::string& path, std::uint32_t mode) {
  entries.emplace_back(entry_of(path, TarType::Directory, mode), "");
  return *this;
}

DebBuilder& DebBuilder::symlink(const std::string& path, const std::string& target) {
  entries.emplace_back(entry_of(path, TarType::Symlink, 0777, target), "");
  return *this;
}

DebBuilder& DebBuilder::hard_link(const std::string& path, const std::string& target) {
  entries.emplace_back(entry_of(path, TarType::Hardlink, 0644, target), "");
  return *this;
}

DebBuilder& DebBuilder::script(const std::string& script_name, const std::string& body) {
  control_files[script_name] = "#!/bin/sh\nset -e\n" + body;
  return *this;
}

std::string DebBuilder::control() const {
  return fmt::format("Package: {}\nVersion: {}\nArchitecture: {}\n{}Description: a package under test\n", name, version,
                     architecture, more_fields);
}

Bytes DebBuilder::build() const {
  std::vector<std::pair<TarEntry, std::string>> control_entries;
  auto files = control_files;
  files.try_emplace("control", control());
  for (const auto& [path, content] : files) {
    TarEntry entry = entry_of(path, TarType::File, 0644);
    entry.size_bytes = content.size();
    control_entries.emplace_back(entry, content);
  }
  const std::string data = raw_data_tar.empty() ? tar_of(entries) : raw_data_tar;
  std::string deb =
      "!<arch>\n" + ar_member("debian-binary", "2.0\n") + ar_member("control.tar", tar_of(control_entries));
  if (compress) {
    deb += ar_member(data_member + ".gz", as_text(Deflater(6).gzip_member(as_bytes(data))));
  } else {
    deb += ar_member(data_member, data);
  }
  for (const auto& [member, content] : more_members) deb += ar_member(member, content);
  return Bytes(as_bytes(deb).begin(), as_bytes(deb).end());
}

std::string raw_tar(std::string_view path, char type, std::string_view content, std::string_view link_target) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, path.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  header[156] = type;
  put(157, link_target.substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header + padded(std::string(content)) + std::string(as_text(tar_end_of_archive()));
}

}  // namespace mlbuild::test
