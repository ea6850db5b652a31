#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/base/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// One PEP 508 requirement as the user wrote it.
struct Requirement {
  std::string name;                 ///< normalised; "" for a bare URL or path
  std::vector<std::string> extras;  ///< normalised, sorted
  std::string specifier;            ///< ">=1,<2"; "" for none
  std::string url;                  ///< "name @ url", or the bare URL/path
  std::string marker;
  std::vector<BlobDigest> hashes;  ///< --hash=sha256:...
  Location location;
  std::string text;        ///< as given to the resolver, without --hash
  bool is_pinned() const;  ///< one `==` or `===` clause without wildcard
};

/// Parses one requirement; mistakes are added to `diagnostics` with the location.
std::optional<Requirement> parse_requirement(std::string_view text, const Location& location, Diagnostics& diagnostics);

/// Everything a requirements file says (pip's documentation, "Requirements File Format").
struct RequirementsFile {
  std::vector<Requirement> requirements;
  std::vector<Requirement> constraints;  ///< of -c files
  std::optional<std::string> index_url;  ///< --index-url; the caller refuses or uses it
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> files;  ///< every file read, relative to the spec's directory, in order of reading
};

/// Reads a requirements file with continuation lines, comments, -r and -c (relative to the including file, cycles
/// refused), per-requirement
/// --hash. Options that mlbuild does not honour are diagnostics with the line and what to write in the spec instead
/// (-e, --find-links,
/// --pre, --no-binary, ...). `read_file` returns the text of a path relative to the spec's directory, or throws.
RequirementsFile parse_requirements_file(const std::string& path,
                                         const std::function<std::string(const std::string&)>& read_file,
                                         Diagnostics& diagnostics);

}  // namespace mlbuild::python
