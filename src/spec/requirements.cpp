#include "requirements.hpp"

#include "source_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace mlbuild::spec {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileLimitBytes = 4U << 20U;

class RequirementsReader {
 public:
  RequirementsReader(const SpecDirectory& directory, std::string directory_text, Diagnostics& diagnostics)
      : directory_(directory), directory_text_(std::move(directory_text)), diagnostics_(diagnostics) {}

  void read_item(const YamlNode& item) {
    if (item.text.starts_with("-r "))
      return read_file(std::string(trim(std::string_view(item.text).substr(3))), item.location);
    if (item.text.ends_with(".txt") || item.text.ends_with(".in")) {
      diagnostics_.add(Error(ErrorKind::Spec,
                             fmt::format("`{}` looks like a file, and stands among requirements", printable(item.text)))
                           .at(item.location)
                           .hint(fmt::format("write `-r {}` in the list, or the file alone instead of the list",
                                             printable(item.text))));
      return;
    }
    if (auto requirement = python::parse_requirement(item.text, item.location, diagnostics_)) {
      result_.requirements.push_back(std::move(*requirement));
    }
  }

  void read_file(const std::string& name, const Location& at) {
    if (!check_relative_path(name, at, Wanted::File, directory_, diagnostics_)) return;
    Diagnostics found;
    try {
      take(python::parse_requirements_file(
               name, [&](const std::string& file) { return read_text(file, name); }, found),
           name, at);
    } catch (const Error& error) {
      Error placed = with_shown_file(error);
      diagnostics_.add(placed.at(at));
    }
    for (const Error& error : found.errors()) diagnostics_.add(with_shown_file(error));
  }

  ReadRequirements finish() { return std::move(result_); }

 private:
  std::string shown(const std::string& file) const {
    return (fs::path(directory_text_) / file).lexically_normal().string();
  }

  // parse_requirements_file knows files by their names beside the spec; the user may stand somewhere else.
  Error with_shown_file(const Error& error) const {
    Error moved(error.kind(), error.message());
    Location at = error.location();
    if (at.known()) {
      at.file = shown(at.file);
      moved.at(at);
    }
    if (!error.hint_text().empty()) moved.hint(error.hint_text());
    for (const std::string& activity : error.context()) moved.while_doing(activity);
    return moved;
  }

  /// Text of a file that was named in the spec, or in a -r or -c line: there its errors get that line as their place.
  std::string read_text(const std::string& file, const std::string& first) const {
    if (file != fs::path(first).lexically_normal().string()) {
      Diagnostics refusal;
      check_relative_path(file, {}, Wanted::File, directory_, refusal);
      refusal.throw_if_any();
    }
    std::string text = directory_.read_text(file, kFileLimitBytes);
    SourceText(text, file).check_characters();
    return text;
  }

  void take(python::RequirementsFile file, const std::string& name, const Location& at) {
    if (file.index_url) {
      diagnostics_.add(Error(ErrorKind::Spec, fmt::format("`{}` sets `--index-url`", printable(name)))
                           .at(at)
                           .hint("remove that line; the index is a matter of the site (docs/configuration.md), or of "
                                 "`python.indexes` for certain packages"));
    }
    if (!file.extra_index_urls.empty()) {
      diagnostics_.add(Error(ErrorKind::Spec, fmt::format("`{}` sets `--extra-index-url`", printable(name)))
                           .at(at)
                           .hint("write `python: {indexes: [{url: ..., packages: [...]}]}` in the spec: an index "
                                 "answers only for the packages it names"));
    }
    for (python::Requirement& requirement : file.requirements) add(std::move(requirement), result_.requirements);
    for (python::Requirement& requirement : file.constraints) add(std::move(requirement), result_.constraints);
  }

  void add(python::Requirement requirement, std::vector<python::Requirement>& list) const {
    requirement.location.file = shown(requirement.location.file);
    list.push_back(std::move(requirement));
  }

  const SpecDirectory& directory_;
  std::string directory_text_;
  Diagnostics& diagnostics_;
  ReadRequirements result_;
};

}  // namespace

ReadRequirements read_requirements(const YamlNode& node, const SpecDirectory& directory,
                                   const std::string& directory_text, Diagnostics& diagnostics) {
  RequirementsReader reader(directory, directory_text, diagnostics);
  if (node.is(YamlNode::Kind::Scalar)) reader.read_file(node.text, node.location);
  for (const YamlPointer& item : node.items) reader.read_item(*item);
  return reader.finish();
}

}  // namespace mlbuild::spec
