// Two readers, one meaning: whatever our strict readers accept of thousands of damaged archives, Python's zipfile and
// tarfile must read in the same way. (They may accept more.)

#include "io/throws.hpp"
#include "support/source_dir.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

const fs::path kTests = test::source_dir() / "tests";

std::string list_zip(std::string_view data) {
  const MemoryFile file(Bytes(as_bytes(data).begin(), as_bytes(data).end()));
  std::string listing;
  for (const ZipMember& member : read_zip_directory(file)) {
    const Bytes content = read_zip_member(file, member, 1 << 20U);
    listing += fmt::format("{}|{}|{};", member.name, content.size(), sha256(content).hex());
  }
  return listing;
}

std::string list_tar(std::string_view data) {
  SpanSource source(as_bytes(data));
  std::string listing;
  read_tar(source, [&](const TarEntry& entry, Source& content) {
    const Bytes bytes = read_all(content, 1 << 20U);
    listing += fmt::format("{}|{}|{:o}|{}|{}|{}|{}|{};", entry.path, static_cast<char>(entry.type), entry.mode,
                           entry.uid, entry.gid, entry.link_target, bytes.size(), sha256(bytes).hex());
  });
  return listing;
}

using Lister = std::string (*)(std::string_view);

std::string ours(Lister lister, std::string_view data) {
  try {
    std::string listing = lister(data);
    for (char& c : listing) {
      if (c == '\n' || c == '\r') c = '?';  // link targets may hold them; a listing is one line
    }
    return listing;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.message();
    return "refused";
  }
}

std::vector<std::string> listings_by_python(const std::string& format, const std::vector<std::string>& archives) {
  std::string container;
  for (const std::string& archive : archives) {
    for (unsigned i = 0; i < 8; ++i) container.push_back(static_cast<char>((archive.size() >> (8 * i)) & 0xFFU));
    container += archive;
  }
  const TempDir dir;
  write_file_atomically(dir.path() / "archives", container);
  Command command;
  command.argv = {"python3", (kTests / "archive/python_listing.py").string(), format,
                  (dir.path() / "archives").string()};
  command.env = {{"PATH", std::getenv("PATH")}};
  const CommandResult result = run_command(command, Cancellation());
  EXPECT_TRUE(result.ok()) << result.err;
  std::vector<std::string> lines;
  for (const std::string_view line : split_lines(result.out)) lines.emplace_back(line);
  return lines;
}

/// Accepted archives are few among damaged ones, so their number is part of the test: none would prove nothing.
void expect_agreement(const std::string& format, Lister lister, const std::vector<std::string>& archives,
                      int least_accepted) {
  if (!find_program("python3")) GTEST_SKIP() << "needs python3";
  const std::vector<std::string> theirs = listings_by_python(format, archives);
  ASSERT_EQ(theirs.size(), archives.size());
  int accepted = 0;
  for (std::size_t i = 0; i < archives.size(); ++i) {
    const std::string listing = ours(lister, archives[i]);
    if (listing == "refused") continue;
    ++accepted;
    EXPECT_EQ(listing, theirs[i]) << format << " variant " << i;
  }
  EXPECT_GE(accepted, least_accepted);
}

std::vector<std::string> seeds(const std::string& format) {
  std::vector<std::string> texts;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kTests / "fuzz/corpus" / format)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) texts.push_back(read_text_file(path));
  return texts;
}

std::string with_flipped_bit(std::string text, std::size_t bit) {
  text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  return text;
}

void repair_checksum(std::string& tar, std::size_t header) {
  tar.replace(header + 148, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = header; i < header + 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  tar.replace(header + 148, 7, fmt::format("{:06o}", sum) + '\0');
}

TEST(ReaderAgreement, ZipFilesMeanWhatPythonReads) {
  std::vector<std::string> archives;
  for (const std::string& seed : seeds("zip")) {
    archives.push_back(seed);
    for (std::size_t bit = 0; bit < 8 * seed.size(); ++bit) archives.push_back(with_flipped_bit(seed, bit));
  }
  expect_agreement("zip", list_zip, archives, 100);
}

TEST(ReaderAgreement, TarFilesMeanWhatPythonReads) {
  std::vector<std::string> archives;
  for (const std::string& seed : seeds("tar")) {
    archives.push_back(seed);
    for (std::size_t bit = 0; bit < 8 * seed.size(); bit += 29) {
      archives.push_back(with_flipped_bit(seed, bit));
      repair_checksum(archives.back(), bit / 8 / 512 * 512);  // in a content block it is one more kind of damage
    }
  }
  expect_agreement("tar", list_tar, archives, 100);
}

TEST(ReaderAgreement, TarHeadersMeanTheSameToPython) {
  std::string tar;
  for (const std::size_t length : {1U, 99U, 100U, 101U, 155U, 156U, 250U}) {
    TarEntry entry;
    entry.path = "dir/" + std::string(length, 'n') + "/ü";
    entry.mode = 04711;
    entry.uid = length * 1'000'000;
    entry.mtime_seconds = -5;
    tar += tar_header(entry);
    entry.path = std::string(length, 'd') + "/" + std::string(90, 'n');
    entry.type = TarType::Symlink;
    entry.link_target = std::string(length, 't') + "/ü";
    tar += tar_header(entry);
  }
  tar += as_text(tar_end_of_archive());
  expect_agreement("tar", list_tar, {tar}, 1);
}

}  // namespace
}  // namespace mlbuild
