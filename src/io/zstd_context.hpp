#pragma once

#include <zstd.h>

#include <cstddef>
#include <memory>

namespace mlbuild {

/// Passes on what a function of libzstd returned. Error{Internal} when it is an error.
std::size_t zstd_checked(std::size_t result);

struct FreeZstdContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
using ZstdContext = std::unique_ptr<ZSTD_CCtx, FreeZstdContext>;

/// For frames of this level that end with a checksum.
ZstdContext make_zstd_context(int level);

}  // namespace mlbuild
