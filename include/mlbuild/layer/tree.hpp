#pragma once

#include "mlbuild/io/expansion_limit.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Unpacks layers (gzip or plain tars, bottom to top, whiteouts honoured) below `root` for the sandbox, as the calling
/// user: owners and modes are noted in an attribute where the tree cannot show them (directories always get u+rwx,
/// files u+r); devices and FIFOs are left out. Nothing is written outside `root`: every component is opened with
/// O_NOFOLLOW, symbolic links are made but never followed. A layer that expands beyond the limit is refused.
void unpack_layers(const std::vector<Source*>& layers, const std::filesystem::path& root,
                   const Cancellation& cancellation, const ExpansionLimit& limit = {});

/// The same for one tar whose plain bytes the caller has limited: it is not decompressed once more.
void unpack_tar(Source& tar, const std::filesystem::path& root, const Cancellation& cancellation);

/// Unpacks one layer as a tree that lies on others: what the layer hides of them is marked as overlayfs does it.
void unpack_upper_layer(Source& layer, const std::filesystem::path& root, const Cancellation& cancellation);

/// What trees that lie on each other (bottom to top) show at a relative path: links are not followed, what a tree hides
/// is not there.
std::optional<std::filesystem::path> find_in_trees(const std::vector<std::filesystem::path>& trees,
                                                   std::string_view path);

}  // namespace mlbuild
