#pragma once

#include "mlbuild/debian/scripts.hpp"
#include "mlbuild/layer/bytecode_layer.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/files_layer.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/layer/layer_packing.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/store/key_card.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace mlbuild {

/// A locked file that a step reads; fetched only when the step must run and the store lacks it.
struct StepInput {
  enum class Kind {
    Deb,
    PythonFile,
    BaseFile,  ///< a file of a base image, kept as a blob: `filename` in layer `layer`
  };
  Kind kind = Kind::Deb;
  std::string label;  ///< "numpy 1.26.4"
  BlobDigest digest;
  std::uint64_t size_bytes = 0;
  std::string project;    ///< PythonFile
  std::string filename;   ///< PythonFile: file name; Deb: path on the mirror
  std::string origin;     ///< PythonFile: index name; Deb: suite
  bool present = false;   ///< the store has it
  std::size_t layer = 0;  ///< BaseFile
};

/// Why a step is (not) done. Reasons are data; text is made from them in the report module.
struct AlreadyKnown {};  ///< the key is known and the output is there
struct NeverRun {};      ///< no run of this step is remembered
struct CardChanged {
  std::vector<CardChange> changes;
};  ///< compared with the last run of the same step
struct OutputMissing {
  BlobDigest blob;
};  ///< the key is known, its output or a source of it is gone
struct WaitsFor {
  std::vector<std::string> steps;
};                 ///< decided when these have run
struct Forced {};  ///< the user asked for it
struct InRegistry {
  std::string where;  ///< an image that tells what the step makes: "registry.example/ml/churn:1.4"
};
struct InBase {
  std::string where;  ///< the base that has the layer: "oci: ./base", "registry.example/python:3.11-slim"
};
using Reason = std::variant<AlreadyKnown, NeverRun, CardChanged, OutputMissing, WaitsFor, Forced, InRegistry, InBase>;

enum class StepState {
  Cached,    ///< the store has the output
  Registry,  ///< a registry has it, the store not: nothing is fetched and nothing made
  Run,
  Open,
};
enum class StepKind {
  BuildSdist,
  Layer,
  Command,    ///< a layer, too: what a command changes in the image so far
  BaseLayer,  ///< is there, in the base: nothing runs, and nothing is fetched unless a sink wants the bytes
};

/// What came out of a source distribution's build.
struct KnownWheel {
  std::string filename;
  BlobDigest digest;
};

/// Maintainer scripts that run. The packages are those of the image, below the step.
struct ScriptRun {
  debian::ScriptChoice choice;
  std::vector<DebInput> candidates;  ///< packages whose scripts may have to run
  /// What the scripts run over when the base is made of packages: all of the image, and the tools that installing
  /// needs. Empty: the image itself, which has them.
  std::vector<DebInput> root_packages;
  DebLayerParameters root_parameters;
  std::shared_ptr<UnpackedDebs> unpacked_debs;
};

/// What a Command step runs. The layers below it are the steps before it in the plan.
struct StepCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  ///< the whole environment
  bool network = false;
  std::vector<LayerFile> inputs;  ///< paths are those inside
  FileOpener open_input;
  std::vector<std::string> input_places;  ///< absolute; each is mounted read-only
  std::string shown_command;
  Location location;
  std::int64_t epoch_seconds = 0;
  LayerPacking packing;
  std::shared_ptr<const ScriptRun> scripts;  ///< in place of `argv`
};

/// One unit of work with its decision. Immutable.
struct Step {
  std::string id;  ///< stable between runs of the same spec, e.g. "churn-train/linux-amd64/wheel:numpy"
  StepKind kind = StepKind::Layer;
  std::string label;  ///< "wheel numpy 1.26.4", "base debian bookworm slim"
  std::vector<StepInput> inputs;
  std::optional<KeyCard> card;  ///< absent while Open
  StepState state = StepState::Run;
  Reason reason = NeverRun{};
  std::optional<LayerFacts> facts;            ///< layers that are Cached or in a Registry
  std::shared_ptr<const LayerRecipe> recipe;  ///< Layer steps that are not Open; shared by plan and executor
  bool hides_lower = false;                   ///< Layer: by whiteouts, what layers below it have
  bool is_bytecode = false;                   ///< Layer: needs the image's interpreter and a sandbox
  std::vector<std::string> built_from;        ///< Layer: ids of the BuildSdist steps whose wheels it holds
  std::optional<LockedSdist> sdist;           ///< BuildSdist
  std::optional<StepCommand> command;         ///< Command
  std::optional<KnownWheel> wheel;            ///< BuildSdist that is Cached or in a Registry
  std::vector<Location> causes;               ///< places in the user's files that ask for this step
  std::uint64_t fetch_bytes() const;          ///< of inputs that are not present, when the step runs
  std::uint64_t input_bytes() const;
};

/// What a build of one image will do, in the order of the image's layers (bottom to top), sdists first.
struct Plan {
  std::string variant;
  oci::Platform platform;
  std::vector<Step> steps;
  std::vector<WheelInput> wheels;  ///< all that the image installs and that are known
  /// Why the image gets no bytecode although its spec wants it, as a line for the user.
  std::optional<std::string> no_bytecode;
  std::optional<std::string> over_max;  ///< that there are more layers than `layers.max`, as a line for the user
  bool complete() const;                ///< no Layer is Open, no BuildSdist must run; commands come afterwards
};

/// What is known already; the only window from the plan to the world.
class PlanLookups {
 public:
  virtual ~PlanLookups() = default;
  virtual std::optional<std::string> facts(const StepKey& key) = 0;
  virtual std::optional<KeyCard> last_card(const std::string& step_id) = 0;
  virtual bool has_blob(const BlobDigest& digest) = 0;
  /// Card of a source distribution's build, and its wheel when it was built before.
  virtual KeyCard sdist_card(const LockedImage& image, const LockedSdist& sdist) = 0;
  virtual std::optional<KnownWheel> built_wheel(const StepKey& key) = 0;

  /// What registries know, asked where the store has no output.
  struct RegistryLayer {
    LayerFacts facts;
    std::string where;
  };
  virtual std::optional<RegistryLayer> registry_layer(const StepKey&) { return std::nullopt; }
  struct RegistryWheel {
    KnownWheel wheel;
    std::string where;
  };
  virtual std::optional<RegistryWheel> registry_wheel(const StepKey&) { return std::nullopt; }
};

/// The files of one command's inputs.
struct CommandInputs {
  std::vector<LayerFile> files;  ///< hashed
  FileOpener open;
};

/// Everything that decides an image, as values.
struct PlanRequest {
  std::string spec_name;  ///< namespace of step ids
  const SpecVariant* variant = nullptr;
  const LockedImage* image = nullptr;
  std::vector<LayerFile> app_files;  ///< hashed
  FileOpener open_app_file;
  std::vector<CommandInputs> command_inputs;  ///< one for each of the variant's steps
  std::int64_t epoch_seconds = 315532800;
  /// Whether the image gets bytecode, where the spec wants it.
  bool bytecode = true;
  /// What makes it, when the plan is run. The plan itself asks nothing of it.
  std::shared_ptr<BytecodeCompiler> compiler;
  /// Where steps that read the same Debian packages find them decoded.
  std::shared_ptr<UnpackedDebs> unpacked_debs;
  bool force_layers = false;
  bool force_sdists = false;
  std::set<std::string> made;  ///< ids of steps that ran already: what is forced runs once
};

/// A source distribution is not built when every layer that holds its wheel is there already, in whatever place.
Plan make_plan(const PlanRequest& request, PlanLookups& lookups);

/// Inputs of these steps that the store lacks, each digest once, largest first; and what they weigh.
std::vector<StepInput> missing_inputs(const std::vector<const Step*>& steps);
std::uint64_t missing_bytes(const std::vector<const Step*>& steps);

/// Where Python packages are installed in an image with this interpreter.
InstallScheme install_scheme(const LockedImage& image);
/// Directories below the layers that are made, with another mode or owner than usual.
BaseDirectories base_directories(const LockedImage& image);

/// Where Python packages of the root that source distributions are built in are installed.
InstallScheme build_scheme(const LockedImage& image);
/// The packages that this root is made of.
std::vector<LockedDeb> build_packages(const LockedImage& image);

/// The packages that the base's interpreter needs to compile, where mlbuild makes the base; else none.
std::vector<LockedDeb> interpreter_packages(const LockedImage& image);
/// How this image's interpreter writes bytecode; nothing when mlbuild does not know or there is no interpreter.
std::optional<python::PycFormat> bytecode_format(const LockedImage& image);

/// The parameters of the base layer of a locked image, and the packages that make it.
DebLayerParameters base_layer_parameters(const LockedImage& image, const SpecVariant& variant,
                                         std::int64_t epoch_seconds);
std::vector<DebInput> deb_inputs(const std::vector<LockedDeb>& debs);

}  // namespace mlbuild
