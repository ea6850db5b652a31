#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/net/ranged_client.hpp"

#include <condition_variable>
#include <functional>
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
  /// For a part beside the file's own connection: waits for a slot, or until `is_unwanted`, and then gives nothing.
  /// The empty buffer comes back at the end, so that there are never more than the limit says, whatever malloc keeps.
  std::optional<Bytes> begin_part(const std::string& host, const std::function<bool()>& is_unwanted);
  void end_part(const std::string& host, Bytes buffer = {});
  void ask_again();  ///< whether parts that wait are unwanted by now

 private:
  struct Host {
    std::size_t files = 0;
    std::size_t parts = 0;
    std::size_t waiting_files = 0;  ///< they come before parts
  };
  bool has_room(const Host& there) const { return there.files + there.parts < tuning_.connections_per_host; }

  const RangeTuning tuning_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Host> hosts_;
  std::size_t parts_ = 0;
  std::vector<Bytes> buffers_;  ///< that nobody uses
};

}  // namespace mlbuild
