#include "deb_content_pool.hpp"

#include "mlbuild/base/error.hpp"

namespace mlbuild {

DebContentPool::Handle DebContentPool::add(Bytes content) {
  memory_bytes_ += content.size();
  items_.emplace_back(std::move(content));
  return items_.size() - 1;
}

DebContentPool::Handle DebContentPool::add(Source& content, std::uint64_t size_bytes) {
  if (memory_bytes_ + size_bytes > kMemoryBytes) {
    if (!spill_file_) spill_file_ = std::make_unique<SpillFile>();
    return add(spill_file_->append(content, size_bytes));
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

DebContentPool::Handle DebContentPool::add(const SpilledContent& content) {
  items_.emplace_back(content);
  return items_.size() - 1;
}

std::unique_ptr<Source> DebContentPool::open(Handle handle) const {
  if (const auto* bytes = std::get_if<Bytes>(&items_.at(handle))) return std::make_unique<SpanSource>(*bytes);
  return open_spilled(std::get<SpilledContent>(items_.at(handle)));
}

}  // namespace mlbuild
