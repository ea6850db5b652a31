#include "archive/tar_forge.hpp"

#include <fmt/format.h>

namespace mlbuild::test {

std::string ForgedHeader::block() const {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, mode_field.size(), mode_field);
  header.replace(108, 7, "0000000");
  header.replace(116, 7, "0000000");
  header.replace(124, size_field.size(), size_field);
  header.replace(136, 11, "00000000005");
  header.replace(148, 8, "        ");
  header[156] = type;
  header.replace(157, link.size(), link);
  header.replace(257, magic.size(), magic);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return header;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

std::string forged_file(const std::string& name, const std::string& content, char type) {
  ForgedHeader header;
  header.name = name;
  header.type = type;
  header.size_field = fmt::format("{:011o}", content.size());
  return header.block() + padded(content);
}

std::string forged_extension(char type, const std::string& payload) { return forged_file("extension", payload, type); }

std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

std::string end_of_tar() { return std::string(1024, '\0'); }

}  // namespace mlbuild::test
