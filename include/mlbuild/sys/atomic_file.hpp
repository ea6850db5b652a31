#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/fd.hpp"

#include <filesystem>
#include <string_view>

namespace mlbuild {

/// A file that appears under its final name only when complete: written to a temporary name in the same directory,
/// then fsync, rename, fsync of the directory. Without commit() nothing remains. Parent directories are made.
///
/// Only a process that is killed leaves its temporary file behind, and with it the lock by which everybody sees whether
/// its writer lives: see remove_abandoned_files().
class AtomicFile final : public Sink {
 public:
  explicit AtomicFile(std::filesystem::path final_path, unsigned mode = 0644);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(ByteSpan bytes) override;
  void commit();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;  ///< empty once nothing is left to remove
  Fd fd_;
};

/// Removes the temporary files that writers who were killed left in a directory; what cannot be removed harms nobody.
void remove_abandoned_files(const std::filesystem::path& directory);

void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace mlbuild
