#include "uv_failure.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// Position of `name` as a whole word.
std::size_t find_name(std::string_view text, std::string_view name, std::string_view lead = "") {
  const std::string needle = std::string(lead) + std::string(name);
  for (std::size_t at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) {
    const std::size_t end = at + needle.size();
    const bool begins = at == 0 || !is_name_character(text[at - 1]);
    const bool ends = end == text.size() || !is_name_character(text[end]) ||
                      (text[end] == '.' && (end + 1 == text.size() || text[end + 1] == ' '));
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

constexpr std::string_view kNotFound = " was not found in the package registry";

/// The requirement that the resolver speaks of first: "you require NAME" where it says so, else the name anywhere.
const python::Requirement* find_accused(const std::string& messages, const UvQuestion& question) {
  for (const std::string_view lead : {std::string_view("you require "), std::string_view()}) {
    const python::Requirement* first = nullptr;
    std::size_t first_at = std::string::npos;
    for (const python::Requirement* requirement : question.requirements) {
      if (requirement->name.empty()) continue;
      const std::size_t at = find_name(messages, requirement->name, lead);
      if (at >= first_at) continue;
      first = requirement;
      first_at = at;
    }
    if (first != nullptr) return first;
  }
  return nullptr;
}

bool is_network(std::string_view messages) {
  constexpr std::array kSigns = {"Failed to fetch",
                                 "error sending request",
                                 "dns error",
                                 "Connection refused",
                                 "timed out",
                                 "HTTP status",
                                 "client error (Connect)",
                                 "lack of valid authentication credentials",
                                 "403 Forbidden",
                                 "Network connectivity is disabled"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](const char* sign) { return contains(messages, sign); });
}

/// "error: x\n  cause: y" without the progress lines around it.
std::string reason_of(std::string_view messages) {
  std::string reason;
  for (const std::string_view line : split_lines(messages)) {
    if (trim(line).empty() || line.starts_with("Resolved ") || line.starts_with("Using ")) continue;
    reason += (reason.empty() ? "" : "\n") + printable(line);
  }
  return reason.empty() ? "the resolver gave no reason" : reason;
}

/// "https://host/path" -> "host/path": the resolver writes user and password before it.
std::string_view place_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(scheme + 3);
}

/// The index whose URL the messages have; the longest, since one may begin with another. Files may lie elsewhere: then
/// it is the default index that led there, or is as good a guess.
const std::string& accused_index(std::string_view messages, const UvQuestion& question) {
  const std::string* accused = nullptr;
  const auto look_at = [&](const std::string& index) {
    if (accused != nullptr && index.size() <= accused->size()) return;
    if (contains(messages, place_of(index))) accused = &index;
  };
  look_at(question.index);
  for (const std::string& index : question.indexes) look_at(index);
  return accused == nullptr ? question.index : *accused;
}

Error network_failure(const std::string& messages, const UvQuestion& question) {
  const bool refused = contains(messages, "401 Unauthorized") || contains(messages, "403 Forbidden");
  Error error(ErrorKind::Network, fmt::format("the Python index {} {}", accused_index(messages, question),
                                              refused ? "refused access" : "could not be read"));
  error.hint(
      refused ? "put user and password for this host into ~/.netrc, or use the site's own index (docs/configuration.md)"
              : "check the network and its proxy, or use the site's own index (docs/configuration.md)");
  return error;
}

constexpr std::array<std::string_view, 2> kNoWheel = {" has no usable wheels", " has no wheels with a matching"};

std::string below(std::string_view candidate) {
  const std::size_t equals = candidate.find("==");
  const std::string_view version = candidate.substr(equals + 2);
  return fmt::format("{}<{}", candidate.substr(0, equals), version.substr(0, version.find('+')));
}

/// The hint, and how to do without a project that only a candidate asked for, when the resolver speaks of one.
std::string with_found_route(std::string hint, std::string_view messages, const UvQuestion& question) {
  for (const FoundRoute& route : question.found_routes) {
    if (find_name(messages, route.project) == std::string_view::npos) continue;
    const std::string candidate = printable(route.candidate);
    const bool is_known = contains(candidate, "==");
    const std::string needed_by = is_known ? fmt::format("`{}`", candidate) : "another project";
    const std::string lower = is_known ? fmt::format("`{}`", below(candidate)) : "a lower version of that";
    return fmt::format("{}; or, to do without `{}`, which {} needs and the spec does not ask for, write {}", hint,
                       route.project, needed_by, lower);
  }
  return hint;
}

std::string name_in(std::string_view subject) {
  return std::string(subject.substr(0, subject.find_first_of("=<>!{[")));
}

/// "NAME==1.0 has no usable wheels" -> "NAME==1.0"; when it is said of several versions, "NAME".
std::string without_wheel(std::string_view messages) {
  std::string subject;
  for (const std::string_view sign : kNoWheel) {
    for (std::size_t end = messages.find(sign); end != std::string_view::npos; end = messages.find(sign, end + 1)) {
      const std::string_view before = messages.substr(0, end);
      const std::string word(before.substr(before.find_last_of(" \n") + 1));
      if (subject.empty()) subject = word;
      if (word != subject && name_in(word) == name_in(subject)) subject = name_in(subject);
    }
  }
  return subject;
}

/// Whether the user's own requirement, not what something else needs, allows no version that there is.
bool allows_no_version(std::string_view messages, const python::Requirement* accused) {
  if (accused == nullptr || contains(messages, " depends on ")) return false;
  return find_name(messages, accused->name, "there is no version of ") != std::string_view::npos ||
         find_name(messages, accused->name, "there are no versions of ") != std::string_view::npos ||
         (find_name(messages, accused->name, "Because only ") != std::string_view::npos &&
          contains(messages, " available and you require "));
}

Error missing_wheel(const std::string& messages, const UvQuestion& question) {
  const std::string subject = without_wheel(messages);
  const std::string name = name_in(subject);
  Error error(ErrorKind::Step, fmt::format("`{}` has no wheel for {}", printable(subject), question.target));
  if (contains(messages, "building from source is disabled") && question.sdists_refused)
    return error.hint(with_found_route(
        fmt::format("take another version, or build it from source: `python: {{sdists: [{}]}}`", printable(name)),
        messages, question));
  return error.hint(with_found_route(
      "take a version or a project that has one; the resolver's words above tell what there is", messages, question));
}

Error unsatisfiable(const std::string& messages, const UvQuestion& question, const python::Requirement* accused) {
  if (std::any_of(kNoWheel.begin(), kNoWheel.end(), [&](std::string_view sign) { return contains(messages, sign); }))
    return missing_wheel(messages, question);
  const std::string name = accused == nullptr ? "a requirement" : fmt::format("`{}`", accused->text);
  if (!question.missing.project.empty()) {
    return Error(ErrorKind::Step, fmt::format("`{}` is not on {}, the only index that the spec has it from",
                                              question.missing.project, question.missing.index))
        .hint(with_found_route("check the spelling, or the `url` and `packages` of `python.indexes`", messages,
                               question));
  }
  if (contains(messages, kNotFound)) {
    return Error(ErrorKind::Step, fmt::format("{} is not on the index, or needs a project that is not", name))
        .hint("check the spelling, or name the index that has the project in `python.indexes`");
  }
  if (contains(messages, "missing an upload date")) {
    return Error(ErrorKind::Step, "the index does not tell when files were uploaded, so `exclude-newer` leaves nothing")
        .at(question.cutoff)
        .hint("remove `python.exclude-newer`, or use an index with upload times (PEP 700)");
  }
  if (contains(messages, "filtered by `exclude-newer`")) {
    return Error(ErrorKind::Step,
                 fmt::format("{} cannot be met by what was there on the date of `exclude-newer`", name))
        .hint("take an older version, or move `python.exclude-newer`");
  }
  if (allows_no_version(messages, accused)) {
    Error error(ErrorKind::Step, fmt::format("the index has no version that {} allows", name));
    if (question.cutoff.line == 0) return error.hint("take a version that exists");
    return error.hint("take a version that exists, or move `python.exclude-newer`: later files do not count");
  }
  return Error(ErrorKind::Step,
               fmt::format("{} does not fit with the other requirements for {}", name, question.target))
      .hint(with_found_route("loosen one of the versions named above", messages, question));
}

}  // namespace

bool is_not_found(std::string_view messages, std::string_view project) {
  const std::string sentence = std::string(project).append(kNotFound);
  for (std::size_t at = messages.find(sentence); at != std::string_view::npos; at = messages.find(sentence, at + 1)) {
    if (at == 0 || !is_name_character(messages[at - 1])) return true;
  }
  return false;
}

Error explain_uv_failure(const std::string& messages, const UvQuestion& question) {
  const std::string reason = reason_of(messages);
  const python::Requirement* accused = find_accused(messages, question);
  if (is_network(messages)) return network_failure(messages, question).while_doing(reason);
  Error error =
      contains(messages, "No solution found")
          ? unsatisfiable(messages, question, accused)
          : Error(ErrorKind::Step, "the requirements cannot be resolved").hint("the resolver's own words are above");
  if (accused != nullptr) error.at(accused->location);
  return error.while_doing(reason);
}

}  // namespace mlbuild
