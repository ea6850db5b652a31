#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/net/ranged_client.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// How many connections fetch files now. Every file has one; what is left of the limits goes to parts beside it.
/// Thread-safe.
class PartSlots {
 public:
  explicit PartSlots(const RangeTuning& tuning) : tuning_(tuning) {}
  /// For a file: waits for parts of others only, which end by themselves.
  void begin_file(const std::string& host);
  void end_file(const std::string& host);
  /// For a part beside the file's own connection: an empty buffer for it, which comes back at the end, so that there
  /// are never more than the limit says, whatever malloc keeps.
  std::optional<Bytes> try_begin_part(const std::string& host);
  void end_part(const std::string& host, Bytes buffer = {});

 private:
  struct Host {
    std::size_t files = 0;
    std::size_t parts = 0;
  };

  const RangeTuning tuning_;
  std::mutex mutex_;
  std::condition_variable part_ended_;
  std::map<std::string, Host> hosts_;
  std::size_t parts_ = 0;
  std::vector<Bytes> buffers_;  ///< that nobody uses
};

}  // namespace mlbuild
