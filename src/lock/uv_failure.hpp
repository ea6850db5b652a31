#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/python/requirement.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// What an error of the resolver is about.
struct UvQuestion {
  std::vector<const python::Requirement*> requirements;  ///< that the user wrote, for the place
  std::string target;                                    ///< "cp311 linux/amd64"
  std::string index;                                     ///< printable URL of the default index
  bool sdists_refused = true;
  bool has_cutoff = false;
  Location cutoff;  ///< of `python.exclude-newer`
};

/// Makes an Error of what the resolver said: the user's line, its own words as context, and the way out. Error{Network}
/// when an index could not be reached, else Error{Step}.
Error explain_uv_failure(const std::string& messages, const UvQuestion& question);

}  // namespace mlbuild
