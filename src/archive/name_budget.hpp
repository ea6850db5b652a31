#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlbuild {

/// Counts the bytes of an archive's names together with those of the directories above them, which whoever reads the
/// archive will keep, too: a few thousand paths of 4 KiB that are nothing but `a/a/a/...` stand for tens of GiB.
class NameBudget {
 public:
  static constexpr std::uint64_t kLimitBytes = std::uint64_t{512} << 20U;  // 2^22 names of 128 bytes

  /// Directories that the path shares with the one before were counted there.
  void add_path(std::string_view path);
  void add_text(std::string_view text) { used_bytes_ += text.size(); }
  bool is_exceeded() const { return used_bytes_ > kLimitBytes; }

 private:
  std::string previous_;
  std::uint64_t used_bytes_ = 0;
};

}  // namespace mlbuild
