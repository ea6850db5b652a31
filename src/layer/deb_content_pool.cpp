#include "deb_content_pool.hpp"

#include "mlbuild/base/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {
namespace {

/// A file without a name: nothing to clean up after a kill.
Fd make_spill_file() {
  const TempDir directory({}, "mlbuild-debs-");
  const auto path = directory.path() / "contents";
  const int raw = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (raw < 0) throw_errno(errno, "creating", path);
  return Fd(raw);
}

void write_all(int file, ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno(errno, "writing", "temporary file");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
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
    if (got < 0) throw_errno(errno, "reading", "temporary file");
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

DebContentPool::Handle DebContentPool::add(Bytes content) {
  memory_bytes_ += content.size();
  items_.emplace_back(std::move(content));
  return items_.size() - 1;
}

DebContentPool::Handle DebContentPool::add(Source& content, std::uint64_t size_bytes) {
  if (memory_bytes_ + size_bytes > kMemoryBytes) {
    spill(content, size_bytes);
    return items_.size() - 1;
  }
  Bytes bytes(static_cast<std::size_t>(size_bytes));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t got = content.read(std::span(bytes).subspan(filled));
    if (got == 0) throw Error(ErrorKind::Foreign, "file content is shorter than its header says");
    filled += got;
  }
  return add(std::move(bytes));
}

void DebContentPool::spill(Source& content, std::uint64_t size_bytes) {
  if (!spill_file_.valid()) spill_file_ = make_spill_file();
  Bytes buffer(kStreamBufferBytes);
  std::uint64_t done = 0;
  while (done < size_bytes) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_bytes - done));
    const std::size_t got = content.read(std::span(buffer).first(wanted));
    if (got == 0) throw Error(ErrorKind::Foreign, "file content is shorter than its header says");
    write_all(spill_file_.get(), ByteSpan(buffer).first(got));
    done += got;
  }
  items_.emplace_back(Spilled{spilled_bytes_, size_bytes});
  spilled_bytes_ += size_bytes;
}

std::unique_ptr<Source> DebContentPool::open(Handle handle) const {
  if (const auto* bytes = std::get_if<Bytes>(&items_.at(handle))) return std::make_unique<SpanSource>(*bytes);
  const auto& spilled = std::get<Spilled>(items_.at(handle));
  return std::make_unique<SpilledSource>(spill_file_.get(), spilled.offset, spilled.size_bytes);
}

}  // namespace mlbuild
