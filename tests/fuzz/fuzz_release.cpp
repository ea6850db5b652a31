#include "mlbuild/base/bytes.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/index/release.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const mlbuild::Release release = mlbuild::Release::parse(mlbuild::as_text(std::as_bytes(std::span(data, size))));
    if (mlbuild::to_rfc3339(release.date_seconds).size() != 20) std::abort();
  } catch (const mlbuild::Error& error) {
    if (error.kind() != mlbuild::ErrorKind::Foreign) std::abort();  // foreign bytes must never look like our own bug
  }
  return 0;
}
