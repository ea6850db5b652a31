#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/oci/oci.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

struct LockedRelease {
  std::string suite;
  BlobDigest in_release_digest;
  std::string date;  ///< RFC 3339 UTC
};

/// A .deb: found on any mirror of its suite by path, checked by digest and size.
struct LockedDeb {
  std::string name, version, architecture, suite, path;
  BlobDigest sha256;
  std::uint64_t size_bytes = 0;
  std::string because;  ///< "wanted", or the package that needs it
};

/// A wheel or sdist: found on the named index by project and file name.
struct LockedFile {
  std::string name;  ///< normalised project name
  std::string version;
  std::string filename;
  std::string index = "default";
  BlobDigest sha256;
  std::uint64_t size_bytes = 0;
  std::vector<std::string> required_by;  ///< "spec" or project names, sorted
};

/// A source distribution with the wheels that its build needs, all pinned.
struct LockedSdist {
  LockedFile sdist;
  std::vector<LockedFile> build_requirements;
};

struct LockedInterpreter {
  std::string version = "3.11";  ///< minor
  std::string full_version;      ///< "3.11.2"
  std::string path = "/usr/local/bin/python";
  std::string glibc = "2.36";
};

/// Everything one image (variant x platform) is made of.
struct LockedImage {
  std::string variant;  ///< "" for the spec itself
  oci::Platform platform;
  BlobDigest spec_digest;  ///< locked_part_digest of the variant
  std::string spec_part;   ///< locked_part_json, to explain what changed
  std::string base_suite, base_flavor;
  std::vector<LockedRelease> releases;
  std::vector<LockedDeb> base;            ///< sorted by name
  std::vector<std::string> base_dropped;  ///< names of `base` that are not unpacked (distroless)
  LockedInterpreter interpreter;
  std::vector<LockedDeb> system_runtime;  ///< added on top of base, sorted by name
  std::vector<LockedDeb> system_build;    ///< added on top of both in the build root only
  std::vector<LockedFile> wheels;         ///< runtime, sorted by name
  std::vector<LockedSdist> sdists;        ///< runtime projects without wheel
  std::vector<LockedFile> dev;            ///< resolved together with runtime, never in the image
};

struct LockedTool {
  std::string name, version, filename;
  BlobDigest sha256;
};

/// docs/formats/lock.md. Canonical JSON; names no host, path or credential.
struct Lock {
  std::vector<LockedTool> tools;    ///< the resolver
  std::vector<LockedImage> images;  ///< by variant, then platform
  const LockedImage* find(std::string_view variant, const oci::Platform& platform) const;
};

std::string to_json(const Lock& lock);
/// Throws Error{Spec} at `file` for a lock of another version or one that was edited into nonsense.
Lock parse_lock(std::string_view json, const std::string& file);
/// Whether a text that parse_lock refuses is a good lock to a newer mlbuild, so that it must not be overwritten.
bool is_of_later_release(std::string_view json);

}  // namespace mlbuild
