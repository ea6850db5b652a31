#include "numbers.hpp"
#include "reader.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlbuild::elf {
namespace {

// System V ABI, "Program Header" and "Dynamic Section"; the GNU tags from LSB Core, "Dynamic Section Entries".
constexpr std::uint32_t kLoad = 1, kDynamic = 2, kInterpreter = 3;
constexpr std::uint64_t kNull = 0, kNeeded = 1, kStringTable = 5, kStringBytes = 10, kSoname = 14, kRpath = 15,
                        kRunpath = 29, kVersionDefinitions = 0x6ffffffc, kVersionDefinitionCount = 0x6ffffffd,
                        kVersionNeeds = 0x6ffffffe, kVersionNeedCount = 0x6fffffff, kFlags1 = 0x6ffffffb;
constexpr std::uint64_t kNoDefaultPaths = 0x800;             // DF_1_NODEFLIB
constexpr std::uint16_t kBaseVersion = 1, kWeakVersion = 2;  // VER_FLG_BASE, VER_FLG_WEAK
constexpr std::uint64_t kMaxEntries = 1U << 16U;             // of any table; libraries have some hundreds
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxNamesBytes = 256U << 10U;  // of an object, as it keeps them; libraries have some thousands
constexpr std::string_view kPythonInit = "PyInit_";
constexpr std::size_t kMaxPythonInits = 64;

class DynamicReader {
 public:
  DynamicReader(Headers headers, const KeptRanges& file)
      : segments_(std::move(headers.segments)),
        object_(std::move(headers.object)),
        numbers_(object_.big_endian, object_.bits),
        file_(file) {}

  Object read() {
    for (const Segment& segment : segments_) {
      if (segment.type == kInterpreter) read_interpreter(segment);
    }
    const auto dynamic = std::ranges::find(segments_, kDynamic, &Segment::type);
    if (dynamic != segments_.end()) read_dynamic(*dynamic);  // without one it is linked statically
    return std::move(object_);
  }

 private:
  void read_interpreter(const Segment& segment) {
    if (segment.file_size > kMaxNameBytes) throw Error(ErrorKind::Foreign, "the ELF interpreter's name is too long");
    const std::string_view name = as_text(file_.at(segment.offset, segment.file_size));
    object_.interpreter = printable(name.substr(0, name.find('\0')));
  }

  void read_dynamic(const Segment& segment) {
    const std::size_t entry_bytes = 2 * numbers_.wide_bytes();
    const std::uint64_t count = std::min(segment.file_size / entry_bytes, kMaxEntries);
    const ByteSpan table = file_.at(segment.offset, count * entry_bytes);
    std::vector<std::uint64_t> needed;
    std::map<std::uint64_t, std::uint64_t> values;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t tag = numbers_.wide(table, i * entry_bytes);
      const std::uint64_t value = numbers_.wide(table, i * entry_bytes + numbers_.wide_bytes());
      if (tag == kNull) break;
      if (tag == kNeeded)
        needed.push_back(value);
      else
        values[tag] = value;
    }
    const auto value_of = [&](std::uint64_t tag) {
      const auto at = values.find(tag);
      return at == values.end() ? std::optional<std::uint64_t>() : at->second;
    };
    if (const auto strings = value_of(kStringTable)) {
      names_ = as_text(at_address(*strings, value_of(kStringBytes).value_or(0)));
    }
    for (const std::uint64_t name : needed) object_.needed.push_back(name_at(name, "needed libraries"));
    if (const auto name = value_of(kSoname)) object_.soname = name_at(*name, "own name");
    if (const auto name = value_of(kRpath)) object_.rpath = name_at(*name, "search paths");
    if (const auto name = value_of(kRunpath)) object_.runpath = name_at(*name, "search paths");
    object_.no_default_paths = (value_of(kFlags1).value_or(0) & kNoDefaultPaths) != 0;
    if (const auto at = value_of(kVersionNeeds)) read_needs(*at, value_of(kVersionNeedCount).value_or(0));
    if (const auto at = value_of(kVersionDefinitions)) {
      read_definitions(*at, value_of(kVersionDefinitionCount).value_or(0));
    }
    find_python_inits();
  }

  /// Verneed and Vernaux have 16 bytes each in both classes.
  void read_needs(std::uint64_t address, std::uint64_t count) {
    for (std::uint64_t i = 0; i < std::min(count, kMaxEntries); ++i) {
      const ByteSpan need = at_address(address, 16);
      const std::string file = name_at(numbers_.word(need, 4), "version needs");
      std::uint64_t at = address + numbers_.word(need, 8);
      for (std::uint16_t k = 0; k < numbers_.half(need, 2); ++k) {
        const ByteSpan one = at_address(at, 16);
        spend(file.size(), "version needs");
        object_.version_needs.push_back(
            {file, name_at(numbers_.word(one, 8), "version needs"), (numbers_.half(one, 4) & kWeakVersion) != 0});
        if (numbers_.word(one, 12) == 0) break;
        at += numbers_.word(one, 12);
      }
      if (numbers_.word(need, 12) == 0) break;
      address += numbers_.word(need, 12);
    }
  }

  /// Verdef has 20 bytes, Verdaux 8; the first of its names is its own, the others are those it follows.
  void read_definitions(std::uint64_t address, std::uint64_t count) {
    for (std::uint64_t i = 0; i < std::min(count, kMaxEntries); ++i) {
      const ByteSpan definition = at_address(address, 20);
      if ((numbers_.half(definition, 2) & kBaseVersion) == 0) {
        const ByteSpan first = at_address(address + numbers_.word(definition, 12), 8);
        object_.versions.push_back(name_at(numbers_.word(first, 0), "version definitions"));
      }
      if (numbers_.word(definition, 16) == 0) break;
      address += numbers_.word(definition, 16);
    }
  }

  /// A name of the string table is one of a symbol, defined or not; nobody asks another module to initialise itself.
  void find_python_inits() {
    for (std::size_t at = names_.find(kPythonInit); at != std::string_view::npos;
         at = names_.find(kPythonInit, at + 1)) {
      if (at == 0 || names_[at - 1] != '\0') continue;
      const std::string_view name = names_.substr(at + kPythonInit.size(), kMaxNameBytes + 1);
      const std::size_t end = name.find('\0');
      if (end == std::string_view::npos || end == 0 || !is_valid_utf8(name.substr(0, end))) continue;
      if (object_.python_init.size() == kMaxPythonInits) return;
      object_.python_init.emplace_back(name.substr(0, end));
    }
  }

  ByteSpan at_address(std::uint64_t address, std::uint64_t size) const {
    for (const Segment& segment : segments_) {
      if (segment.type != kLoad || address < segment.address) continue;
      const std::uint64_t offset = address - segment.address;
      if (offset > segment.file_size || size > segment.file_size - offset || segment.offset > ~offset) continue;
      return file_.at(segment.offset + offset, size);
    }
    throw Error(ErrorKind::Foreign, "an ELF file points to what it does not load");
  }

  std::string name_at(std::uint64_t offset, std::string_view of) {
    if (offset >= names_.size()) throw Error(ErrorKind::Foreign, "a name of an ELF file is not in its string table");
    const std::string_view rest = names_.substr(offset, kMaxNameBytes + 1);
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) throw Error(ErrorKind::Foreign, "a name of an ELF file has no end");
    std::string name = printable(rest.substr(0, end));  // it goes to messages and JSON
    spend(sizeof(name) + name.size(), of);
    return name;
  }

  /// Any number of entries may point to one name.
  void spend(std::size_t bytes, std::string_view of) {
    names_bytes_ += bytes;
    if (names_bytes_ <= kMaxNamesBytes) return;
    throw Error(ErrorKind::Foreign,
                fmt::format("an ELF file has more than {} of names, with its {}", human_bytes(kMaxNamesBytes), of));
  }

  std::vector<Segment> segments_;
  Object object_;
  Numbers numbers_;
  const KeptRanges& file_;
  std::string_view names_;
  std::size_t names_bytes_ = 0;
};

}  // namespace

Object read_dynamic(Headers headers, const KeptRanges& file) { return DynamicReader(std::move(headers), file).read(); }

}  // namespace mlbuild::elf
