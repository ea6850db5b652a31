#pragma once

#include "mlbuild/net/ranged_client.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace mlbuild {

/// How many connections fetch files now. Every file has one; what is left of the limits goes to parts beside it.
/// Thread-safe.
class PartSlots {
 public:
  explicit PartSlots(const RangeTuning& tuning) : tuning_(tuning) {}
  /// For a file: waits for parts of others only, which end by themselves.
  void begin_file(const std::string& host);
  void end_file(const std::string& host);
  bool try_begin_part(const std::string& host);  ///< beside the file's own connection
  void end_part(const std::string& host);

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
};

}  // namespace mlbuild
