#pragma once

#include "store_layout.hpp"

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/fd.hpp"

namespace mlbuild {

/// A file on its way into the store: written below tmp/, then renamed. Without a commit nothing remains; a writer that
/// was killed leaves a file in tmp/ that gc removes. Writes are gathered, since layers arrive in pieces of a few bytes.
///
/// Unlike AtomicFile all unfinished files lie in one place, and the caller chooses whether the file must survive a
/// power cut.
class PendingFile final : public Sink {
 public:
  explicit PendingFile(const StoreLayout& layout);
  ~PendingFile() override;
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  void write(ByteSpan bytes) override;

  enum class Durability {
    Durable,  ///< fsync of the file before and of its directory after the rename
    Checked,  ///< no fsync: the content carries its own checksum, and losing it is harmless
  };
  void commit(const std::filesystem::path& final_path, Durability durability);

 private:
  void flush();
  void write_out(ByteSpan bytes);

  std::filesystem::path temporary_;  ///< empty once nothing is left to remove
  Fd fd_;
  Bytes buffer_;
};

}  // namespace mlbuild
