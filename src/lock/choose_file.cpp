#include "choose_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

namespace mlbuild {
namespace {

/// PEP 427: the build tag's number, then its rest, decides between files of equal tags; none sorts first.
std::pair<unsigned long, std::string> build_order(const std::string& build_tag) {
  const std::size_t end = std::min(build_tag.find_first_not_of("0123456789"), build_tag.size());
  unsigned long number = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(end, 18); ++i)
    number = number * 10 + static_cast<unsigned long>(build_tag[i] - '0');
  return {number, build_tag.substr(end)};
}

struct Candidate {
  const PylockFile* file = nullptr;
  std::size_t rank = 0;
  std::pair<unsigned long, std::string> build;
};

bool is_better(const Candidate& a, const Candidate& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.build != b.build) return a.build > b.build;
  return a.file->filename < b.file->filename;  // so that the index's order does not count
}

std::optional<Candidate> candidate(const PylockPackage& package, const PylockFile& file, const FileRules& rules) {
  const auto name = python::WheelFilename::parse(file.filename);
  if (python::normalize_name(name.distribution) != package.name)
    throw Error(ErrorKind::Foreign,
                fmt::format("the index lists `{}` as a wheel of `{}`", printable(file.filename), package.name));
  const auto rank = python::rank_wheel(name, rules.tags);
  if (!rank) return std::nullopt;
  return Candidate{&file, *rank, build_order(name.build_tag)};
}

const PylockFile* best_wheel(const PylockPackage& package, const std::vector<const PylockFile*>& wheels,
                             const FileRules& rules) {
  std::optional<Candidate> best;
  for (const PylockFile* wheel : wheels) {
    auto next = candidate(package, *wheel, rules);
    if (next && (!best || is_better(*next, *best))) best = std::move(next);
  }
  return best ? best->file : nullptr;
}

/// Whether the user's hashes admit the file; each requirement that has some must list it (pip's documentation,
/// "Hash-checking").
bool is_admitted(const PylockFile& file, const FileRules& rules) {
  return std::all_of(rules.requirements.begin(), rules.requirements.end(), [&](const python::Requirement* requirement) {
    const auto& hashes = requirement->hashes;
    return hashes.empty() || std::find(hashes.begin(), hashes.end(), file.sha256) != hashes.end();
  });
}

const python::Requirement* hashed_requirement(const FileRules& rules) {
  const auto found = std::find_if(rules.requirements.begin(), rules.requirements.end(),
                                  [](const python::Requirement* requirement) { return !requirement->hashes.empty(); });
  return found == rules.requirements.end() ? nullptr : *found;
}

std::optional<ChosenFile> choose(const PylockPackage& package, const FileRules& rules, bool by_hash) {
  std::vector<const PylockFile*> wheels;
  for (const PylockFile& wheel : package.wheels) {
    if (!by_hash || is_admitted(wheel, rules)) wheels.push_back(&wheel);
  }
  if (const PylockFile* wheel = best_wheel(package, wheels, rules)) return ChosenFile{*wheel, false};
  if (!rules.sdist_allowed || !package.sdist || (by_hash && !is_admitted(*package.sdist, rules))) return std::nullopt;
  return ChosenFile{*package.sdist, true};
}

}  // namespace

ChosenFile choose_file(const PylockPackage& package, const FileRules& rules) {
  if (const auto chosen = choose(package, rules, true)) return *chosen;
  const auto unhashed = choose(package, rules, false);
  const python::Requirement* hashed = hashed_requirement(rules);
  if (unhashed && hashed != nullptr) {
    throw Error(ErrorKind::Spec, fmt::format("no hash of `{}` is that of a file for {}", hashed->text, rules.target))
        .at(hashed->location)
        .while_doing(fmt::format("the index has `{}` with --hash={}", printable(unhashed->file.filename),
                                 unhashed->file.sha256.to_string()))
        .hint("if the file is trusted, add its hash; else find out who changed it");
  }
  Error error(ErrorKind::Step,
              fmt::format("`{}=={}` has no wheel for {}", package.name, package.version, rules.target));
  if (!rules.requirements.empty()) error.at(rules.requirements.front()->location);
  throw error.hint(
      fmt::format("take another version, or build it from source: `python: {{sdists: [{}]}}`", package.name));
}

}  // namespace mlbuild
