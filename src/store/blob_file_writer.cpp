#include "blob_file_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "mlbuild/base/error.hpp"

namespace mlbuild {

void sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) throw_errno(errno, "cannot make durable", directory);
}

BlobFileWriter::BlobFileWriter(const StoreLayout& layout, std::function<void(const BlobDigest&)> on_committed)
    : layout_(layout), on_committed_(std::move(on_committed)) {
  std::string name = (layout_.tmp() / "blob-XXXXXX").string();
  fd_ = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_.valid()) throw_errno(errno, "cannot create", name);
  temporary_ = name;
}

BlobFileWriter::~BlobFileWriter() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void BlobFileWriter::write(ByteSpan bytes) {
  hash_.update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno(errno, "cannot write", temporary_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

BlobDigest BlobFileWriter::commit(std::optional<BlobDigest> expected) {
  const BlobDigest digest(hash_.finish());
  if (expected && *expected != digest) {
    throw Error(ErrorKind::Foreign, fmt::format("the bytes have digest {}, not {}", digest.to_string(), expected->to_string()));
  }
  if (::fchmod(fd_.get(), 0644) != 0 || ::fsync(fd_.get()) != 0) throw_errno(errno, "cannot make durable", temporary_);
  const std::filesystem::path path = layout_.blob(digest);
  std::filesystem::create_directories(path.parent_path());
  if (::rename(temporary_.c_str(), path.c_str()) != 0) throw_errno(errno, "cannot rename to", path);
  temporary_.clear();
  sync_directory(path.parent_path());
  on_committed_(digest);
  return digest;
}

}  // namespace mlbuild
