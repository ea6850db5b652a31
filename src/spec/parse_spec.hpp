#pragma once

#include "spec_directory.hpp"

#include "mlbuild/spec/spec.hpp"

#include <string_view>

namespace mlbuild::spec {

/// read_spec() without the disk: `text` is the content of `path`, `directory` answers for the files beside it.
Spec parse_spec_text(std::string_view text, const std::filesystem::path& path, const SpecDirectory& directory);

}  // namespace mlbuild::spec
