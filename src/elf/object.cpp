// Linkers put the names that the dynamic section points to near the beginning of a file, before the code; patchelf,
// which every manylinux wheel went through, puts new ones into a segment at its end. Where they are is told by the
// dynamic section, which comes between. So both ends are kept and looked into when everything has gone by.

#include "mlbuild/elf/object.hpp"

#include "fat_binary.hpp"
#include "kept_ranges.hpp"
#include "reader.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <array>

namespace mlbuild::elf {
namespace {

constexpr std::uint64_t kBeginningBytes = 32U << 20U;  // libtorch_cpu.so has its names within the first 24 MiB
constexpr std::uint64_t kSegmentsBytes = 32U << 20U;
constexpr std::uint64_t kHeaderBytes = 64;

}  // namespace

class ObjectScanner::State {
 public:
  State() { restart(); }

  void restart() {
    kept_.restart({0, kBeginningBytes});
    gpu_ = {};
    headers_end_.reset();
    is_other_ = has_ranges_ = false;
  }

  void write(ByteSpan bytes) {
    if (is_other_) return;
    kept_.write(bytes);
    gpu_.write(bytes);
    if (!headers_end_ && kept_.size_bytes() >= kHeaderBytes) find_headers();
    if (headers_end_ && !has_ranges_ && kept_.size_bytes() >= *headers_end_) keep_segments();
  }

  std::optional<Object> finish() {
    if (!headers_end_) find_headers();  // a 32-bit header is all there is, or less
    if (is_other_) return std::nullopt;
    Object object = read_dynamic(read_headers(kept_), kept_);
    object.gpu_code.assign(gpu_.code().begin(), gpu_.code().end());
    return object;
  }

 private:
  void find_headers() {
    const std::uint64_t size = std::min(kept_.size_bytes(), kHeaderBytes);
    headers_end_ = end_of_program_headers(kept_.at(0, size));
    is_other_ = !headers_end_;
  }

  void keep_segments() {
    has_ranges_ = true;
    if (*headers_end_ > kBeginningBytes) return;  // finish() says so
    for (const Range& range : ranges_to_keep(read_headers(kept_), kSegmentsBytes)) {
      if (range.end > kBeginningBytes) kept_.keep(range);
    }
  }

  KeptRanges kept_;
  FatBinaryScanner gpu_;
  std::optional<std::uint64_t> headers_end_;
  bool is_other_ = false, has_ranges_ = false;
};

ObjectScanner::ObjectScanner() : state_(std::make_unique<State>()) {}
ObjectScanner::~ObjectScanner() = default;
ObjectScanner::ObjectScanner(ObjectScanner&&) noexcept = default;
ObjectScanner& ObjectScanner::operator=(ObjectScanner&&) noexcept = default;
void ObjectScanner::restart() { state_->restart(); }
void ObjectScanner::write(ByteSpan bytes) { state_->write(bytes); }
std::optional<Object> ObjectScanner::finish() { return state_->finish(); }

std::optional<Object> read_object(Source& file) {
  ObjectScanner scanner;
  std::vector<std::byte> buffer(kStreamBufferBytes);
  for (std::size_t count = file.read(buffer); count > 0; count = file.read(buffer)) {
    scanner.write(ByteSpan(buffer).first(count));
  }
  return scanner.finish();
}

std::string machine_name(std::uint16_t machine) {
  struct Row {
    std::uint16_t machine;
    const char* name;
  };
  static constexpr std::array kNames = {Row{3, "80386"},      Row{8, "MIPS"},       Row{20, "PowerPC"},
                                        Row{21, "PowerPC64"}, Row{22, "S/390"},     Row{40, "ARM"},
                                        Row{62, "x86-64"},    Row{183, "AArch64"},  Row{190, "CUDA"},
                                        Row{243, "RISC-V"},   Row{258, "LoongArch"}};
  for (const Row& row : kNames) {
    if (row.machine == machine) return row.name;
  }
  return fmt::format("machine {}", machine);
}

std::optional<std::uint16_t> machine_of(std::string_view architecture) {
  if (architecture == "amd64") return std::uint16_t{62};
  if (architecture == "arm64") return std::uint16_t{183};
  return std::nullopt;
}

}  // namespace mlbuild::elf
