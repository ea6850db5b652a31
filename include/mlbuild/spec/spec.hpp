#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/python/prune.hpp"
#include "mlbuild/python/requirement.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A value together with the place where the user wrote it.
template <class T>
struct Located {
  T value{};
  Location location;
};

enum class BaseFlavor { Slim, Distroless };

struct DebianBase {
  Located<std::string> suite;   ///< "bookworm"
  Located<std::string> python;  ///< "3.11"
  BaseFlavor flavor = BaseFlavor::Slim;
};

/// A base that mlbuild did not make, or none at all.
struct ForeignBase {
  enum class Kind {
    Image,    ///< `reference` is "HOST/NAME[:TAG][@DIGEST]"
    Oci,      ///< "DIR" or "DIR:TAG", relative to the spec
    Archive,  ///< "FILE", relative to the spec
    Scratch,  ///< nothing below the application's files
  };
  Kind kind = Kind::Scratch;
  Located<std::string> reference;  ///< as written

  /// Key of the spec: "image", "oci", "archive", "scratch".
  std::string_view kind_name() const;
  friend bool operator==(const ForeignBase& a, const ForeignBase& b) {
    return a.kind == b.kind && a.reference.value == b.reference.value;
  }
};

/// "DIR:TAG" -> DIR and TAG; a colon before the last slash belongs to the directory.
struct LayoutReference {
  std::string directory, tag;
};
LayoutReference split_layout_reference(std::string_view text);

enum class RequirementGroup { Runtime, Build, Dev };

struct RequirementSet {
  std::vector<python::Requirement> requirements;
  std::vector<python::Requirement> constraints;
};

struct SpecIndex {
  Located<std::string> url;
  std::vector<std::string> packages;  ///< normalised; empty never: an index without packages would hijack others
};

enum class SdistPolicy { Deny, Allow, Listed };
struct SystemPackages {
  std::vector<Located<std::string>> runtime;
  std::vector<Located<std::string>> build;
  std::vector<std::string> ignore_scripts;        ///< `system.scripts: {NAME: ignore}`
  std::vector<Located<std::string>> run_scripts;  ///< `system.scripts: {NAME: run}`
  std::optional<Location> run_all_scripts;        ///< `system.scripts: run`
};

struct AppCopy {
  Located<std::string> from;  ///< relative to the spec's directory, exists, stays inside
  std::string to;             ///< absolute in the image
};

/// A command that runs in the sandbox over the image so far; what it changes there is a layer.
struct CommandStep {
  std::string name;  ///< unique in the spec; "1" for the first one without a name
  Located<std::vector<std::string>> command;
  std::string shown_command;    ///< as written, for labels
  std::vector<AppCopy> inputs;  ///< read-only inside, at `to`
  bool network = false;
  std::map<std::string, std::string> env;
};

struct RunConfig {
  std::string workdir, user, stop_signal;
  std::map<std::string, std::string> env;
  std::vector<std::string> entrypoint, cmd, exposed_ports;
  /// `entrypoint: []` and `cmd: []` were written: what the base has does not count either.
  bool clears_entrypoint = false, clears_cmd = false;
  std::map<std::string, std::string> labels;
};

/// What a shared library that is not there means.
struct LibraryCheck {
  enum class Mode { Off, Warn, Error } mode = Mode::Off;
  Location location;
};

/// What must work in the image before it goes anywhere.
struct ImageChecks {
  std::vector<Located<std::string>> imports;  ///< modules, "pipeline.main"
  std::vector<std::string> command;
  Location command_location;
  LibraryCheck libraries;
  /// Of what is tried in the sandbox.
  bool empty() const { return imports.empty() && command.empty(); }
};

/// What the image expects of NVIDIA GPUs and their driver.
struct GpuSpec {
  std::optional<Located<std::string>> cuda;         ///< "12.1"
  std::vector<Located<std::string>> architectures;  ///< compute capabilities without their dot: "80", "90"
};

/// Sizes that the image may have. Bytes count as decimal text says: 1 MB is 1,000,000, 1 MiB 1,048,576.
struct SizeBudget {
  std::optional<Located<std::uint64_t>> compressed_bytes, uncompressed_bytes;
  std::optional<Located<std::uint64_t>> growth_bytes;
  std::optional<Located<double>> growth_percent;  ///< not both
  std::optional<Located<std::string>> against;    ///< the image before
  bool has_growth() const { return growth_bytes || growth_percent; }
};

constexpr unsigned kFewestLayers = 8, kMostLayers = 120;  ///< what `layers.max` may be

/// One image to build: the spec itself, or one of its variants with its overrides applied.
struct SpecVariant {
  std::string name;  ///< "" for the spec itself
  DebianBase base;   ///< unless there is a foreign one
  std::optional<ForeignBase> foreign_base;
  RequirementSet runtime, build, dev;
  std::vector<SpecIndex> indexes;
  SdistPolicy sdists = SdistPolicy::Deny;
  std::vector<std::string> sdist_names;               ///< for Listed; normalised
  std::optional<Located<std::string>> exclude_newer;  ///< "2024-06-01" or RFC 3339
  SystemPackages system;
  std::vector<CommandStep> steps;
  std::vector<AppCopy> app;
  RunConfig config;
  ImageChecks check;
  SizeBudget budget;
  GpuSpec gpu;
  python::PrunePolicy prune;
  Location prune_location;  ///< of `prune:`, where it leaves anything out
  unsigned max_layers = 64;
  oci::LayerCompression compression = oci::LayerCompression::Gzip;
  oci::LazyFormat lazy = oci::LazyFormat::None;  ///< decides the compression, too
  bool bytecode = true;                          ///< where there is a sandbox
};

/// What the user wrote, checked. Immutable once read. docs/spec.md.
struct Spec {
  std::filesystem::path path;  ///< as given on the command line
  std::filesystem::path directory;
  std::string name;
  std::optional<Located<std::string>> image;  ///< where --push goes
  std::vector<oci::Platform> platforms;
  std::vector<SpecVariant> variants;                          ///< [0] is the spec itself
  const SpecVariant& variant(const std::string& name) const;  ///< throws Error{Usage} with the nearest name
};

/// Reads and checks a spec and the requirements files it names. All mistakes are reported in one Error
/// (Error::others()), each with its place.
Spec read_spec(const std::filesystem::path& path);

/// Digest of the part of a variant that a lock answers: base, requirements, indexes, policies, system packages,
/// platforms.
BlobDigest locked_part_digest(const Spec& spec, const SpecVariant& variant);
/// The same part as canonical JSON, so that a changed digest can be explained field by field.
std::string locked_part_json(const Spec& spec, const SpecVariant& variant);

/// What decides an image's bytes together with the lock and the application's files, and nothing else (no comments,
/// requirements, indexes, budgets, checks): a spec of its own, as canonical JSON that read_spec() reads where the
/// inputs of its steps are.
std::string deciding_part_json(const Spec& spec, const SpecVariant& variant, const oci::Platform& platform);

/// JSON Schema (2020-12) of the spec, for editors: `mlbuild schema`.
std::string spec_json_schema();

/// The application's files of a variant: copies walked in byte order, `.dockerignore` of the spec's directory honoured,
/// links kept as links when they stay inside the spec's directory, else an error at the copy's line.
struct AppFile {
  std::string path_in_image;  ///< relative
  std::filesystem::path host_path;
  bool executable = false;
  bool is_directory = false;
  std::optional<std::string> link_target;
  std::uint64_t size_bytes = 0;
};
std::vector<AppFile> list_app_files(const Spec& spec, const SpecVariant& variant);
/// The files of some copies, by the same rules.
std::vector<AppFile> list_files(const Spec& spec, const std::vector<AppCopy>& copies);

}  // namespace mlbuild
