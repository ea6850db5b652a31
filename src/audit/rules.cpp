// The audit as data: what each rule looks at, when it fires and what it advises. docs/audit.md is checked against it.

#include "mlbuild/audit/rules.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

constexpr std::array kRules = {
    AuditRule{"mlflow-skinny", Severity::Waste, "spec, image", "mlflow is installed, with its server and its plots",
              "mlflow-skinny has the client that logs and loads", "renames the requirement"},
    AuditRule{"opencv-headless", Severity::Waste, "spec, image",
              "opencv-python or opencv-contrib-python is installed, with windows that a server never opens",
              "the -headless build needs neither Qt nor libGL", "renames the requirement"},
    AuditRule{"psycopg2-binary", Severity::Note, "spec, image",
              "psycopg2 is installed, which is built from source and needs a compiler and libpq",
              "psycopg2-binary is a wheel with libpq inside; or psycopg 3", "renames the requirement"},
    AuditRule{"tensorflow-cpu", Severity::Waste, "spec, image", "tensorflow is installed in an image without GPU",
              "tensorflow-cpu leaves the GPU kernels out", "renames the requirement"},
    AuditRule{"cuda-in-cpu-image", Severity::Waste, "spec, image",
              "CUDA libraries come with a framework, and nothing says that the image is for GPUs",
              "take the CPU build from an index that has it (`python.indexes`), or say that GPUs are wanted", ""},
    AuditRule{"nvidia-twice", Severity::Waste, "spec, image",
              "the base has the CUDA libraries that the nvidia-* wheels bring once more",
              "frameworks from wheels load the wheels' libraries: a plain slim base is enough", ""},
    AuditRule{"devel-base", Severity::Waste, "spec, image",
              "headers, static libraries and -dev packages are in the image",
              "use the runtime or slim variant of the base, and compile in `requirements.build`",
              "names the runtime or slim variant of the base"},
    AuditRule{"compilers", Severity::Waste, "spec, image", "compilers and what only they need are in the image",
              "move them to `system.build`, which exists only while source distributions are built",
              "removes them from system.runtime"},
    AuditRule{"notebook-tools", Severity::Waste, "spec, image", "Jupyter is asked for in the runtime image",
              "ask for it in `requirements.dev`, which never reaches the image", "removes the requirement"},
    AuditRule{"plotting-tools", Severity::Waste, "spec, image", "plotting libraries are asked for in the runtime image",
              "ask for them in `requirements.dev`, or draw where the results are read", "removes the requirement"},
    AuditRule{"test-tools", Severity::Waste, "spec, image",
              "test runners, linters and type checkers are asked for in the runtime image",
              "ask for them in `requirements.dev`, which never reaches the image", "removes the requirement"},
    AuditRule{"unpinned", Severity::Risk, "spec", "a runtime requirement has no exact version",
              "pin what the lock has; without the lock another day gives another image", "writes the locked version"},
    AuditRule{"unused-requirement", Severity::Note, "spec",
              "no file of the application imports a module of the requirement, and no other package needs it",
              "remove it, unless it is loaded by name at run time", "removes the requirement"},
    AuditRule{"abandoned-caches", Severity::Waste, "image",
              "caches of pip, apt, conda, model hubs or bytecode for other interpreters are left behind",
              "delete them in the step that made them (`pip install --no-cache-dir`), or build with mlbuild", ""},
    AuditRule{"hidden-bytes", Severity::Waste, "image", "a layer has bytes that layers above delete or replace",
              "delete in the layer that wrote them: what lies below is still sent", ""},
    AuditRule{"app-clutter", Severity::Waste, "spec, image",
              ".git, notebooks or data sets are copied with the application",
              "list them in `.dockerignore`; mount data sets, or make them a layer of their own",
              "adds them to .dockerignore"},
    AuditRule{"library-versions", Severity::Note, "image",
              "several wheels bundle one shared library in different versions",
              "releases of one time often agree on it; two OpenMP runtimes in one process can hang", ""},
    AuditRule{"bundled-twice", Severity::Note, "image", "several wheels bundle the same shared library",
              "each wheel needs its own copy; one package with both modules would have one", ""},
    AuditRule{"prune", Severity::Note, "spec, image",
              "wheels bring tests, type stubs, headers, static libraries, C sources or documentation",
              "`prune:` in the spec leaves them out; `prune.keep` names exceptions", ""},
};

}  // namespace

std::span<const AuditRule> audit_rules() { return kRules; }

const AuditRule& audit_rule(std::string_view id) {
  const auto found = std::ranges::find(kRules, id, &AuditRule::id);
  if (found != kRules.end()) return *found;
  std::vector<std::string> ids;
  for (const AuditRule& rule : kRules) ids.emplace_back(rule.id);
  const std::optional<std::string> near = nearest_word(id, ids);
  throw Error(ErrorKind::Usage, fmt::format("the audit has no rule `{}`", printable(id)))
      .hint(near ? fmt::format("did you mean `{}`?", *near) : "docs/audit.md lists the rules");
}

std::string_view severity_name(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames{"waste", "risk", "note"};
  return kNames[static_cast<std::size_t>(severity)];
}

}  // namespace mlbuild
