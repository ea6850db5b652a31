#include "zstd_context.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <new>

namespace mlbuild {

std::size_t zstd_checked(std::size_t result) {
  if (ZSTD_isError(result) == 0) return result;
  throw Error(ErrorKind::Internal, fmt::format("libzstd: {}", ZSTD_getErrorName(result)));
}

ZstdContext make_zstd_context(int level) {
  ZstdContext context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  zstd_checked(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  zstd_checked(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1));
  return context;
}

}  // namespace mlbuild
