#pragma once

#include "segment_format.hpp"
#include "store_layout.hpp"

#include "mlbuild/io/stream.hpp"

#include <memory>
#include <optional>

namespace mlbuild {

/// Throws Error{Foreign} when the file is damaged, Error{Io} when it cannot be read.
VirtualBlob read_virtual_blob(const std::filesystem::path& path);

/// A few KiB of the file; nullopt when it is absent or damaged.
std::optional<VirtualBlobHeader> read_virtual_header(const std::filesystem::path& path);

/// The blob's bytes, from real blobs that are not verified on their own: the digest of the whole covers every byte of
/// them that is used, and hashing gigabytes twice is what a virtual blob is there to avoid. The caller must check that
/// digest.
std::unique_ptr<Source> unchecked_stream(const StoreLayout& layout, VirtualBlob blob);

}  // namespace mlbuild
