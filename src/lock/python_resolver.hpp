#pragma once

#include "choose_file.hpp"
#include "uv.hpp"
#include "uv_failure.hpp"

#include "mlbuild/lock/resolve.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

using Pins = std::vector<std::pair<std::string, std::string>>;  ///< name and version
using KnownSizes = std::map<BlobDigest, std::uint64_t>;

/// Answers the Python part of one image: asks the resolver, chooses files, looks up sizes, pins what source
/// distributions need to be built.
class PythonResolver {
 public:
  /// `image` has platform and interpreter; wheels, sdists and dev are filled in by resolve(). `sizes` is what is known
  /// of files already; it grows, so that a file's size is asked for once.
  PythonResolver(const ResolveContext& context, const SpecVariant& variant, LockedImage& image, Uv& uv,
                 KnownSizes& sizes);

  /// Versions to stay with as long as they satisfy: `preferences` of the image, `build_preferences` of what its source
  /// distributions need, by their names.
  void resolve(const Pins& preferences, const std::map<std::string, Pins>& build_preferences);

 private:
  /// A set of requirements that is resolved together.
  struct Group {
    std::string what;                                      ///< "runtime requirements"
    std::vector<const python::Requirement*> requirements;  ///< as the user wrote them, for places and hashes
    std::vector<const python::Requirement*> constraints;
    std::vector<std::string> lines;   ///< what is asked for
    std::vector<std::string> limits;  ///< further constraints
    SdistPolicy sdists = SdistPolicy::Deny;
    Pins held;  ///< when not empty, every version is given: the resolver's cache knows all of it
  };
  struct Pinned {
    LockedFile file;
    std::string url;
    bool is_sdist = false;
  };

  std::vector<Pinned> pin(const Group& group, const Pins& preferences);
  std::vector<PylockPackage> ask_for_packages(const Group& group, UvRequest& request);
  std::map<std::string, std::vector<std::string>> ask_for_edges(const Group& group, UvRequest request,
                                                                const std::vector<PylockPackage>& packages);
  UvAnswer ask(UvRequest request);
  [[noreturn]] void fail(const Group& group, const UvRequest& request, const UvAnswer& answer,
                         std::vector<FoundRoute> found_routes) const;
  UvQuestion::Missing find_missing(const UvRequest& request, const std::string& messages) const;
  UvRequest request_for(const Group& group, const Pins& preferences) const;
  UvQuestion question_for(const Group& group) const;
  FileRules rules_for(const Group& group, const std::string& name) const;
  const PythonIndex& index_named(const std::string& name) const;
  void fill_sizes(std::vector<Pinned>& pinned);
  Group group_of(std::string what, const std::vector<const RequirementSet*>& sets) const;
  LockedSdist with_build_requirements(const LockedFile& sdist, const std::map<std::string, Pins>& build_preferences);

  const ResolveContext& context_;
  const SpecVariant& variant_;
  LockedImage& image_;
  Uv& uv_;
  KnownSizes& sizes_;
  python::TargetPlatform target_;
  std::string target_text_;
  std::vector<std::string> tags_;
  std::vector<PythonIndex> indexes_;           ///< of the spec
  std::map<std::string, std::string> routed_;  ///< project -> name of its index
};

}  // namespace mlbuild
