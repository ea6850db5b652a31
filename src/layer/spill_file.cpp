#include "spill_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mlbuild {
namespace {

/// Without a name there is nothing to clean up after a kill.
Fd make_file(const std::filesystem::path& parent) {
  const TempDir directory(parent, "mlbuild-debs-");
  const auto path = directory.path() / "contents";
  const int raw = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (raw < 0) throw_errno(errno, "create", path);
  return Fd(raw);
}

void write_at(int file, std::uint64_t offset, ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno(errno, "write", "temporary file");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

class SpilledSource final : public Source {
 public:
  SpilledSource(int file, std::uint64_t offset, std::uint64_t rest) : file_(file), offset_(offset), rest_(rest) {}
  std::size_t read(MutableByteSpan buffer) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), rest_));
    if (wanted == 0) return 0;
    ssize_t got = 0;
    do {
      got = ::pread(file_, buffer.data(), wanted, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw_errno(errno, "read", "temporary file");
    if (got == 0) throw Error(ErrorKind::Io, "temporary file became shorter");
    offset_ += static_cast<std::uint64_t>(got);
    rest_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

 private:
  int file_;
  std::uint64_t offset_, rest_;
};

}  // namespace

std::uint64_t SpillFile::reserve(std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  if (!file_.valid()) file_ = make_file(directory_);
  const std::uint64_t offset = end_;
  end_ += size_bytes;
  return offset;
}

SpilledContent SpillFile::append(Source& content, std::uint64_t size_bytes) {
  const SpilledContent place{this, reserve(size_bytes), size_bytes};
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kStreamBufferBytes, size_bytes)));
  for (std::uint64_t done = 0; done < size_bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_bytes - done));
    const std::size_t got = content.read(MutableByteSpan(buffer).first(wanted));
    if (got == 0) throw Error(ErrorKind::Foreign, "file content is shorter than its header says");
    write_at(file_.get(), place.offset + done, ByteSpan(buffer).first(got));
    done += got;
  }
  return place;
}

std::unique_ptr<Source> open_spilled(const SpilledContent& content) {
  if (content.size_bytes == 0) return std::make_unique<SpanSource>(ByteSpan());
  return std::make_unique<SpilledSource>(content.file->file_.get(), content.offset, content.size_bytes);
}

}  // namespace mlbuild
