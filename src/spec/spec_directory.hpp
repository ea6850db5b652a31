#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::spec {

/// The files beside a spec. Names are relative to the spec's directory.
class SpecDirectory {
 public:
  enum class Kind { Missing, File, Directory, Outside, Special };

  virtual ~SpecDirectory() = default;
  /// What a name stands for when links are followed; Outside when it leaves the directory.
  virtual Kind look_up(const std::string& name) const = 0;
  /// Text of a File; throws Error{Io}, and Error{Spec} above `limit_bytes`.
  virtual std::string read_text(const std::string& name, std::uint64_t limit_bytes) const = 0;
  /// Names in a Directory, for proposals; empty when there are none.
  virtual std::vector<std::string> names_in(const std::string& name) const = 0;
};

class DiskDirectory final : public SpecDirectory {
 public:
  explicit DiskDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}
  Kind look_up(const std::string& name) const override;
  std::string read_text(const std::string& name, std::uint64_t limit_bytes) const override;
  std::vector<std::string> names_in(const std::string& name) const override;

 private:
  std::filesystem::path directory_;
};

/// Reads a whole file; throws Error{Io} when it cannot be read and Error{Spec} when it is larger than `limit_bytes`.
std::string read_file_text(const std::filesystem::path& path, std::uint64_t limit_bytes);

/// True when `path`, with all links followed, is `directory` or below it. Loops of links count as outside.
bool stays_inside(const std::filesystem::path& directory, const std::filesystem::path& path);

}  // namespace mlbuild::spec
