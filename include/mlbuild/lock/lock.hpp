#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/layer/base_directories.hpp"
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
  std::vector<std::string> required_by;  ///< "spec", project names, "project:spec"; sorted
};

/// A source distribution with the wheels that its build needs, all pinned.
struct LockedSdist {
  LockedFile sdist;
  std::vector<LockedFile> build_requirements;
};

/// Directories that wheels are installed to, relative to the root: sysconfig's scheme, links followed.
struct LockedScheme {
  std::string purelib, platlib, scripts, headers, data;
  friend bool operator==(const LockedScheme&, const LockedScheme&) = default;
};

struct LockedInterpreter {
  std::string version = "3.11";  ///< minor
  std::string full_version;      ///< "3.11.2"
  std::string path = "/usr/local/bin/python";
  std::string glibc = "2.36";
  std::optional<LockedScheme> scheme = {};  ///< of a base that mlbuild did not make; absent: that of its own
};

struct LockedBaseLayer {
  oci::Descriptor blob;  ///< OCI media type, digest, size, and the annotations of a lazy layer
  DiffId diff_id;
  std::uint64_t plain_size_bytes = 0;
};

struct LockedBasePackage {
  std::string name, version;
};

/// What dpkg knows of a base.
struct LockedBaseDebian {
  std::string suite;         ///< VERSION_CODENAME of os-release; "": no Debian
  std::string distribution;  ///< ID of os-release: "debian"; "": there is none
  bool merged_usr = true;
  std::string database = "none";            ///< "status" | "status.d" | "none"
  std::size_t status_layer = 0;             ///< "status": the layer that holds var/lib/dpkg/status,
  BlobDigest status_digest;                 ///< and the file's digest
  std::uint64_t status_size_bytes = 0;      ///< and size
  std::vector<LockedBasePackage> packages;  ///< installed, sorted by name
};

/// A Python project that a base brings, and what lies directly in purelib for it.
struct LockedBaseProject {
  std::string name, version;
  std::vector<std::string> entries;  ///< "numpy", "numpy.libs", "numpy-1.26.4.dist-info", sorted
};

/// An image that mlbuild did not make, with what was found out about it when the lock was made.
struct LockedBaseImage {
  std::string kind;       ///< "image", "oci", "archive"
  std::string reference;  ///< as the spec has it
  BlobDigest manifest, config_digest;
  oci::ImageConfig config;  ///< what is inherited; its diffIDs are those of the layers
  std::vector<LockedBaseLayer> layers;
  LockedBaseDebian debian;
  std::vector<LockedBaseProject> projects;  ///< sorted by name
  BaseDirectories directories = {};         ///< those that layers may come to lie in
};

/// Everything one image (variant x platform) is made of.
struct LockedImage {
  std::string variant;  ///< "" for the spec itself
  oci::Platform platform;
  BlobDigest spec_digest;               ///< locked_part_digest of the variant
  std::string spec_part;                ///< locked_part_json, to explain what changed
  std::string base_suite, base_flavor;  ///< "" and "scratch" or "image" when the base is not made of packages
  std::optional<LockedBaseImage> base_image;
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
