#include "characters.hpp"
#include "requirements_lines.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/requirement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace mlbuild::python {
namespace {

constexpr std::size_t kFileLimit = 256;  // files read in all, however they include each other

/// What an option of pip means here.
enum class Meaning { Include, Constrain, IndexUrl, ExtraIndexUrl, RequireHashes, OnlyBinary, Ignored, Refused };

struct Option {
  std::string_view name;
  Meaning meaning;
  bool takes_value;
  std::string_view way_out;  ///< for Refused
};

constexpr std::string_view kSdistHint = "write `python: {sdists: [NAME]}` in the spec";
constexpr std::array<Option, 21> kOptions = {{
    {"-r", Meaning::Include, true, ""},
    {"--requirement", Meaning::Include, true, ""},
    {"-c", Meaning::Constrain, true, ""},
    {"--constraint", Meaning::Constrain, true, ""},
    {"-i", Meaning::IndexUrl, true, ""},
    {"--index-url", Meaning::IndexUrl, true, ""},
    {"--pypi-url", Meaning::IndexUrl, true, ""},
    {"--extra-index-url", Meaning::ExtraIndexUrl, true, ""},
    {"--require-hashes", Meaning::RequireHashes, false, ""},
    {"--only-binary", Meaning::OnlyBinary, true, "wheels are taken unless `python.sdists` in the spec names a project"},
    {"--prefer-binary", Meaning::Ignored, false, ""},  // wheels are always preferred
    {"-e", Meaning::Refused, true, "an image has no checkout to link to; copy your own code with `app` in the spec"},
    {"--editable", Meaning::Refused, true,
     "an image has no checkout to link to; copy your own code with `app` in the spec"},
    {"-f", Meaning::Refused, true, "name an index in `python.indexes` of the spec"},
    {"--find-links", Meaning::Refused, true, "name an index in `python.indexes` of the spec"},
    {"--no-index", Meaning::Refused, false, "the site's configuration says which index is used"},
    {"--pre", Meaning::Refused, false, "pin the pre-release, as in `name==2.0rc1`"},
    {"--no-binary", Meaning::Refused, true, kSdistHint},
    {"--trusted-host", Meaning::Refused, true, "give the host a certificate, or its CA in SSL_CERT_FILE"},
    {"--use-feature", Meaning::Refused, true, "remove it"},
    {"--process-dependency-links", Meaning::Refused, false, "remove it"},
}};

struct GivenOption {
  std::string name;
  std::string value;
};

/// "-r x", "-rx", "--requirement x", "--requirement=x".
GivenOption split_option(std::string_view text) {
  if (!text.starts_with("--") && text.size() > 2 && is_letter(text[1]))
    return {std::string(text.substr(0, 2)), std::string(trim(text.substr(text[2] == '=' ? 3 : 2)))};
  const std::size_t end = std::min(text.find_first_of("= \t"), text.size());
  return {std::string(text.substr(0, end)), end < text.size() ? std::string(trim(text.substr(end + 1))) : ""};
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back())
    return value.substr(1, value.size() - 2);
  return value;
}

class FileReader {
 public:
  FileReader(const std::function<std::string(const std::string&)>& read_file, Diagnostics& diagnostics)
      : read_file_(read_file), diagnostics_(diagnostics) {}

  void read(const std::string& path, bool constraints, RequirementsFile& result) {
    const std::string text = read_file_(path);
    result.files.push_back(path);
    open_.push_back(path);
    bool require_hashes = false;
    const std::size_t first = result.requirements.size();
    for (const RequirementsLine& line : split_requirements_lines(text)) {
      const Location location{path, line.line, line.column, line.length};
      if (line.text.starts_with('-')) {
        read_option(line.text, location, constraints, require_hashes, result);
      } else if (auto requirement = parse_requirement(line.text, location, diagnostics_)) {
        (constraints ? result.constraints : result.requirements).push_back(std::move(*requirement));
      }
    }
    if (require_hashes) check_hashes(result, first);
    open_.pop_back();
  }

 private:
  void mistake(const std::string& message, const Location& location, std::string_view way_out) {
    diagnostics_.add(Error(ErrorKind::Spec, message).at(location).hint(std::string(way_out)));
  }

  void read_option(std::string_view text, const Location& location, bool constraints, bool& require_hashes,
                   RequirementsFile& result) {
    const GivenOption given = split_option(text);
    const auto option =
        std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& o) { return o.name == given.name; });
    if (option == kOptions.end()) return unknown_option(given.name, location);
    if (option->takes_value && given.value.empty())
      return mistake(fmt::format("option `{}` needs a value", given.name), location, "write it behind the option");
    const std::string value(unquoted(given.value));
    if (value.find("${") != std::string::npos)
      return mistake(fmt::format("option `{}` uses an environment variable", given.name), location,
                     "values are never expanded silently; write the value");
    switch (option->meaning) {
      case Meaning::Include:
        return include(value, location, constraints, result);
      case Meaning::Constrain:
        return include(value, location, true, result);
      case Meaning::IndexUrl:
        result.index_url = value;
        return;
      case Meaning::ExtraIndexUrl:
        result.extra_index_urls.push_back(value);
        return;
      case Meaning::RequireHashes:
        require_hashes = true;
        return;
      case Meaning::Ignored:
        return;
      case Meaning::OnlyBinary:
        if (value == ":all:") return;  // what mlbuild does anyway
        [[fallthrough]];
      case Meaning::Refused:
        return mistake(fmt::format("option `{}` is not honoured", given.name), location, option->way_out);
    }
  }

  void unknown_option(const std::string& name, const Location& location) {
    std::vector<std::string> names;
    for (const Option& option : kOptions) names.emplace_back(option.name);
    const auto near = nearest_word(name, names);
    mistake(fmt::format("unknown option `{}`", printable(name)), location,
            near ? fmt::format("did you mean `{}`?", *near) : "remove it");
  }

  void include(const std::string& value, const Location& location, bool constraints, RequirementsFile& result) {
    if (value.find("://") != std::string::npos)
      return mistake(fmt::format("`{}` is a URL", printable(value)), location,
                     "copy the file beside the spec, so that it is under version control");
    // Relative to the including file (pip), and never outside of the spec's directory.
    const std::filesystem::path path = (std::filesystem::path(location.file).parent_path() / value).lexically_normal();
    if (path.is_absolute() || path.string().starts_with("..") || value.find('\0') != std::string::npos)
      return mistake(fmt::format("`{}` leaves the spec's directory", printable(value)), location,
                     "move the file below the spec's directory");
    if (std::find(open_.begin(), open_.end(), path.string()) != open_.end())
      return mistake(fmt::format("`{}` includes itself", path.string()), location, "remove this line");
    if (result.files.size() >= kFileLimit) return mistake("more than 256 requirements files", location, "join them");
    try {
      read(path.string(), constraints, result);
    } catch (Error& error) {
      diagnostics_.add(error.at(location));
    }
  }

  void check_hashes(const RequirementsFile& result, std::size_t first) {
    for (std::size_t i = first; i < result.requirements.size(); ++i) {
      const Requirement& requirement = result.requirements[i];
      if (requirement.hashes.empty())
        mistake(fmt::format("`{}` has no hash, but `--require-hashes` is given", requirement.text),
                requirement.location,
                "add `--hash=sha256:...`, or remove `--require-hashes`: the lock pins every file by hash anyway");
    }
  }

  const std::function<std::string(const std::string&)>& read_file_;
  Diagnostics& diagnostics_;
  std::vector<std::string> open_;  ///< files that are being read, outermost first
};

}  // namespace

RequirementsFile parse_requirements_file(const std::string& path,
                                         const std::function<std::string(const std::string&)>& read_file,
                                         Diagnostics& diagnostics) {
  RequirementsFile result;
  FileReader(read_file, diagnostics).read(std::filesystem::path(path).lexically_normal().string(), false, result);
  return result;
}

}  // namespace mlbuild::python
