#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

namespace mlbuild {

/// Keeps file contents between unpacking packages (any order) and writing the layer (path order), because decoding .xz
/// twice would cost more than all the rest. The first kMemoryBytes stay in memory, the rest goes to an unlinked
/// temporary file.
class DebContentPool {
 public:
  using Handle = std::size_t;

  Handle add(Source& content, std::uint64_t size_bytes);  ///< reads exactly size_bytes
  Handle add(Bytes content);
  std::unique_ptr<Source> open(Handle handle) const;  ///< the pool must outlive it

  static constexpr std::uint64_t kMemoryBytes = std::uint64_t{16} << 20U;

 private:
  struct Spilled {
    std::uint64_t offset = 0, size_bytes = 0;
  };
  void spill(Source& content, std::uint64_t size_bytes);

  std::vector<std::variant<Bytes, Spilled>> items_;
  std::uint64_t memory_bytes_ = 0;
  Fd spill_file_;
  std::uint64_t spilled_bytes_ = 0;
};

}  // namespace mlbuild
