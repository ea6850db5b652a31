#include "rules.hpp"

#include <algorithm>

namespace mlbuild::spec {
namespace {

using Shape = Rule::Shape;
using Words = std::vector<std::string>;

Rule text(std::string description, std::string pattern = {}) {
  Rule rule;
  rule.description = std::move(description);
  rule.pattern = std::move(pattern);
  return rule;
}

Rule word(std::string description, Words words) {
  Rule rule = text(std::move(description));
  rule.words = std::move(words);
  return rule;
}

Rule shaped(Shape shape, std::string description, std::vector<Rule> item = {}) {
  Rule rule = text(std::move(description));
  rule.shape = shape;
  rule.item = std::move(item);
  return rule;
}

Rule mapping(std::string description, std::vector<Rule::Key> keys) {
  Rule rule = shaped(Shape::Mapping, std::move(description));
  rule.keys = std::move(keys);
  return rule;
}

Rule texts(std::string description, std::string of_each) {
  return shaped(Shape::List, std::move(description), {text(std::move(of_each))});
}

Rule required(Rule rule) {
  rule.required = true;
  return rule;
}

Rule switch_rule(std::string description) {
  Rule rule = word(std::move(description), {"true", "false"});
  rule.shape = Shape::Boolean;
  return rule;
}

Rule base_rule() {
  Rule rule = mapping(
      "What the image stands on: Debian packages (default: bookworm with its Python 3.11, slim), an image that there "
      "is "
      "already, or `scratch` for nothing.",
      {{"debian", text("Debian suite whose packages make the base.", "^[a-z]+$")},
       {"python", text("Python version of that suite.", "^[0-9]+\\.[0-9]+$")},
       {"flavor", word("slim: shell, coreutils and CA bundle. distroless: the interpreter and its libraries only.",
                       {"slim", "distroless"})},
       {"image", text("An image of a registry: HOST/NAME:TAG, HOST/NAME@DIGEST.")},
       {"oci", text("An OCI layout: DIR or DIR:TAG, relative to the spec.")},
       {"archive", text("A file that `docker save` wrote, or a tar of an OCI layout, relative to the spec.")}});
  rule.words = {"scratch"};
  return rule;
}

Rule requirement_group(std::string description) {
  return shaped(Shape::TextOrList, std::move(description) + " A file name, or a list of requirements.",
                {text("A requirement as pip reads it, or `-r FILE`.")});
}

Rule requirements_rule() {
  return mapping("Python packages, as pip's requirements files write them.",
                 {{"runtime", requirement_group("The only group that reaches the image.")},
                  {"build", requirement_group("Visible only while source distributions are built.")},
                  {"dev", requirement_group("Resolved together with runtime so that they agree; never in the image.")},
                  {"constraints", requirement_group("Versions allowed for packages that something else asks for.")}});
}

Rule python_rule() {
  const Rule index = mapping(
      "An index that answers only for the packages it names.",
      {{"url", required(text("Address of its simple API.", "^https?://"))},
       {"packages", required(texts("The packages that come from this index, and from no other.", "A project name."))}});
  return mapping(
      "How Python packages are found and built.",
      {{"indexes", shaped(Shape::List, "More indexes, each for certain packages.", {index})},
       {"sdists", shaped(Shape::TextOrList, "Who may be built from source: deny (default), allow, or a list of names.",
                         {text("A project that may be built from source.")})},
       {"exclude-newer", text("Ignore files uploaded later than this: 2024-06-01, or with a time as in RFC 3339.",
                              "^[0-9]{4}-[0-9]{2}-[0-9]{2}")},
       {"bytecode", switch_rule("Whether the image has .pyc files, in layers of their own (default: true).")}});
}

Rule system_rule() {
  const Rule script = word("What happens to the maintainer scripts of this package.", {"ignore", "run"});
  Rule scripts =
      shaped(Shape::Names,
             "Packages whose maintainer scripts mlbuild does not know, and what to do: leave them out, or run "
             "them in the sandbox. `run`: run all that are not known.",
             {script});
  scripts.words = {"run"};
  return mapping(
      "Debian packages on top of the base.",
      {{"runtime", texts("Packages of the image, with all they depend on.", "A Debian package.")},
       {"build", texts("Packages only for building source distributions; never in the image.", "A Debian package.")},
       {"scripts", std::move(scripts)}});
}

Rule app_rule() {
  const Rule copy =
      mapping("A file or the content of a directory, and its place in the image.",
              {{"from", required(text("File or directory below the spec's directory."))},
               {"to", required(text("Absolute path in the image; with `/` at the end a file goes below it.", "^/"))}});
  return shaped(Shape::List, "The application's files. `.dockerignore` beside the spec is honoured.", {copy});
}

Rule steps_rule() {
  Rule input = mapping("A file or directory below the spec's directory, read-only while the command runs.",
                       {{"from", required(text("File or directory below the spec's directory."))},
                        {"to", required(text("Absolute path while the command runs.", "^/"))}});
  input.shape = Shape::TextOrMapping;
  Rule network =
      word("Whether the command may use the network; what it makes is then as reproducible as what it fetches.",
           {"true", "false"});
  network.shape = Shape::Boolean;
  const Rule step = mapping(
      "One command.",
      {{"run", required(shaped(Shape::TextOrList, "Program and arguments as a list, or a text for `sh -c`.",
                               {text("One argument.")}))},
       {"name", text("What reports call the step.", "^[a-z0-9]+([._-][a-z0-9]+)*$")},
       {"inputs", shaped(Shape::List, "What it reads of the spec's directory: `x` is at `/inputs/x`.", {input})},
       {"network", network},
       {"env", shaped(Shape::Names, "Environment variables of the command, taken as written.", {text("Value.")})}});
  return shaped(Shape::List,
                "Commands that run in the sandbox, one after another, over the image so far (all but `app`); what each "
                "changes there is a layer.",
                {step});
}

Rule config_rule() {
  return mapping("How the image starts: the OCI image config.",
                 {{"workdir", text("Working directory.", "^/")},
                  {"user", text("UID[:GID] or NAME[:GROUP].")},
                  {"env", shaped(Shape::Names, "Environment variables, taken as written.", {text("Value.")})},
                  {"entrypoint", texts("Program and arguments that always run.", "One argument.")},
                  {"cmd", texts("Default arguments, or the program when there is no entrypoint.", "One argument.")},
                  {"labels", shaped(Shape::Names, "Labels of the image.", {text("Value.")})},
                  {"ports", texts("Ports that the program listens on.", "PORT or PORT/tcp or PORT/udp.")},
                  {"stop-signal", text("Signal that asks the program to end.", "^(SIG[A-Z0-9+-]+|[0-9]+)$")}});
}

Rule layers_rule() {
  return mapping(
      "How the image is divided.",
      {{"compression", word("Compression of the layers: gzip (default), or zstd for faster pulls and smaller images.",
                            {"gzip", "zstd"})},
       {"lazy", word("Layers whose files can be fetched one by one: estargz (of gzip layers) or zstd:chunked (of zstd "
                     "layers). Any runtime reads them.",
                     {"estargz", "zstd:chunked"})},
       {"max", shaped(Shape::Integer, "Most layers that the image may have: 8 to 120, default 64.")}});
}

Rule check_rule() {
  return mapping("What must work in the image before it goes anywhere, tried in the sandbox without network.",
                 {{"imports", texts("Modules that must import.", "A module, as in `import`.")},
                  {"command", texts("A command that must succeed.", "One argument.")},
                  {"libraries", word("What a missing shared library means.", {"error", "warn", "off"})}});
}

Rule budget_rule() {
  return mapping(
      "Sizes that the image may have; more fails the build before anything is published.",
      {{"compressed", text("Most bytes of all layers together, as a registry keeps them: 500MB, 2GiB.")},
       {"uncompressed", text("Most bytes of all layers together, unpacked.")},
       {"growth", text("Most compressed bytes more than the image before: 10%, or 50MB.")},
       {"against",
        text("The image before: HOST/NAME:TAG or oci:DIR:TAG. Default: what is behind the name that is pushed.")}});
}

Rule gpu_rule() {
  return mapping(
      "What the image expects of NVIDIA GPUs and their driver.",
      {{"cuda", text("CUDA version, MAJOR.MINOR, that the driver must know.", "^[0-9]{1,2}\\.[0-9]{1,2}$")},
       {"architectures", texts("Compute capabilities that compiled code must be there for.", "8.0 or sm_80.")}});
}

Rule prune_rule() {
  return mapping(
      "Files of wheels that are left out of the image, and of RECORD.",
      {{"tests", switch_rule("Directories called tests or test.")},
       {"type-stubs", switch_rule("*.pyi.")},
       {"headers", switch_rule("C, C++ and Cython headers.")},
       {"static-libraries", switch_rule("*.a.")},
       {"sources", switch_rule("C, C++, Cython, CUDA and Fortran sources.")},
       {"documentation", switch_rule("Files that are no code in doc and docs, and source maps.")},
       {"keep", texts("Exceptions.", "A project, or a path below site-packages: numpy, scipy/stats/tests.")}});
}

}  // namespace

const Rule* Rule::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, &Key::name);
  return found == keys.end() ? nullptr : &found->rule;
}

std::vector<std::string> Rule::key_names() const {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  return names;
}

std::vector<std::string> variant_keys() {
  return {"base",   "requirements", "python", "system", "steps", "app",
          "config", "layers",       "check",  "budget", "prune", "gpu"};
}

Rule spec_rule() {
  Rule root = mapping("mlbuild image specification, version 1.",
                      {{"version", required(word("Version of this format.", {"1"}))},
                       {"name", required(text("Name of the image and of its steps.", "^[a-z0-9]+([._-][a-z0-9]+)*$"))},
                       {"image", text("Where `--push` goes: [HOST/]REPOSITORY[:TAG].")},
                       {"platforms", shaped(Shape::List, "What the image is built for. Default: linux/amd64.",
                                            {word("A platform.", {"linux/amd64", "linux/arm64"})})},
                       {"base", base_rule()},
                       {"requirements", requirements_rule()},
                       {"python", python_rule()},
                       {"system", system_rule()},
                       {"steps", steps_rule()},
                       {"app", app_rule()},
                       {"config", config_rule()},
                       {"layers", layers_rule()},
                       {"check", check_rule()},
                       {"budget", budget_rule()},
                       {"prune", prune_rule()},
                       {"gpu", gpu_rule()}});
  Rule variant = mapping("One more image; lists and values named here replace those of the spec.", {});
  for (const std::string& key : variant_keys()) variant.keys.push_back({key, *root.find(key)});
  root.keys.push_back({"variants", shaped(Shape::Names, "Several images from one file.", {std::move(variant)})});
  return root;
}

}  // namespace mlbuild::spec
