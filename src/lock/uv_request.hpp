#pragma once

#include "mlbuild/index/python_index.hpp"
#include "mlbuild/python/tags.hpp"
#include "mlbuild/spec/spec.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// One question to the resolver; a value, so that what is asked can be tested without running it.
struct UvRequest {
  enum class Output {
    Pylock,  ///< pylock.toml: versions and files
    Edges    ///< requirements.txt with "# via" comments: who needs whom
  };
  Output output = Output::Pylock;
  std::vector<std::string> requirements;  ///< PEP 508, one a line, without hashes
  std::vector<std::string> constraints;
  std::vector<PythonIndex> indexes;           ///< of the spec; used only for the projects of `routes`
  std::map<std::string, std::string> routes;  ///< project -> name in `indexes`
  /// Routed as well, but not known to be needed. No index is asked for them: a question that needs one fails, and
  /// withheld_project() tells which.
  std::map<std::string, std::string> withheld;
  python::TargetPlatform target;
  std::string python_full_version;  ///< "3.11.2"
  SdistPolicy sdists = SdistPolicy::Deny;
  std::vector<std::string> sdist_names;
  std::optional<std::string> exclude_newer;
  std::vector<std::pair<std::string, std::string>> preferences;  ///< versions to keep when they fit
  bool offline = false;
};

/// Where the answer lands in the working directory.
std::string uv_output_file(const UvRequest& request);

/// Files for the working directory, by name. They may hold credentials of the spec's indexes: the directory is private.
std::map<std::string, std::string> uv_input_files(const UvRequest& request);

/// Arguments behind the program's name; no URL is among them.
std::vector<std::string> uv_arguments(const UvRequest& request);

/// The withheld project that made a question fail; "" when it failed for another reason.
std::string withheld_project(std::string_view messages);

/// The candidate that needs it, as in "a==2.0"; "" when the messages do not tell.
std::string candidate_in_need(std::string_view messages);

/// Who needs each project, from an answer of kind Edges: "spec" or project names, sorted.
std::map<std::string, std::vector<std::string>> parse_uv_edges(std::string_view annotated);

}  // namespace mlbuild
