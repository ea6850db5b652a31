#pragma once

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/run/build.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

/// Maintainer scripts as one command.
struct PreparedScripts {
  std::vector<std::filesystem::path> roots;  ///< trees below the image's own, bottom to top
  std::vector<std::string> argv;             ///< empty: no script has to run
  std::vector<std::string> left_out;         ///< what installing leaves behind and no image needs
};

/// Puts the scripts of a Command step where dpkg would have them, below `place`, and says in which order they run:
/// every preinst, every postinst (each after the packages it depends on), triggers. Debian policy 6.5; all packages of
/// the step are in the store.
PreparedScripts prepare_scripts(const StepCommand& command, const std::string& architecture,
                                const std::filesystem::path& place, const BuildContext& context);

}  // namespace mlbuild
