#include "python_resolver.hpp"

#include "build_system.hpp"
#include "target.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/lock/required_by.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/python/marker.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

// The questions to the resolver, for one image:
//   1. runtime and dev together, so that they agree on versions (left out when there is no dev)
//   2. runtime alone, held to the versions of 1: what is in 1 and not in 2 is for development only
//   3. each again, offline, for "who needs whom", which pylock.toml does not tell
//   4. the build requirements of each source distribution
// The resolver takes a route only together with a demand for its project, and most projects of an index are needed by
// other projects if at all. So the others are withheld: a question that turns out to need one fails, and is asked again
// with its route.

namespace mlbuild {
namespace {

constexpr std::size_t kParallelQueries = 8;

template <class T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<std::string> texts_of(const std::vector<const python::Requirement*>& requirements) {
  std::vector<std::string> texts;
  for (const python::Requirement* requirement : requirements) texts.push_back(requirement->text);
  return texts;
}

std::vector<std::string> as_limits(const Pins& pins) {
  std::vector<std::string> limits;
  for (const auto& [name, version] : pins) limits.push_back(name + "==" + version);
  return limits;
}

/// A marker that we cannot read (its words may be newer than we are) is left to the resolver.
bool holds(const python::Requirement& requirement, const python::MarkerEnvironment& environment) {
  try {
    return python::marker_holds(requirement.marker, environment);
  } catch (const Error&) {
    return true;
  }
}

/// What the spec asks for, itself or by way of others.
std::set<std::string> needed_projects(const std::map<std::string, std::vector<std::string>>& edges) {
  std::set<std::string> needed = {kRequiredBySpec};
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [name, sources] : edges) {
      if (std::ranges::any_of(sources, [&](const std::string& source) { return needed.contains(source); }))
        grew = needed.insert(required_by_project(name)).second || grew;
    }
  }
  return needed;
}

/// A route is a demand, also where the candidate that needed the project was given up for another. The versions of
/// others that it led to stay.
void leave_out_unneeded(std::vector<PylockPackage>& packages, std::map<std::string, std::vector<std::string>>& edges) {
  const std::set<std::string> needed = needed_projects(edges);
  std::erase_if(packages,
                [&](const PylockPackage& package) { return !needed.contains(required_by_project(package.name)); });
  for (auto& [name, sources] : edges)
    std::erase_if(sources, [&](const std::string& source) { return !needed.contains(source); });
}

/// Whether there was one to take.
bool take_route(UvRequest& request, const std::string& project) {
  return request.routes.insert(request.withheld.extract(project)).inserted;
}

void refuse_urls(const std::vector<const python::Requirement*>& requirements) {
  for (const python::Requirement* requirement : requirements) {
    if (requirement->url.empty()) continue;
    throw Error(ErrorKind::Spec, fmt::format("`{}` names a URL or path, which is not yet supported",
                                             requirement->name.empty() ? "a requirement" : requirement->name))
        .at(requirement->location)
        .hint("publish the wheel on an index and name that in `python.indexes`");
  }
}

}  // namespace

PythonResolver::PythonResolver(const ResolveContext& context, const SpecVariant& variant, LockedImage& image, Uv& uv,
                               KnownSizes& sizes)
    : context_(context),
      variant_(variant),
      image_(image),
      uv_(uv),
      sizes_(sizes),
      target_(target_of(image)),
      target_text_(target_text(image)),
      tags_(python::compatible_tags(target_)) {
  for (std::size_t i = 0; i < variant.indexes.size(); ++i) {
    indexes_.push_back({fmt::format("index-{}", i + 1), variant.indexes[i].url.value});
    for (const std::string& project : variant.indexes[i].packages) routed_.emplace(project, indexes_.back().name);
  }
}

PythonResolver::Group PythonResolver::group_of(std::string what, const std::vector<const RequirementSet*>& sets) const {
  Group group;
  group.what = std::move(what);
  group.sdists = variant_.sdists;
  for (const RequirementSet* set : sets) {
    for (const python::Requirement& requirement : set->requirements) group.requirements.push_back(&requirement);
    for (const python::Requirement& constraint : set->constraints) group.constraints.push_back(&constraint);
  }
  refuse_urls(group.requirements);
  refuse_urls(group.constraints);
  // What is meant for another interpreter or platform decides nothing here: neither hashes nor routes.
  const python::MarkerEnvironment environment{image_.interpreter.full_version, target_.machine, ""};
  for (auto* list : {&group.requirements, &group.constraints})
    std::erase_if(*list, [&](const python::Requirement* one) { return !holds(*one, environment); });
  group.lines = texts_of(group.requirements);
  group.limits = texts_of(group.constraints);
  return group;
}

void PythonResolver::resolve(const Pins& preferences, const std::map<std::string, Pins>& build_preferences) {
  const bool has_dev = !variant_.dev.requirements.empty();
  std::vector<Pinned> together;
  Group runtime = group_of("runtime requirements", {&variant_.runtime});
  if (has_dev) {
    together = pin(group_of("runtime and dev requirements", {&variant_.runtime, &variant_.dev}), preferences);
    for (const Pinned& pinned : together) runtime.held.emplace_back(pinned.file.name, pinned.file.version);
    append(runtime.limits, as_limits(runtime.held));
  }
  std::set<std::string> shipped;
  for (const Pinned& pinned : pin(runtime, preferences)) {
    shipped.insert(pinned.file.name);
    if (pinned.is_sdist) {
      image_.sdists.push_back(with_build_requirements(pinned.file, build_preferences));
    } else {
      image_.wheels.push_back(pinned.file);
    }
  }
  for (const Pinned& pinned : together) {
    if (!shipped.contains(pinned.file.name)) image_.dev.push_back(pinned.file);
  }
}

std::vector<PythonResolver::Pinned> PythonResolver::pin(const Group& group, const Pins& preferences) {
  if (group.lines.empty()) return {};
  context_.cancellation.check();
  context_.on_activity(fmt::format("resolving {} {} for {}", group.lines.size(), group.what, target_text_));
  UvRequest request = request_for(group, preferences);
  std::vector<PylockPackage> packages = ask_for_packages(group, request);
  auto edges = ask_for_edges(group, request, packages);
  if (!request.routes.empty()) leave_out_unneeded(packages, edges);
  std::vector<Pinned> pinned;
  for (const PylockPackage& package : packages) {
    const ChosenFile chosen = choose_file(package, rules_for(group, package.name));
    const auto route = request.routes.find(package.name);
    LockedFile file{package.name,
                    package.version,
                    chosen.file.filename,
                    route == request.routes.end() ? "default" : route->second,
                    chosen.file.sha256,
                    chosen.file.size_bytes.value_or(0),
                    std::move(edges[package.name])};
    pinned.push_back({std::move(file), chosen.file.url, chosen.is_sdist});
  }
  fill_sizes(pinned);
  return pinned;
}

UvRequest PythonResolver::request_for(const Group& group, const Pins& preferences) const {
  UvRequest request;
  request.requirements = group.lines;
  request.constraints = group.limits;
  request.indexes = indexes_;
  request.target = target_;
  request.python_full_version = image_.interpreter.full_version;
  request.sdists = group.sdists;
  request.sdist_names = variant_.sdist_names;
  if (variant_.exclude_newer) request.exclude_newer = variant_.exclude_newer->value;
  request.preferences = preferences;
  request.offline = !group.held.empty();
  request.withheld = routed_;
  for (const python::Requirement* requirement : group.requirements) take_route(request, requirement->name);
  for (const auto& [name, version] : group.held) take_route(request, name);  // a round less for each
  return request;
}

UvQuestion PythonResolver::question_for(const Group& group) const {
  UvQuestion question;
  question.requirements = group.requirements;
  append(question.requirements, group.constraints);
  question.target = target_text_;
  question.index = printable_url(context_.site.require_index().url);
  for (const PythonIndex& index : indexes_) question.indexes.push_back(printable_url(index.url));
  question.sdists_refused = group.sdists != SdistPolicy::Allow;
  if (variant_.exclude_newer) question.cutoff = variant_.exclude_newer->location;
  return question;
}

/// A question whose answer is in the resolver's cache is asked offline first: half of the time of an answer goes into
/// asking the index whether anything changed.
UvAnswer PythonResolver::ask(UvRequest request) {
  UvAnswer answer = uv_.ask(request);
  if (answer.ok || !request.offline || !withheld_project(answer.messages).empty()) return answer;
  request.offline = false;
  return uv_.ask(request);
}

/// An index of the spec that refuses access is asked again by ourselves: its answer is the error then.
UvQuestion::Missing PythonResolver::find_missing(const UvRequest& request, const std::string& messages) const {
  for (const auto& [project, index] : request.routes) {
    if (!is_not_found(messages, project)) continue;
    const PythonIndex& own = index_named(index);
    if (list_index_files(context_.http, own, project).empty()) return {project, printable_url(own.url)};
  }
  return {};
}

void PythonResolver::fail(const Group& group, const UvRequest& request, const UvAnswer& answer,
                          std::vector<FoundRoute> found_routes) const {
  const auto doing = [&] { return fmt::format("resolving {}", group.what); };
  UvQuestion question = question_for(group);
  question.found_routes = std::move(found_routes);
  question.missing = with_context(doing, [&] { return find_missing(request, answer.messages); });
  throw explain_uv_failure(answer.messages, question).while_doing(doing());
}

/// Each round but the last takes one more of the spec's routes.
std::vector<PylockPackage> PythonResolver::ask_for_packages(const Group& group, UvRequest& request) {
  std::vector<FoundRoute> found;
  for (;;) {
    const UvAnswer answer = ask(request);
    if (answer.ok) return parse_pylock(answer.text);
    const std::string project = withheld_project(answer.messages);
    if (!take_route(request, project)) fail(group, request, answer, std::move(found));
    found.push_back({project, candidate_in_need(answer.messages)});
  }
}

std::map<std::string, std::vector<std::string>> PythonResolver::ask_for_edges(
    const Group& group, UvRequest request, const std::vector<PylockPackage>& packages) {
  request.output = UvRequest::Output::Edges;
  for (const PylockPackage& package : packages) request.constraints.push_back(package.name + "==" + package.version);
  request.offline = true;
  const UvAnswer answer = ask(request);
  if (!answer.ok) fail(group, request, answer, {});
  return parse_uv_edges(answer.text);
}

FileRules PythonResolver::rules_for(const Group& group, const std::string& name) const {
  FileRules rules;
  rules.tags = tags_;
  rules.target = target_text_;
  rules.sdist_allowed =
      group.sdists == SdistPolicy::Allow ||
      (group.sdists == SdistPolicy::Listed &&
       std::find(variant_.sdist_names.begin(), variant_.sdist_names.end(), name) != variant_.sdist_names.end());
  for (const auto* list : {&group.requirements, &group.constraints}) {
    std::copy_if(list->begin(), list->end(), std::back_inserter(rules.requirements),
                 [&](const python::Requirement* requirement) { return requirement->name == name; });
  }
  return rules;
}

const PythonIndex& PythonResolver::index_named(const std::string& name) const {
  const auto found =
      std::find_if(indexes_.begin(), indexes_.end(), [&](const PythonIndex& index) { return index.name == name; });
  return found == indexes_.end() ? context_.site.require_index() : *found;
}

void PythonResolver::fill_sizes(std::vector<Pinned>& pinned) {
  std::vector<LockedFile*> unknown;
  std::vector<std::string> urls;
  for (Pinned& one : pinned) {
    if (one.file.size_bytes == 0) one.file.size_bytes = sizes_[one.file.sha256];
    if (one.file.size_bytes != 0) continue;
    unknown.push_back(&one.file);
    urls.push_back(authorized_url(index_named(one.file.index), one.url));
  }
  parallel_for(kParallelQueries, unknown.size(), [&](std::size_t i) {
    context_.cancellation.check();
    unknown[i]->size_bytes =
        with_context([&] { return fmt::format("asking for the size of `{}`", unknown[i]->filename); },
                     [&] { return query_size(context_.http, urls[i]); });
  });
  for (const Pinned& one : pinned) sizes_[one.file.sha256] = one.file.size_bytes;
}

LockedSdist PythonResolver::with_build_requirements(const LockedFile& sdist,
                                                    const std::map<std::string, Pins>& build_preferences) {
  context_.on_activity(fmt::format("reading what `{}` needs to be built", sdist.filename));
  fetch_python_file(context_.http, context_.store, context_.store, index_named(sdist.index), sdist.name, sdist.filename,
                    sdist.sha256, sdist.size_bytes, [](std::uint64_t) {});
  Group group = group_of(fmt::format("build requirements of `{}`", sdist.name), {&variant_.build});
  group.sdists = SdistPolicy::Deny;  // building what builds has no end
  append(group.lines, with_context([&] { return fmt::format("reading `{}`", sdist.filename); },
                                   [&] { return read_build_requirements(context_.store.stream(sdist.sha256)); }));
  const auto preferences = build_preferences.find(sdist.name);
  LockedSdist locked{sdist, {}};
  for (Pinned& pinned : pin(group, preferences == build_preferences.end() ? Pins{} : preferences->second)) {
    for (std::string& source : pinned.file.required_by) {
      if (source == kRequiredBySpec) source = required_by_project(sdist.name);
    }
    std::sort(pinned.file.required_by.begin(), pinned.file.required_by.end());
    locked.build_requirements.push_back(std::move(pinned.file));
  }
  return locked;
}

}  // namespace mlbuild
