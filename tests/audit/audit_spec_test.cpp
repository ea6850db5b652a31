#include "mlbuild/audit/audit_spec.hpp"

#include "support/layer_reading.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace mlbuild {
namespace {

/// A spec with the lock that answers it, and what lies beside it.
class SpecBuilder {
 public:
  SpecBuilder() {
    spec_.path = "mlbuild.yaml";
    spec_.directory = "/project";
    image_.base = {deb("libc6", "wanted")};
  }
  /// Asked for at a line of its own.
  SpecBuilder& ask(const std::string& text) {
    Diagnostics diagnostics;
    const Location place{"requirements.txt", ++line_, 1, 0};
    auto requirement = python::parse_requirement(text, place, diagnostics);
    names_.insert(requirement->name);
    variant_.runtime.requirements.push_back(std::move(*requirement));
    return *this;
  }
  SpecBuilder& wheel(const std::string& name, std::uint64_t size, std::vector<std::string> needed_by = {}) {
    LockedFile file;
    file.name = name;
    file.version = "1.0";
    file.size_bytes = size;
    file.required_by = std::move(needed_by);
    if (names_.contains(name)) file.required_by.emplace_back("spec");
    image_.wheels.push_back(std::move(file));
    return *this;
  }
  /// A wheel that the store has.
  SpecBuilder& wheel_here(const test::WheelBuilder& builder) {
    wheel(builder.name, 100);
    image_.wheels.back().sha256 = test::put_wheel(*store_, builder).digest;
    return *this;
  }
  SpecBuilder& system(const std::string& name, std::uint64_t size) {
    variant_.system.runtime.push_back({name, {"mlbuild.yaml", ++line_, 5, 0}});
    image_.system_runtime.push_back(deb(name, "wanted"));
    image_.system_runtime.back().size_bytes = size;
    return *this;
  }
  SpecBuilder& app(const std::string& path, std::uint64_t size) {
    AppFile file;
    file.path_in_image = "app/" + path;
    file.host_path = "/project/" + path;
    file.size_bytes = size;
    app_.push_back(std::move(file));
    return *this;
  }
  SpecBuilder& copy(const std::string& from) {
    variant_.app.push_back({{from, {"mlbuild.yaml", 9, 5, 0}}, "/app"});
    return *this;
  }
  /// As list_app_files() has those that hold files.
  SpecBuilder& directory(const std::string& path) {
    app(path, 0);
    app_.back().is_directory = true;
    return *this;
  }
  SpecBuilder& other_variant_copies(const std::string& from) {
    spec_.variants.emplace_back().app.push_back({{from, {"mlbuild.yaml", 20, 5, 0}}, "/app"});
    return *this;
  }
  SpecBuilder& step_reads(const std::string& from) {
    variant_.steps.emplace_back().inputs.push_back({{from, {"mlbuild.yaml", 9, 5, 0}}, "/input"});
    return *this;
  }
  SpecBuilder& imports(std::set<std::string> modules) {
    imports_ = AppImports{std::move(modules), {}, 1};
    return *this;
  }
  SpecBuilder& env(const std::string& name, const std::string& value) {
    variant_.config.env[name] = value;
    return *this;
  }
  SpecBuilder& command(std::vector<std::string> words) {
    variant_.config.cmd = std::move(words);
    return *this;
  }
  SpecBuilder& base(const std::string& reference, std::uint64_t size, const std::vector<std::string>& debs = {}) {
    ForeignBase base;
    base.kind = ForeignBase::Kind::Image;
    base.reference = {reference, {"mlbuild.yaml", 3, 15, 0}};
    variant_.foreign_base = base;
    LockedBaseImage locked;
    locked.reference = reference;
    locked.layers.resize(1);
    locked.layers[0].blob.size_bytes = size;
    for (const std::string& name : debs) locked.debian.packages.push_back({name, "1"});
    image_.base_image = std::move(locked);
    return *this;
  }

  AuditResult audit() {
    SpecSubject subject{spec_, variant_, image_};
    subject.store = store_.get();
    subject.app = app_;
    subject.imports = imports_;
    subject.alternative = [](const std::string& name, const std::string& version) -> std::optional<Alternative> {
      if (version.find('+') != std::string::npos) return std::nullopt;
      return Alternative{name, version, {40, 80}, std::vector<std::string>()};
    };
    subject.base_bytes = [](const std::string&) { return std::optional<std::uint64_t>(300); };
    return audit_spec(subject);
  }
  std::optional<Finding> finding(const std::string& id) {
    const AuditResult result = audit();
    const auto found = std::ranges::find(result.findings, id, &Finding::id);
    return found == result.findings.end() ? std::nullopt : std::optional(*found);
  }

 private:
  static LockedDeb deb(const std::string& name, const std::string& because) {
    LockedDeb deb;
    deb.name = name;
    deb.because = because;
    return deb;
  }

  Spec spec_;
  SpecVariant variant_;
  LockedImage image_;
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
  std::vector<AppFile> app_;
  std::optional<AppImports> imports_;
  std::set<std::string> names_;
  unsigned line_ = 0;
};

struct RuleCase {
  std::string rule;
  std::function<SpecBuilder()> bad, good;
  std::optional<std::uint64_t> compressed_bytes;
  std::vector<TextEdit> patch;
  friend void PrintTo(const RuleCase& value, std::ostream* out) { *out << value.rule; }
};

TextEdit replace(unsigned line, const std::string& before, const std::string& after) {
  return {TextEdit::Kind::Replace, {"requirements.txt", line, 1, 0}, before, after};
}
TextEdit remove(const std::string& file, unsigned line, unsigned column, const std::string& before) {
  return {TextEdit::Kind::Remove, {file, line, column, 0}, before, ""};
}

test::WheelBuilder wheel_with(const std::string& name, const std::string& path, const std::string& content) {
  return test::WheelBuilder::named(name).add(path, content);
}

std::vector<RuleCase> cases() {
  const std::uint64_t mega = 1'000'000;
  return {
      {"mlflow-skinny",
       [] { return SpecBuilder().ask("mlflow==1.0").wheel("mlflow", 100).wheel("pyarrow", 50, {"mlflow"}); },
       [] { return SpecBuilder().ask("mlflow-skinny==1.0").wheel("mlflow-skinny", 40); },
       110,
       {replace(1, "mlflow", "mlflow-skinny")}},
      {"opencv-headless",
       [] { return SpecBuilder().ask("opencv-python==1.0 ; python_version > '3'").wheel("opencv-python", 90); },
       [] {
         return SpecBuilder()
             .ask("ultralytics==1.0")
             .wheel("ultralytics", 1)
             .wheel("opencv-python", 90, {"ultralytics"});
       },
       50,
       {replace(1, "opencv-python", "opencv-python-headless")}},
      {"psycopg2-binary",
       [] { return SpecBuilder().ask("psycopg2==1.0").wheel("psycopg2", 40); },
       [] { return SpecBuilder().ask("psycopg2-binary==1.0").wheel("psycopg2-binary", 40); },
       0,
       {replace(1, "psycopg2", "psycopg2-binary")}},
      {"tensorflow-cpu",
       [] { return SpecBuilder().ask("tensorflow==1.0").wheel("tensorflow", 600); },
       [] {
         return SpecBuilder().ask("tensorflow==1.0").wheel("tensorflow", 600).env("NVIDIA_VISIBLE_DEVICES", "all");
       },
       560,
       {replace(1, "tensorflow", "tensorflow-cpu")}},
      {"cuda-in-cpu-image",
       [] { return SpecBuilder().ask("torch==1.0").wheel("torch", 700).wheel("nvidia-cublas-cu12", 400, {"torch"}); },
       [] {
         return SpecBuilder()
             .ask("torch==1.0")
             .wheel("torch", 700)
             .wheel("nvidia-cublas-cu12", 400, {"torch"})
             .env("NVIDIA_VISIBLE_DEVICES", "all");
       },
       400,
       {}},
      {"nvidia-twice",
       [] {
         return SpecBuilder()
             .base("cuda:12-runtime", 9, {"libcublas-12-1"})
             .ask("torch==1.0")
             .wheel("torch", 7)
             .wheel("nvidia-cublas-cu12", 4, {"torch"});
       },
       [] { return SpecBuilder().base("cuda:12-runtime", 9, {"libcublas-12-1"}).ask("cupy==1.0").wheel("cupy", 7); },
       std::nullopt,
       {}},
      {"devel-base",
       [] { return SpecBuilder().base("x/cuda:12-devel-ubuntu22.04", 1000); },
       [] { return SpecBuilder().base("x/cuda:12-runtime-ubuntu22.04", 1000); },
       700,
       {{TextEdit::Kind::Replace,
         {"mlbuild.yaml", 3, 15, 0},
         "x/cuda:12-devel-ubuntu22.04",
         "x/cuda:12-runtime-ubuntu22.04"}}},
      {"compilers",
       [] { return SpecBuilder().system("build-essential", 30).system("libgomp1", 2); },
       [] { return SpecBuilder().system("libgomp1", 2); },
       30,
       {remove("mlbuild.yaml", 1, 5, "build-essential")}},
      {"notebook-tools",
       [] { return SpecBuilder().ask("jupyterlab==1.0").wheel("jupyterlab", 30).wheel("babel", 9, {"jupyterlab"}); },
       [] { return SpecBuilder().ask("voila-like==1.0").wheel("voila-like", 1).wheel("ipykernel", 9, {"voila-like"}); },
       39,
       {remove("requirements.txt", 1, 1, "jupyterlab==1.0")}},
      {"plotting-tools",
       [] { return SpecBuilder().ask("plotly==1.0").wheel("plotly", 30); },
       [] { return SpecBuilder().ask("shap==1.0").wheel("shap", 1).wheel("matplotlib", 30, {"shap"}); },
       30,
       {remove("requirements.txt", 1, 1, "plotly==1.0")}},
      {"test-tools",
       [] { return SpecBuilder().ask("pytest==1.0").wheel("pytest", 3); },
       [] { return SpecBuilder().ask("numpy==1.0").wheel("numpy", 3); },
       3,
       {remove("requirements.txt", 1, 1, "pytest==1.0")}},
      {"unpinned",
       [] { return SpecBuilder().ask("numpy[x]>=0.5,<2").wheel("numpy", 3).ask("scipy==1.0").wheel("scipy", 3); },
       [] { return SpecBuilder().ask("numpy==1.0").wheel("numpy", 3); },
       std::nullopt,
       {replace(1, "numpy[x]>=0.5,<2", "numpy[x]==1.0")}},
      {"unused-requirement",
       [] {
         return SpecBuilder()
             .ask("cv==1.0")
             .wheel_here(wheel_with("cv", "cv2/__init__.py", "x"))
             .imports({"numpy.linalg"});
       },
       [] {
         return SpecBuilder().ask("cv==1.0").wheel_here(wheel_with("cv", "cv2/__init__.py", "x")).imports({"cv2.dnn"});
       },
       100,
       {remove("requirements.txt", 1, 1, "cv==1.0")}},
      {"app-clutter",
       [=] { return SpecBuilder().app("app/.git/objects/a", 5).app("app/data.csv", mega).app("app/main.py", 5); },
       [] { return SpecBuilder().app("app/main.py", 5).app("app/small.csv", 50); },
       std::nullopt,
       {{TextEdit::Kind::Append, {"/project/.dockerignore", 0, 0, 0}, "", "app/.git"},
        {TextEdit::Kind::Append, {"/project/.dockerignore", 0, 0, 0}, "", "app/data.csv"}}},
      {"prune",
       [=] {
         return SpecBuilder().ask("p==1.0").wheel_here(wheel_with("p", "p/tests/test_a.py", std::string(200'000, 'x')));
       },
       [=] { return SpecBuilder().ask("p==1.0").wheel_here(wheel_with("p", "p/a.py", std::string(200'000, 'x'))); },
       std::nullopt,
       {}},
  };
}

class SpecRule : public ::testing::TestWithParam<RuleCase> {};

TEST_P(SpecRule, FiresWithWhatItSavesAndHowToChangeIt) {
  const std::optional<Finding> finding = GetParam().bad().finding(GetParam().rule);
  ASSERT_TRUE(finding);
  EXPECT_FALSE(finding->way_out.empty());
  if (GetParam().compressed_bytes) {
    EXPECT_EQ(finding->saves.compressed_bytes, GetParam().compressed_bytes);
  }
  EXPECT_EQ(finding->patch, GetParam().patch);
}

TEST_P(SpecRule, SaysNothingOfWhatIsFine) { EXPECT_FALSE(GetParam().good().finding(GetParam().rule)); }

INSTANTIATE_TEST_SUITE_P(AuditSpec, SpecRule, ::testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.rule;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(AuditSpec, AScriptOrPluginIsUsedThoughNobodyImportsIt) {
  const auto server =
      wheel_with("server", "server/__init__.py", "x").entry_points("[console_scripts]\nserve = server:main\n");
  EXPECT_FALSE(SpecBuilder()
                   .ask("server==1.0")
                   .wheel_here(server)
                   .imports({"os"})
                   .command({"/usr/local/bin/serve"})
                   .finding("unused-requirement"));
  EXPECT_TRUE(SpecBuilder()
                  .ask("server==1.0")
                  .wheel_here(server)
                  .imports({"os"})
                  .command({"python"})
                  .finding("unused-requirement"));
  const auto plugin = wheel_with("gcs", "gcs/__init__.py", "x").entry_points("[fsspec.specs]\ngs = gcs:F\n");
  EXPECT_FALSE(SpecBuilder().ask("gcs==1.0").wheel_here(plugin).imports({"os"}).finding("unused-requirement"));
}

TEST(AuditSpec, WhatACopyNamesIsNoClutter) {
  const auto data = [] { return SpecBuilder().app("data/a.csv", 1'000'000); };
  EXPECT_FALSE(data().copy("./data/a.csv").finding("app-clutter"));
  EXPECT_FALSE(data().copy("data/").finding("app-clutter")) << "all that the copy has";
  EXPECT_FALSE(data().copy(".").app("main.py", 1).step_reads("data/a.csv").finding("app-clutter"));
  EXPECT_FALSE(SpecBuilder().copy(".").copy(".git/HEAD").app("main.py", 1).app(".git/HEAD", 5).finding("app-clutter"));
  EXPECT_TRUE(data().copy(".").app("main.py", 1).finding("app-clutter"));
}

TEST(AuditSpec, DirectoriesAreNothingThatACopyHas) {
  const auto nested = [] {
    return SpecBuilder().copy("data/").directory("data").directory("data/raw").app("data/raw/a.csv", 1'000'000);
  };
  EXPECT_FALSE(nested().finding("app-clutter")) << "would leave empty directories in the image";
  EXPECT_TRUE(nested().app("data/raw/main.py", 1).finding("app-clutter"));
}

TEST(AuditSpec, WhatStepsAndOtherVariantsCopyOfADirectoryIsNoClutter) {
  const auto whole = [] { return SpecBuilder().copy(".").app("main.py", 1).app("data/raw/a.csv", 1'000'000); };
  EXPECT_FALSE(whole().step_reads("data/").finding("app-clutter"));
  EXPECT_FALSE(whole().other_variant_copies("./data").finding("app-clutter"));
  EXPECT_TRUE(whole().step_reads("dat").other_variant_copies("data2").finding("app-clutter"));
  EXPECT_TRUE(whole().step_reads(".").other_variant_copies(".").finding("app-clutter")) << "has more than data";
  EXPECT_TRUE(whole().copy("data").app("data/b.py", 1).other_variant_copies("data").finding("app-clutter"))
      << "other variants have the copies that they do not override";
}

TEST(AuditSpec, PatternsMeanTheFilesThatTheyAreMadeOf) {
  const auto finding = SpecBuilder().app("#1 [a]*?.csv", 1'000'000).app("main.py", 1).finding("app-clutter");
  ASSERT_TRUE(finding);
  ASSERT_EQ(finding->patch.size(), 1U);
  EXPECT_EQ(finding->patch[0].after, "\\#1 \\[a]\\*\\?.csv");
}

TEST(AuditSpec, ALeanerBaseIsProposedWithoutTheDigestOfThisOne) {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  const auto devel = SpecBuilder().base("x/cuda:12-devel-ubuntu22.04" + digest, 1000).finding("devel-base");
  ASSERT_TRUE(devel);
  ASSERT_EQ(devel->patch.size(), 1U);
  EXPECT_EQ(devel->patch[0].before, "x/cuda:12-devel-ubuntu22.04" + digest);
  EXPECT_EQ(devel->patch[0].after, "x/cuda:12-runtime-ubuntu22.04");
  const auto python = SpecBuilder().base("python:3.11" + digest, 1000).finding("devel-base");
  ASSERT_TRUE(python);
  EXPECT_EQ(python->patch.at(0).after, "python:3.11-slim");
  EXPECT_FALSE(SpecBuilder().base("x/cuda-devel" + digest, 1000).finding("devel-base")) << "which tag, nobody knows";
}

TEST(AuditSpec, AProjectCalledSpecIsNotTheSpec) {
  const auto spec_needs = [](const std::string& needed) {
    return SpecBuilder()
        .ask("spec==1.0")
        .wheel("spec", 1)
        .ask("cv==1.0")
        .wheel_here(wheel_with("cv", "cv2/__init__.py", "x"))
        .wheel(needed, 50, {"project:spec"})
        .imports({"spec"});
  };
  EXPECT_TRUE(spec_needs("other").finding("unused-requirement")) << "cv is what the spec asks for, not the project";
  const auto tool = SpecBuilder().ask("spec==1.0").wheel("spec", 1).ask("mlflow==1.0").wheel("mlflow", 100);
  const auto saved = SpecBuilder(tool).wheel("pyarrow", 50, {"mlflow", "project:spec"}).finding("mlflow-skinny");
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->saves.compressed_bytes, 60U) << "pyarrow stays, spec needs it";
}

TEST(AuditSpec, HashedRequirementsAreNotRenamed) {
  const std::string hash = " --hash=sha256:" + std::string(64, 'a');
  const auto finding = SpecBuilder().ask("mlflow==1.0" + hash).wheel("mlflow", 100).finding("mlflow-skinny");
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->patch.empty());
}

TEST(AuditSpec, SaysWhatItDidNotSee) {
  const AuditResult result = SpecBuilder().ask("numpy==1.0").wheel("numpy", 3).audit();
  EXPECT_EQ(result.notes.size(), 2U);  // wheels that are not in the store, imports that were not read
}

TEST(AppImports, ReadsTheAnswerOfTheParser) {
  const AppImports imports = parse_app_imports(R"({"modules": ["a.b"], "unreadable": ["x.py"], "files": 2})");
  EXPECT_EQ(imports.modules, std::set<std::string>{"a.b"});
  EXPECT_EQ(imports.files, 2U);
  EXPECT_THROW(parse_app_imports("Traceback"), Error);
}

}  // namespace
}  // namespace mlbuild
