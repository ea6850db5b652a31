#pragma once

#include "spill_file.hpp"

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace mlbuild {

/// Keeps file contents between making them (any order) and writing the layer (path order). The first kMemoryBytes stay
/// in memory, the rest goes to a temporary file.
class DebContentPool {
 public:
  using Handle = std::size_t;

  Handle add(Source& content, std::uint64_t size_bytes);  ///< reads exactly size_bytes
  Handle add(Bytes content);
  Handle add(const SpilledContent& content);          ///< is where it is
  std::unique_ptr<Source> open(Handle handle) const;  ///< the pool must outlive it

  static constexpr std::uint64_t kMemoryBytes = std::uint64_t{16} << 20U;

 private:
  std::vector<std::variant<Bytes, SpilledContent>> items_;
  std::uint64_t memory_bytes_ = 0;
  std::unique_ptr<SpillFile> spill_file_;  // contents know where it is, wherever the pool goes
};

}  // namespace mlbuild
