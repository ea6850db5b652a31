#pragma once

#include "mlbuild/net/url.hpp"

#include <optional>
#include <string_view>

namespace mlbuild {

/// A link of an index page, without user info; nothing when it is no usable URL or a remote page points at local files.
std::optional<Url> resolve_link(const Url& base, std::string_view link);

/// One path segment that names a file: not empty, no "/", "\", control characters, not "." or "..".
bool is_plain_filename(std::string_view name);

}  // namespace mlbuild
