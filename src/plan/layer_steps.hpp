#pragma once

#include "mlbuild/plan/plan.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// A wheel of the image: locked, or built from a locked source distribution.
struct PlannedWheel {
  std::string name;
  std::string version;
  std::string filename;
  BlobDigest digest;
  std::uint64_t size_bytes = 0;
  std::optional<LockedFile> locked;      ///< absent for a built one: nothing to fetch
  std::optional<std::string> built_by;   ///< id of the sdist step that makes it
  std::optional<std::string> waits_for;  ///< the same when that must run first; digest is then unknown
  std::vector<Location> causes;
};

StepInput python_input(const LockedFile& file, PlanLookups& lookups);
std::vector<StepInput> deb_step_inputs(const std::vector<LockedDeb>& debs, PlanLookups& lookups);

/// "wheel numpy 1.26.4", "wheels a, b, c +4".
std::string wheel_step_label(const std::vector<const PlannedWheel*>& wheels);
/// Own layers are named after their wheel, groups after the group's number: a bump keeps the id, so that its change can
/// be told.
std::string wheel_step_id(const std::string& prefix, const std::vector<const PlannedWheel*>& wheels,
                          std::size_t position);
/// Gives a step that reads these wheels its inputs, causes and builds, and returns what its recipe takes. The step is
/// Open afterwards when a wheel is not known yet.
std::vector<WheelInput> add_wheels(Step& step, const std::vector<const PlannedWheel*>& wheels, PlanLookups& lookups);

/// Layer steps in image order, without decisions but those on base layers. The bottom: the base, whatever it is made
/// of, and system libraries.
std::vector<Step> bottom_steps(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix);
/// A base's own version of a project would stay beside the one that is installed over it, file by file: a layer that
/// hides what the base has of it (OCI image-spec v1.1, layer.md, "Whiteouts"), as pip removes before it installs.
std::optional<Step> replaced_step(const PlanRequest& request, const std::vector<PlannedWheel>& wheels,
                                  const std::string& id_prefix);
std::vector<Step> wheel_steps(const PlanRequest& request, const std::vector<PlannedWheel>& wheels, PlanLookups& lookups,
                              const std::string& id_prefix, std::size_t max_layers);
/// The maintainer scripts that the spec wants to run, on top of the system libraries.
std::optional<Step> scripts_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix);
std::map<std::string, std::string> fixed_environment(std::int64_t epoch_seconds);
/// `steps:` of the spec, without cards: those need the layers below.
std::vector<Step> command_steps(const PlanRequest& request, const std::string& id_prefix);
/// What decides a command's layer, once the layers below it are known: its label, too, which the layer's facts have.
KeyCard command_card(const Step& step, const std::vector<DiffId>& below);
/// How many layers bytecode cannot do without: wheels leave them free.
std::size_t bytecode_layers_at_least(const PlanRequest& request, std::size_t wheel_count);
/// The bytecode of the base's standard library, where mlbuild makes the base, and of all wheels. Empty when the request
/// wants none. `max_layers` are at least bytecode_layers_at_least().
std::vector<Step> bytecode_steps(const PlanRequest& request, const std::vector<PlannedWheel>& wheels,
                                 PlanLookups& lookups, const std::string& id_prefix, std::size_t max_layers);
std::optional<Step> app_step(const PlanRequest& request, const std::string& id_prefix);

}  // namespace mlbuild
