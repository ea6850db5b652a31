// ELF objects that were made to harm: whatever a header points to may be anywhere, and whatever it counts may be
// anything. System V ABI, "Object Files".

#include "support/hostile.hpp"
#include "support/source_dir.hpp"

#include "mlbuild/elf/object.hpp"

#include <fstream>
#include <iterator>

namespace mlbuild::test {
namespace {

constexpr std::size_t kProgramHeaders = 64, kProgramHeaderBytes = 56;

std::string seed(const std::string& name) {
  std::ifstream file(test::source_dir() / "tests/fuzz/corpus/elf" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
/// The good library with a number of so many bytes, little endian, at a place.
std::string with(std::size_t at, std::size_t bytes, std::uint64_t value, std::string text = seed("library64")) {
  for (std::size_t i = 0; i < bytes; ++i) text.at(at + i) = static_cast<char>(value >> (8 * i));
  return text;
}
std::uint64_t number(const std::string& text, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8U | static_cast<unsigned char>(text.at(at + i));
  return value;
}
/// A field of the program header `index`: 8 offset, 16 address, 32 size in the file, 40 in memory.
std::string with_segment(std::size_t index, std::size_t field, std::uint64_t value) {
  return with(kProgramHeaders + index * kProgramHeaderBytes + field, 8, value);
}
/// The value of the dynamic section's first entry of a kind.
std::string with_dynamic(std::uint64_t tag, std::uint64_t value) {
  const std::string text = seed("library64");
  std::size_t at = number(text, kProgramHeaders + kProgramHeaderBytes + 8);
  while (number(text, at) != tag) at += 16;
  return with(at + 8, 8, value);
}
constexpr std::uint64_t kOnes = ~std::uint64_t{0};

std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (char& byte : text) {
    byte = static_cast<char>(value);
    value >>= 8U;
  }
  return text;
}
std::string entry(std::uint64_t tag, std::uint64_t value) { return little_endian(tag, 8) + little_endian(value, 8); }

/// A library of a dynamic section, a string table, and what entries with the tag `extra` point to.
std::string library(const std::string& dynamic, const std::string& strings, std::uint64_t extra_tag = 0x6FFFFFFE,
                    const std::string& extra = "") {
  const std::size_t start = kProgramHeaders + 2 * kProgramHeaderBytes, entries = dynamic.size() + 4 * 16;
  const std::string all = dynamic + entry(5, start + entries) + entry(10, strings.size()) +
                          entry(extra_tag, start + entries + strings.size()) + entry(0, 0) + strings + extra;
  const auto segment = [](std::uint32_t type, std::uint64_t at, std::uint64_t size) {
    return little_endian(type, 4) + little_endian(4, 4) + little_endian(at, 8) + little_endian(at, 8) +
           little_endian(at, 8) + little_endian(size, 8) + little_endian(size, 8) + little_endian(8, 8);
  };
  return with(56, 2, 2).substr(0, kProgramHeaders) + segment(1, 0, start + all.size()) + segment(2, start, entries) +
         all;
}
const std::string kLongName = std::string(4095, '\1') + '\0';  // each byte is written as four
std::string needs(std::size_t count) {
  std::string text = little_endian(1, 2) + little_endian(count, 2) + little_endian(0, 4) + little_endian(16, 8);
  for (std::size_t i = 0; i < count; ++i) text += little_endian(0, 12) + little_endian(16, 4);
  return text;
}
std::string definitions(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += little_endian(0, 12) + little_endian(20, 4) + little_endian(28, 4) + little_endian(0, 8);
  return text;
}

class HostileElf : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileElf, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    SpanSource source(as_bytes(bytes));
    elf::read_object(source);
  });
}

const HostileCase kElves[] = {
    {"MagicOnly",
     [] {
       return std::string(
           "\x7f"
           "ELF");
     },
     kHarmless},
    {"UnknownClass", [] { return with(4, 1, 3); }, "class"},
    {"UnknownByteOrder", [] { return with(5, 1, 0); }, "byte order"},
    {"HeaderIsCut", [] { return seed("library64").substr(0, 40); }, "header"},
    {"ProgramHeadersBehindAnyFile", [] { return with(32, 8, kOnes); }, "behind any file"},
    {"ProgramHeadersBehindThisFile", [] { return with(32, 8, 1U << 30U); }, "ELF"},
    {"ProgramHeadersOfSizeZero", [] { return with(54, 2, 0); }, "0 bytes"},
    {"ProgramHeadersOfAHugeSize", [] { return with(54, 2, 0xFFFF); }, "65535 bytes"},
    {"SixtyFiveThousandProgramHeaders", [] { return with(56, 2, 0xFFFF); }, "program headers"},
    {"SegmentBehindTheEnd", [] { return with_segment(1, 8, 1U << 30U); }, "ends before"},
    {"SegmentThatWrapsAround", [] { return with_segment(1, 8, kOnes - 8); }, "ELF"},
    {"SegmentLargerThanAllMemory", [] { return with_segment(1, 32, kOnes); }, "ELF"},
    {"LoadedSegmentThatWrapsAround", [] { return with_segment(0, 16, kOnes - 4); }, "does not load"},
    {"StringTableThatIsNotLoaded", [] { return with_dynamic(5, 0xdead0000); }, "does not load"},
    {"StringTableOfAllMemory", [] { return with_dynamic(10, kOnes); }, "ELF"},
    {"StringTableOfSizeZero", [] { return with_dynamic(10, 0); }, "string table"},
    {"NameBehindTheStringTable", [] { return with_dynamic(1, 1U << 20U); }, "string table"},
    {"NameOfAllOnes", [] { return with_dynamic(14, kOnes); }, "string table"},
    {"VersionsBehindTheFile", [] { return with_dynamic(0x6FFFFFFE, 0xdead0000); }, "does not load"},
    {"FourBillionVersions", [] { return with_dynamic(0x6FFFFFFF, 0xFFFFFFFF); }, kHarmless},
    {"FourBillionDefinitions", [] { return with_dynamic(0x6FFFFFFD, 0xFFFFFFFF); }, kHarmless},
    {"OneLongNameNeededBySixtyThousandEntries", [] { return library(repeated(entry(1, 0), 60'000), kLongName); },
     "needed libraries"},
    {"OneLongNameInSixtyThousandVersions",
     [] { return library(entry(0x6FFFFFFF, 1), kLongName, 0x6FFFFFFE, needs(60'000)); }, "version needs"},
    {"OneLongNameInSixtyThousandDefinitions",
     [] { return library(entry(0x6FFFFFFD, 60'000), kLongName, 0x6FFFFFFC, definitions(60'000)); },
     "version definitions"},
    {"ModulesInANameWithoutEnd", [] { return library("", repeated("PyInit_", 4'500'000)); }, kHarmless},
    {"ModulesWhoseNamesAreTooLong", [] { return library("", repeated('\0' + repeated("PyInit_", 1'000), 4'000)); },
     kHarmless},
    {"ZerosBehindTheHeader", [] { return seed("library64").substr(0, 64) + std::string(10'000'000, '\0'); }, kHarmless},
    {"ElfHeadersAllTheWayDown", [] { return repeated(seed("library64").substr(0, 64), 100'000); }, "ELF"},
};
INSTANTIATE_TEST_SUITE_P(Objects, HostileElf, ::testing::ValuesIn(kElves), hostile_name);

}  // namespace
}  // namespace mlbuild::test
