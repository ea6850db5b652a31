#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/python/requirement.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A project that the spec has a route for and does not ask for. It is asked for since a candidate needed it, and stays
/// so: the resolver cannot give up the candidate for one that does without.
struct FoundRoute {
  std::string project;
  std::string candidate;  ///< "a==2.0"; "" when the resolver did not tell
};

/// What an error of the resolver is about.
struct UvQuestion {
  /// A routed project that its index does not have: the resolver says only that it was not found.
  struct Missing {
    std::string project;  ///< "" for none
    std::string index;    ///< printable URL
  };
  std::vector<const python::Requirement*> requirements;  ///< that the user wrote, for the place
  std::string target;                                    ///< "cp311 linux/amd64"
  std::string index;                                     ///< printable URL of the default index
  std::vector<std::string> indexes;                      ///< those of the spec's
  bool sdists_refused = true;
  bool has_cutoff = false;
  Location cutoff;  ///< of `python.exclude-newer`
  Missing missing;
  std::vector<FoundRoute> found_routes;
};

/// Whether the resolver found no page of the project. It also says so where the index refused access.
bool is_not_found(std::string_view messages, std::string_view project);

/// Makes an Error of what the resolver said: the user's line, its own words as context, and the way out. Error{Network}
/// when an index could not be reached, else Error{Step}.
Error explain_uv_failure(const std::string& messages, const UvQuestion& question);

}  // namespace mlbuild
