#pragma once

#include <filesystem>
#include <string>
#include <utility>

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

}  // namespace mlbuild
