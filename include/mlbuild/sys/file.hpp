#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "mlbuild/io/stream.hpp"

namespace mlbuild {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int raw) noexcept : raw_(raw) {}
  Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Fd();
  int get() const noexcept { return raw_; }
  bool valid() const noexcept { return raw_ >= 0; }
  int release() noexcept { return std::exchange(raw_, -1); }

 private:
  int raw_ = -1;
};

/// Error{Io} with the path, what was tried and strerror; ENOSPC/EDQUOT get a hint on freeing space.
[[noreturn]] void throw_errno(int error_number, const std::string& what, const std::filesystem::path& path);

Fd open_read(const std::filesystem::path& path);  ///< O_RDONLY|O_CLOEXEC; throws Error{Io}

/// A file read at positions by pread; thread-safe. Not memory-mapped: pages of a 5 GB image would count as our memory.
class DiskFile final : public RandomAccess {
 public:
  explicit DiskFile(const std::filesystem::path& path);
  explicit DiskFile(Fd fd, std::filesystem::path path_for_messages);
  std::uint64_t size_bytes() const override { return size_bytes_; }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override;

 private:
  Fd fd_;
  std::filesystem::path path_;
  std::uint64_t size_bytes_ = 0;
};

/// Reads a file front to back.
class FileSource final : public Source {
 public:
  explicit FileSource(const std::filesystem::path& path);
  explicit FileSource(Fd fd, std::filesystem::path path_for_messages);
  std::size_t read(MutableByteSpan buffer) override;

 private:
  Fd fd_;
  std::filesystem::path path_;
};

std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit_bytes = 64U << 20U);

/// A file that appears under its final name only when complete: written to a temporary name in the same directory,
/// then fsync, rename, fsync of the directory. Without commit() nothing remains. Parent directories are made.
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
  std::filesystem::path temporary_path_;
  Fd fd_;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// A private directory (0700) below `parent` (default: $TMPDIR or /tmp), removed with all its content by the destructor.
/// Removal never follows symbolic links and copes with directories that have lost their write bit.
class TempDir {
 public:
  explicit TempDir(const std::filesystem::path& parent = {}, const std::string& prefix = "mlbuild-");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Removes a tree as TempDir does; missing is fine.
void remove_tree(const std::filesystem::path& path);

/// flock(2) on a file, made when missing; released by the destructor or by the death of the process.
class FileLock {
 public:
  enum class Mode { Shared, Exclusive };
  FileLock(const std::filesystem::path& path, Mode mode);  ///< waits
  /// nullopt-like: an invalid lock when somebody else holds it.
  static FileLock try_lock(const std::filesystem::path& path, Mode mode);
  bool held() const { return fd_.valid(); }

 private:
  FileLock() = default;
  Fd fd_;
};

}  // namespace mlbuild
