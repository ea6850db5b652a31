#include "spec_rules.hpp"

#include "image_rules.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/spec/spec_edits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

std::vector<Draft> one(Draft draft) {
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

std::string locked_version(const LockedImage& image, const std::string& name) {
  for (const LockedFile& wheel : image.wheels) {
    if (wheel.name == name) return wheel.version;
  }
  for (const LockedSdist& sdist : image.sdists) {
    if (sdist.sdist.name == name) return sdist.sdist.version;
  }
  return {};
}

std::string place(const Location& location) {
  return fmt::format("{}:{}:{}", location.file, location.line, location.column);
}

bool touches(const std::string& module, const std::string& import) {
  const auto begins = [](const std::string& text, const std::string& with) {
    return text == with || (text.starts_with(with) && text[with.size()] == '.');
  };
  return begins(import, module) || begins(module, import);
}

/// Words of the commands that the image is made to run: scripts, and modules behind -m.
std::set<std::string> command_words(const SpecVariant& variant) {
  std::set<std::string> words;
  const auto add = [&](const std::vector<std::string>& command) {
    for (const std::string& argument : command) {
      for (const std::string_view word : split(argument, ' ')) {
        words.emplace(name_of(word));
      }
    }
  };
  add(variant.config.entrypoint);
  add(variant.config.cmd);
  add(variant.check.command);
  for (const CommandStep& step : variant.steps) add(step.command.value);
  for (const Located<std::string>& module : variant.check.imports) words.insert(module.value);
  return words;
}

bool is_used(const LockedWheels::Content& wheel, const AppImports& imports, const std::set<std::string>& words) {
  const auto is_named = [&](const std::string& module) {
    const auto meets = [&](const std::string& other) { return touches(module, other); };
    return std::ranges::any_of(imports.modules, meets) || std::ranges::any_of(words, meets);
  };
  return wheel.has_plugins || std::ranges::any_of(wheel.modules, is_named) ||
         std::ranges::any_of(wheel.scripts, [&](const std::string& script) { return words.contains(script); });
}

/// What to write instead of a development base; "" for a base that is none. A digest goes: it is that of the one image,
/// and would be read before the tag.
std::string lean_base(const std::string& written) {
  constexpr std::string_view kDevel = "-devel";
  const std::string reference = written.substr(0, written.find('@'));
  const bool has_tag = reference.find(':', reference.rfind('/') + 1) != std::string::npos;
  if (!has_tag && reference != written) return {};  // the newest of the other may be anything
  if (const auto at = reference.find(kDevel); at != std::string::npos) {
    return std::string(reference).replace(at, kDevel.size(), "-runtime");
  }
  const auto colon = reference.rfind(':');
  const auto slash = reference.rfind('/');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) return {};
  const std::string name = reference.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string_view tag = std::string_view(reference).substr(colon + 1);
  const bool is_version = std::ranges::all_of(tag, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return name.starts_with("python:") && is_version ? reference + "-slim" : std::string();
}

DraftPart base_part(const SpecSubject& subject, const std::string& lean) {
  std::uint64_t bytes = 0;
  for (const LockedBaseLayer& layer : subject.image.base_image->layers) bytes += layer.blob.size_bytes;
  const auto other = subject.base_bytes ? subject.base_bytes(lean) : std::optional<std::uint64_t>();
  DraftPart part{"base", "", {}};
  if (other) part.bytes.compressed_bytes = bytes - std::min(bytes, *other);
  return part;
}

struct Clutter {
  const AppFile* file;
  std::string ignored_path;  ///< what `.dockerignore` has to name
  bool is_git;
};

std::string path_beside(const SpecSubject& subject, const AppFile& file) {
  return file.host_path.lexically_relative(subject.spec.directory).generic_string();
}

std::optional<Clutter> as_clutter(const SpecSubject& subject, const AppFile& file) {
  if (file.link_target || !is_clutter(file.path_in_image, file.size_bytes)) return std::nullopt;
  std::string path = path_beside(subject, file);
  const auto git = path.starts_with(".git/") ? 0 : path.find("/.git/");
  const bool is_git = git != std::string::npos;
  if (is_git) path.resize(git == 0 ? 4 : git + 5);
  return Clutter{&file, std::move(path), is_git};
}

/// As patterns of `.dockerignore` see it; "" for the directory of the spec.
std::string copied_path(const AppCopy& copy) {
  std::string path = std::filesystem::path(copy.from.value).lexically_normal().generic_string();
  if (path.ends_with('/')) path.pop_back();
  return path == "." ? std::string() : path;
}

bool is_copied(std::string_view path, std::string_view from) { return from.empty() || is_at_or_below(path, from); }

/// What copies name, in whatever variant.
struct NamedPaths {
  std::set<std::string> all;
  std::set<std::string> elsewhere;  ///< by a step, or by another variant alone
};

NamedPaths named_paths(const SpecSubject& subject) {
  NamedPaths paths;
  std::set<std::string> own;
  for (const AppCopy& copy : subject.variant.app) own.insert(copied_path(copy));
  const auto add = [&](const SpecVariant& variant) {
    for (const AppCopy& copy : variant.app) {
      if (!own.contains(copied_path(copy))) paths.elsewhere.insert(copied_path(copy));
    }
    for (const CommandStep& step : variant.steps) {
      for (const AppCopy& copy : step.inputs) paths.elsewhere.insert(copied_path(copy));
    }
  };
  add(subject.variant);
  for (const SpecVariant& variant : subject.spec.variants) add(variant);
  paths.all = paths.elsewhere;
  paths.all.merge(own);
  return paths;
}

/// A copy of what `.dockerignore` excludes ends the build. Nobody looked at what else a copy elsewhere has, and what it
/// names is wanted for its own sake; the whole directory of the spec is not.
bool is_wanted(const Clutter& clutter, const std::string& path, const NamedPaths& named) {
  const auto is_above = [&](const std::string& from) { return !from.empty() && is_at_or_below(path, from); };
  const auto is_part = [&](const std::string& from) { return is_at_or_below(from, clutter.ignored_path); };
  return std::ranges::any_of(named.elsewhere, is_above) || std::ranges::any_of(named.all, is_part);
}

/// Without what copies want, and what is all that a copy has.
std::vector<Clutter> clutter_of(const SpecSubject& subject) {
  std::vector<Clutter> found;
  std::vector<std::string> others;  // files that stay: the directories that they are in are nothing without them
  const NamedPaths named = named_paths(subject);
  for (const AppFile& file : subject.app) {
    if (file.is_directory) continue;
    std::string path = path_beside(subject, file);
    std::optional<Clutter> clutter = as_clutter(subject, file);
    if (clutter && !is_wanted(*clutter, path, named))
      found.push_back(std::move(*clutter));
    else
      others.push_back(std::move(path));
  }
  for (const AppCopy& copy : subject.variant.app) {
    const std::string from = copied_path(copy);
    if (std::ranges::any_of(others, [&](const std::string& path) { return is_copied(path, from); })) continue;
    std::erase_if(found, [&](const Clutter& clutter) { return is_copied(path_beside(subject, *clutter.file), from); });
  }
  return found;
}

bool is_cuda_deb(std::string_view name) {
  for (const std::string_view prefix : {"libcublas", "libcudnn", "libnccl", "libcufft", "libcurand", "libcusparse",
                                        "libcusolver", "cuda-libraries", "cuda-cudart", "libnpp"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

std::vector<Draft> unpinned_drafts(const SpecSubject& subject) {
  Draft draft = draft_of("unpinned", "");
  std::size_t count = 0;
  for (const python::Requirement& requirement : subject.variant.runtime.requirements) {
    if (requirement.is_pinned() || !requirement.url.empty() || !requirement.hashes.empty()) continue;
    ++count;
    if (count == 1) draft.finding.location = requirement.location;
    const std::string version = locked_version(subject.image, requirement.name);
    draft.finding.evidence.push_back(fmt::format("{} {}{}", place(requirement.location), printable(requirement.text),
                                                 version.empty() ? "" : fmt::format(", locked at {}", version)));
    if (version.empty()) continue;
    const std::string before(trim(std::string_view(requirement.text).substr(0, requirement.text.find(';'))));
    const std::string name = before.substr(0, before.find_first_of(" [<>=!~("));
    std::string after = name;
    if (!requirement.extras.empty()) after += "[" + join(requirement.extras, ",") + "]";
    draft.finding.patch.push_back({TextEdit::Kind::Replace, requirement.location, before, after + "==" + version});
  }
  if (count == 0) return {};
  draft.finding.title = fmt::format("{} runtime requirement{} without an exact version", count, count == 1 ? "" : "s");
  draft.finding.measured = "saves no bytes";
  return one(std::move(draft));
}

std::vector<Draft> unused_drafts(const SpecSubject& subject, const PackageSubject& packages,
                                 const LockedWheels& wheels) {
  if (!subject.imports || subject.imports->files == 0) return {};
  const std::set<std::string> words = command_words(subject.variant);
  std::vector<Draft> drafts;
  for (const auto& [name, asked] : packages.asked) {
    const LockedWheels::Content* wheel = wheels.find(name);
    if (wheel == nullptr || wheel->modules.empty() || !packages.wheels.needed_by(name).empty()) continue;
    if (is_used(*wheel, *subject.imports, words)) continue;
    Draft draft = draft_of("unused-requirement", fmt::format("nothing imports {}", name));
    draft.wheels.unwanted.insert(name);
    draft.finding.location = asked.front().location;
    draft.finding.evidence = {
        fmt::format("{} files were read; none imports {}", subject.imports->files, fmt::join(wheel->modules, ", "))};
    std::ranges::move(gone_evidence(packages.wheels, draft.wheels), std::back_inserter(draft.finding.evidence));
    draft.finding.measured = packages.measured;
    draft.finding.patch = removal_of(packages, name);
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

std::vector<Draft> base_drafts(const SpecSubject& subject, const PackageSubject& packages) {
  std::vector<Draft> drafts;
  if (!subject.image.base_image) return drafts;
  const LockedBaseImage& base = *subject.image.base_image;
  if (const std::string lean = lean_base(base.reference); !lean.empty()) {
    Draft draft = draft_of("devel-base", fmt::format("the base `{}` is made for compiling", printable(base.reference)));
    draft.parts = {base_part(subject, lean)};
    draft.finding.measured = draft.parts.front().bytes.known() ? "layers of both bases"
                                                               : "not measured: the other base could not be asked for";
    draft.finding.evidence = {fmt::format("`{}` is the same without", printable(lean))};
    if (subject.variant.foreign_base) {
      const Located<std::string>& written = subject.variant.foreign_base->reference;
      draft.finding.location = written.location;
      if (const std::string after = lean_base(written.value); !after.empty()) {
        draft.finding.patch = {{TextEdit::Kind::Replace, written.location, written.value, after}};
      }
    }
    drafts.push_back(std::move(draft));
  }
  std::vector<std::string> twice;
  for (const LockedBasePackage& package : base.debian.packages) {
    if (is_cuda_deb(package.name)) twice.push_back(package.name + " " + package.version);
  }
  const bool in_wheels = std::ranges::any_of(packages.wheels.packages(), [](const auto& wheel) {
    return wheel.first.starts_with("nvidia-") && is_cuda_package(wheel.first);
  });
  if (!twice.empty() && in_wheels) {
    Draft draft = draft_of("nvidia-twice", "CUDA libraries both in the base and in nvidia-* wheels");
    draft.finding.evidence = std::move(twice);
    draft.finding.measured = "not measured: audit the image for the bytes";
    if (subject.variant.foreign_base) draft.finding.location = subject.variant.foreign_base->reference.location;
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

std::vector<Draft> spec_compiler_drafts(const SpecSubject& subject, const PackageSubject& packages) {
  Draft compilers = draft_of("compilers", "compilers among `system.runtime`");
  Draft devel = draft_of("devel-base", "-dev packages among `system.runtime`");
  for (const Located<std::string>& package : subject.variant.system.runtime) {
    const bool compiles = is_compiler_deb(package.value);
    if (!compiles && !is_devel_deb(package.value)) continue;
    Draft& draft = compiles ? compilers : devel;
    if (!draft.finding.location.known()) draft.finding.location = package.location;
    draft.debs.unwanted.insert(package.value);
    draft.finding.patch.push_back({TextEdit::Kind::Remove, package.location, package.value, ""});
  }
  std::vector<Draft> drafts;
  for (Draft* draft : {&compilers, &devel}) {
    if (draft->debs.empty()) continue;
    draft->finding.evidence = gone_evidence(packages.debs, draft->debs);
    draft->finding.measured = "sizes of the locked .debs";
    draft->finding.way_out = "move them to `system.build`, which exists only while source distributions are built";
    drafts.push_back(std::move(*draft));
  }
  return drafts;
}

std::vector<Draft> app_drafts(const SpecSubject& subject) {
  Draft draft = draft_of("app-clutter", "version control, notebooks or data sets are copied with the application");
  std::map<std::string, std::uint64_t> ignored;
  std::uint64_t sum = 0;
  bool has_git = false;
  for (const Clutter& clutter : clutter_of(subject)) {
    has_git = has_git || clutter.is_git;
    ignored[clutter.ignored_path] += clutter.file->size_bytes;
    sum += clutter.file->size_bytes;
    draft.parts.push_back({"app " + clutter.file->path_in_image, "", {std::nullopt, clutter.file->size_bytes}});
  }
  if (!has_git && sum < kWorthTelling) return {};
  Location place;
  place.file = (subject.spec.directory / ".dockerignore").lexically_normal().string();
  for (const auto& [path, bytes] : ignored) {
    draft.finding.evidence.push_back(fmt::format("{}  {}", printable(path), human_bytes(bytes)));
    draft.finding.patch.push_back({TextEdit::Kind::Append, place, "", ignore_pattern(path)});
  }
  if (!subject.variant.app.empty()) draft.finding.location = subject.variant.app.front().from.location;
  draft.finding.measured = "files beside the spec; compressed is not measured";
  return one(std::move(draft));
}

}  // namespace mlbuild
