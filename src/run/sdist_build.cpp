#include "mlbuild/run/sdist_build.hpp"

#include "build_failure.hpp"
#include "build_root.hpp"
#include "built_wheel_check.hpp"
#include "pep517_driver.hpp"
#include "plain_file.hpp"
#include "sdist_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_number.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kSdistBuildVersion = 1;  // raise it when the same inputs would give another wheel
constexpr std::chrono::hours kDeadline{2};
constexpr std::uint64_t kAnswerLimitBytes = 1U << 20U;
constexpr std::uint64_t kWheelLimitBytes = std::uint64_t{8} << 30U;

// Paths inside are fixed: compilers write them into what they make.
constexpr const char* kInsideSource = "/build/source";
constexpr const char* kInsideOut = "/build/out";
constexpr const char* kInsideAnswer = "/build/answer";
constexpr const char* kInsideDriver = "/mlbuild/pep517_driver.py";

/// The build's directories on the host. Each writable one is a mount of its own: what is a mount point cannot be
/// replaced by a link from inside, so its path still means the same directory afterwards.
struct BuildPlace {
  explicit BuildPlace(const fs::path& scratch) : directory(scratch, "sdist-") {
    for (const fs::path& path : {source(), out(), answer()}) make_directories(path);
    write_file_atomically(driver(), pep517_driver());
  }
  fs::path source() const { return directory.path() / "source"; }
  fs::path out() const { return directory.path() / "out"; }
  fs::path answer() const { return directory.path() / "answer"; }
  fs::path driver() const { return directory.path() / "driver.py"; }
  TempDir directory;
};

SandboxJob job_of(const SdistBuildInputs& inputs, const BuildPlace& place, const fs::path& root,
                  const std::string& top) {
  SandboxJob job;
  job.roots = {root};
  constexpr bool kWritable = true;
  constexpr bool kCounted = true;
  job.mounts = {{place.source(), kInsideSource, kWritable, kCounted},
                {place.out(), kInsideOut, kWritable, kCounted},
                {place.answer(), kInsideAnswer, kWritable, kCounted},
                {place.driver(), kInsideDriver, false}};
  const std::string source = fmt::format("{}/{}", kInsideSource, top);
  job.argv = {inputs.scheme.interpreter, kInsideDriver, source, kInsideOut,
              std::string(kInsideAnswer) + "/answer.json"};
  job.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
             {"HOME", "/tmp"},
             {"LANG", "C.UTF-8"},
             {"TZ", "UTC"},
             {"SOURCE_DATE_EPOCH", std::to_string(inputs.epoch_seconds)},
             {"PYTHONHASHSEED", "0"},
             {"PYTHONDONTWRITEBYTECODE", "1"}};
  job.working_directory = source;
  job.deadline = kDeadline;
  return job;
}

std::vector<std::string> strings_at(const json& value, const char* name) {
  std::vector<std::string> texts;
  for (const json& item : value.value(name, json::array())) texts.push_back(printable(item.get<std::string>()));
  return texts;
}

void refuse_missing_requirements(const SdistBuildInputs& inputs, const fs::path& answer) {
  FileSource source(open_plain_file(answer, kAnswerLimitBytes), answer);
  const Bytes bytes = read_all(source, kAnswerLimitBytes);
  std::vector<std::string> missing;
  try {
    missing = strings_at(json::parse(as_text(bytes)), "missing");
  } catch (const json::exception& failure) {
    throw Error(ErrorKind::Foreign,
                fmt::format("the build of `{}` answered nonsense: {}", inputs.sdist_filename, failure.what()));
  }
  if (missing.empty()) return;
  throw Error(ErrorKind::Step, fmt::format("building `{}` needs `{}`, which the lock does not have",
                                           inputs.sdist_filename, join(missing, "`, `")))
      .hint(fmt::format("add it to `requirements.build`: `build: [\"{}\"]`", join(missing, "\", \"")));
}

/// The one wheel that the build must have left, by name.
std::string wheel_name(const SdistBuildInputs& inputs, const fs::path& out) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(out))
    names.push_back(entry.path().filename().string());
  if (names.size() != 1) {
    throw Error(ErrorKind::Step,
                fmt::format("building `{}` made {} files instead of one wheel", inputs.sdist_filename, names.size()));
  }
  const python::WheelFilename parsed = python::WheelFilename::parse(names.front());
  const auto made = python::Version::parse(parsed.version);
  const auto wanted = python::Version::parse(inputs.version);
  const bool same_version = made && wanted ? *made == *wanted : parsed.version == inputs.version;
  if (python::normalize_name(parsed.distribution) == inputs.project && same_version) return names.front();
  throw Error(ErrorKind::Step, fmt::format("building `{}` made `{}`, but {} {} is locked", inputs.sdist_filename,
                                           printable(names.front()), inputs.project, inputs.version))
      .hint(
          "its version may be computed from a repository that the source distribution does not have; take a release "
          "with a wheel");
}

void check_wheel(const SdistBuildInputs& inputs, const fs::path& path) {
  const DiskFile wheel(open_plain_file(path, kWheelLimitBytes), path);
  check_built_wheel(wheel, path.filename().string(), inputs.target);
}

BuiltWheel keep_wheel(const fs::path& path, DiskStore& store) {
  FileSource source(open_plain_file(path, kWheelLimitBytes), path);
  const std::unique_ptr<BlobWriter> writer = store.begin();
  const std::uint64_t size_bytes = copy(source, *writer);
  return {path.filename().string(), writer->commit(), size_bytes};
}

void check_filename(const SdistBuildInputs& inputs) {
  if (inputs.sdist_filename.ends_with(".tar.gz")) return;
  throw Error(ErrorKind::Step, fmt::format("`{}` is not a .tar.gz, the only form of source distributions (PEP 625)",
                                           inputs.sdist_filename))
      .hint("take a version that has a wheel or a .tar.gz");
}

}  // namespace

KeyCard sdist_build_card(const SdistBuildInputs& inputs) {
  KeyCard card("sdist-build", kSdistBuildVersion);
  card.set("sdist", inputs.sdist.to_string()).set("sdist-filename", inputs.sdist_filename);
  card.set("project", inputs.project).set("version", inputs.version);
  card.set("epoch", std::to_string(inputs.epoch_seconds)).set("interpreter", inputs.scheme.interpreter);
  card.set("python", inputs.scheme.python_full_version).set("purelib", inputs.scheme.purelib);
  for (const WheelInput& wheel : inputs.build_requirements)
    card.set("build:" + wheel.filename, wheel.digest.to_string());
  std::map<std::string, std::string> packages;  // a package may be listed twice; the first one counts, as in the root
  for (const DebInput& deb : inputs.root_packages) packages.emplace(deb.name, deb.digest.to_string());
  for (const auto& [name, digest] : packages) card.set("deb:" + name, digest);
  return card;
}

std::string to_json(const BuiltWheel& wheel) {
  json value{{"filename", wheel.filename}, {"digest", wheel.digest.to_string()}, {"size", wheel.size_bytes}};
  if (!wheel.sandbox_level.empty()) value["sandbox"] = wheel.sandbox_level;
  return value.dump();
}

BuiltWheel parse_built_wheel(std::string_view text) {
  try {
    const json value = json::parse(text);
    return {value.at("filename").get<std::string>(), BlobDigest::parse(value.at("digest").get<std::string>()),
            natural_number(value.at("size")), value.value("sandbox", "")};
  } catch (const json::exception& failure) {
    throw Error(ErrorKind::Foreign, fmt::format("facts of a built wheel are malformed: {}", failure.what()));
  }
}

BuiltWheel build_sdist(const SdistBuildInputs& inputs, DiskStore& store, Sandbox& sandbox,
                       const Cancellation& cancellation) {
  check_filename(inputs);
  const fs::path root = build_root(inputs, store, cancellation);
  const BuildPlace place(store.root() / "tmp");
  const std::string top =
      with_context([&] { return fmt::format("unpacking `{}`", inputs.sdist_filename); },
                   [&] { return unpack_sdist(store.stream(inputs.sdist), place.source(), cancellation); });
  const SandboxOutcome outcome = sandbox.run(job_of(inputs, place, root, top), cancellation);
  if (!outcome.ok()) throw build_failure(inputs.sdist_filename, outcome);
  refuse_missing_requirements(inputs, place.answer() / "answer.json");
  with_context([&] { return fmt::format("checking the wheel of `{}`", inputs.sdist_filename); },
               [&] { check_wheel(inputs, place.out() / wheel_name(inputs, place.out())); });
  BuiltWheel wheel = keep_wheel(place.out() / wheel_name(inputs, place.out()), store);
  wheel.sandbox_level = to_string(outcome.level);
  store.put(sdist_build_card(inputs).key(), to_json(wheel));
  return wheel;
}

}  // namespace mlbuild
