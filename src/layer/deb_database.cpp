#include "deb_database.hpp"

#include "mlbuild/base/text.hpp"

namespace mlbuild {
namespace {

/// The control file as dpkg keeps it, with the state behind the first line.
std::string status_stanza(const debian::Stanza& fields) {
  const std::string& text = fields.text();
  const auto first_line = text.find('\n') + 1;
  return text.substr(0, first_line) + "Status: install ok installed\n" + text.substr(first_line);
}

/// The shipped sums ("<md5>  <path>") of the files that are in the image, where they are in the image.
std::string kept_md5sums(const DebTree& tree, std::string_view shipped) {
  std::string kept;
  for (const std::string_view line : split_lines(shipped)) {
    const auto gap = line.find("  ");
    if (gap == std::string_view::npos) continue;
    const std::string path = tree.path_of(line.substr(gap + 2));
    if (tree.find(path) != nullptr) kept.append(line.substr(0, gap + 2)).append(path) += '\n';
  }
  return kept;
}

/// dpkg's list of a package: every path, parents included, absolute, one a line.
std::string file_list(const DebTree& tree, std::size_t package) {
  std::string list = "/.\n";
  for (const auto& [path, entry] : tree.entries()) {
    if (entry.package == package) list.append("/").append(path).append("\n");
  }
  return list;
}

/// Stanzas end with an empty line, whatever the last one of the base ends with.
std::string beginning(const std::optional<std::string>& base_status) {
  std::string status = base_status.value_or("");
  if (status.empty()) return status;
  if (!status.ends_with('\n')) status += '\n';
  if (!status.ends_with("\n\n")) status += '\n';
  return status;
}

}  // namespace

void add_dpkg_database(DebTree& tree, const std::vector<debian::DebControl>& controls, DpkgDatabase form,
                       const std::optional<std::string>& base_status) {
  const std::string database = "var/lib/dpkg/";
  std::string status = beginning(base_status);
  for (std::size_t package = 0; package < controls.size(); ++package) {
    const debian::DebControl& control = controls[package];
    const std::string& name = tree.packages()[package].name;
    const std::string sums = kept_md5sums(tree, control.md5sums);
    if (form == DpkgDatabase::StatusDirectory) {
      tree.add_file(database + "status.d/" + name, status_stanza(control.fields));
      tree.add_file(database + "status.d/" + name + ".md5sums", sums);
      continue;
    }
    status += status_stanza(control.fields) + "\n";
    std::string file = name;
    if (control.fields.get("Multi-Arch") == "same") file.append(1, ':').append(control.fields.get("Architecture"));
    tree.add_file(database + "info/" + file + ".list", file_list(tree, package));
    tree.add_file(database + "info/" + file + ".md5sums", sums);
  }
  if (form == DpkgDatabase::StatusFile) {
    tree.replace_file(database + "status", status);
    if (base_status) return;  // the rest is there
    tree.add_file(database + "available", "");
    tree.add_directory(database + "updates");
    tree.add_directory(database + "triggers");
  }
}

}  // namespace mlbuild
