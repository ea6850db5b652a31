#include "mlbuild/elf/object.hpp"

#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

using namespace mlbuild;

namespace {

// Made by tests/fuzz/make_elf_seeds.py, which says what is in them.
std::string seed(const std::string& name) {
  std::ifstream file(test::source_dir() / "tests/fuzz/corpus/elf" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<elf::Object> read(const std::string& bytes) {
  SpanSource source(as_bytes(bytes));
  return elf::read_object(source);
}

elf::Object library() {
  elf::Object object;
  object.machine = 62;
  object.soname = "libone.so.1";
  object.needed = {"libm.so.6", "libc.so.6"};
  object.rpath = "$ORIGIN/../one.libs";
  object.runpath = "$ORIGIN";
  object.version_needs = {
      {"libm.so.6", "GLIBC_2.29", false}, {"libc.so.6", "GLIBC_2.2.5", false}, {"libc.so.6", "GLIBC_2.38", true}};
  object.versions = {"ONE_1.0", "ONE_1.1"};
  object.python_init = {"one"};
  return object;
}

/// A library whose dynamic section lies behind so many bytes of code.
class LongObject {
 public:
  explicit LongObject(std::uint64_t gap_bytes) : gap_(gap_bytes) {
    text_ = seed("library64_names_last");
    const std::size_t dynamic = 64 + 56;  // the second program header
    put(dynamic + 8, get(dynamic + 8) + gap_);
    // The one segment becomes a header of 0x10 loaded bytes; all else moves to the end, loaded where it was.
    tail_at_ = 64 + 2 * 56;
    put(64 + 8, tail_at_ + gap_);
    put(64 + 16, get(64 + 16) + tail_at_);
    put(64 + 32, get(64 + 32) - tail_at_);
  }
  std::optional<elf::Object> read() const {
    elf::ObjectScanner scanner;
    scanner.write(as_bytes(text_).first(tail_at_));
    const std::vector<std::byte> zeros(1U << 20U);
    for (std::uint64_t rest = gap_; rest > 0; rest -= std::min<std::uint64_t>(rest, zeros.size())) {
      scanner.write(ByteSpan(zeros).first(std::min<std::uint64_t>(rest, zeros.size())));
    }
    scanner.write(as_bytes(text_).subspan(tail_at_));
    return scanner.finish();
  }

 private:
  std::uint64_t get(std::size_t at) const {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8U | static_cast<unsigned char>(text_[at + i]);
    return value;
  }
  void put(std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) text_[at + i] = static_cast<char>(value >> (8 * i));
  }
  std::string text_;
  std::uint64_t gap_;
  std::size_t tail_at_ = 0;
};

}  // namespace

TEST(ElfObject, TellsWhatTheLoaderReads) {
  EXPECT_EQ(read(seed("library64")), library());
  EXPECT_EQ(read(seed("library64_names_last")), library());
}

TEST(ElfObject, BothClassesAndByteOrdersAreRead) {
  elf::Object expected = library();
  expected.bits = 32;
  expected.machine = 3;
  EXPECT_EQ(read(seed("library32")), expected);
  expected.machine = 20;
  expected.big_endian = true;
  EXPECT_EQ(read(seed("library32_big_endian")), expected);
  expected.bits = 64;
  expected.machine = 22;
  EXPECT_EQ(read(seed("library64_big_endian")), expected);
}

TEST(ElfObject, AProgramNamesItsLoader) {
  const auto program = read(seed("program64"));
  ASSERT_TRUE(program);
  EXPECT_EQ(program->interpreter, "/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(program->type, elf::Type::Executable);
}

TEST(ElfObject, FatBinariesTellTheirGpus) {
  const auto gpu = read(seed("gpu"));
  ASSERT_TRUE(gpu);
  EXPECT_EQ(gpu->gpu_code, (std::vector<std::string>{"compute_90", "sm_80"}));
}

TEST(ElfObject, ObjectFilesAndOtherFilesAreNone) {
  EXPECT_FALSE(read(seed("object_file")));
  EXPECT_FALSE(read("#!/bin/sh\n"));
  EXPECT_FALSE(read(""));
}

TEST(ElfObject, ACutFileIsRefused) {
  const std::string whole = seed("library64");
  EXPECT_THROW(read(seed("cut")), Error);
  EXPECT_THROW(read(whole.substr(0, 40)), Error);
}

TEST(ElfObject, NamesAtTheEndOfALongFileAreFound) {
  EXPECT_EQ(LongObject(0).read(), library());
  EXPECT_EQ(LongObject(100U << 20U).read(), library());
}

TEST(ElfObject, SegmentsOutsideTheFileAreRefused) {
  std::string text = seed("library64");
  text[64 + 56 + 8 + 4] = 1;  // the dynamic section 4 GiB further on
  EXPECT_THROW(read(text), Error);
}

TEST(ElfObject, MachinesHaveNames) {
  EXPECT_EQ(elf::machine_name(62), "x86-64");
  EXPECT_EQ(elf::machine_name(65535), "machine 65535");
  EXPECT_EQ(elf::machine_of("arm64"), 183);
  EXPECT_FALSE(elf::machine_of("vax"));
}

TEST(ObjectScanner, KnowsNothingOfTheObjectBefore) {
  elf::ObjectScanner scanner;
  scanner.write(as_bytes(seed("gpu")));
  scanner.finish();
  scanner.restart();
  const std::string second = seed("program64");
  scanner.write(as_bytes(second));
  EXPECT_EQ(scanner.finish(), read(second));
  EXPECT_NE(read(seed("gpu")), read(second));
}
