#include "site_sources.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  std::string word;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n') {
      word.push_back(c);
    } else if (!word.empty()) {
      found.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) found.push_back(word);
  return found;
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

bool is_fetchable(std::string_view uri) {
  return uri.starts_with("http://") || uri.starts_with("https://") || uri.starts_with("file:");
}

// Other archives use suite names of their own ("stable", "nodistro", "bookworm-pgdg"), seldom a plain code name of
// Debian.
bool is_debian_release(std::string_view suite) {
  static constexpr std::array<std::string_view, 12> kNames{"bullseye",  "bookworm", "trixie",   "forky",
                                                           "duke",      "sid",      "unstable", "testing",
                                                           "oldstable", "buster",   "stable",   "oldoldstable"};
  return std::ranges::find(kNames, suite) != kNames.end();
}

bool names_debian_release(const AptSource& source, std::string_view suffix) {
  return std::ranges::any_of(source.suites, [&](std::string_view suite) {
    if (!suite.ends_with(suffix)) return false;
    suite.remove_suffix(suffix.size());
    return is_debian_release(suite);
  });
}

bool offers_updates(const std::vector<AptSource>& sources, const std::string& uri) {
  return std::ranges::any_of(
      sources, [&](const AptSource& source) { return source.uri == uri && names_debian_release(source, "-updates"); });
}

void add_stanza(std::vector<AptSource>& sources, const std::map<std::string, std::string>& fields) {
  const auto list = [&](const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::vector<std::string>() : words(found->second);
  };
  if (!contains(list("types"), "deb")) return;
  const std::vector<std::string> enabled = list("enabled");
  if (!enabled.empty() && (enabled[0] == "no" || enabled[0] == "false" || enabled[0] == "0")) return;
  for (const std::string& uri : list("uris")) sources.push_back({uri, list("suites"), list("components")});
}

/// Debian's cloud images name their mirrors in a file of their own: one URL per line, apt-transport-mirror(1).
std::string follow_mirror_file(const fs::path& root, const std::string& uri) {
  constexpr std::string_view kPrefix = "mirror+file:";
  if (!uri.starts_with(kPrefix)) return uri;
  std::string path = uri.substr(kPrefix.size());
  while (path.starts_with("//")) path.erase(0, 1);
  const fs::path file = below(root, path);
  if (!fs::is_regular_file(file)) return uri;
  const std::string text = read_text_file(file);
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string> fields = words(line);
    if (!fields.empty() && is_fetchable(fields[0])) return fields[0];
  }
  return uri;
}

std::vector<fs::path> source_files(const fs::path& root) {
  std::vector<fs::path> files;
  const fs::path folder = below(root, "/etc/apt/sources.list.d");
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".list" || extension == ".sources") files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  const fs::path main_file = below(root, "/etc/apt/sources.list");
  if (fs::is_regular_file(main_file)) files.insert(files.begin(), main_file);
  return files;
}

}  // namespace

std::vector<AptSource> parse_one_line_sources(std::string_view text) {
  std::vector<AptSource> sources;
  for (std::string_view line : split_lines(text)) {
    line = trim(line.substr(0, line.find('#')));
    if (!line.starts_with("deb ") && !line.starts_with("deb\t")) continue;
    line = trim(line.substr(3));
    if (line.starts_with('[')) line.remove_prefix(std::min(line.find(']'), line.size() - 1) + 1);
    std::vector<std::string> fields = words(line);
    if (fields.size() < 2) continue;
    sources.push_back({fields[0], {fields[1]}, {fields.begin() + 2, fields.end()}});
  }
  return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
  std::vector<AptSource> sources;
  std::map<std::string, std::string> fields;
  std::string last;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with('#')) continue;
    if (trim(line).empty()) {
      add_stanza(sources, std::exchange(fields, {}));
    } else if (line.front() == ' ' || line.front() == '\t') {
      fields[last] += "\n" + std::string(line);
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      last = to_lower(line.substr(0, colon));
      fields[last] = line.substr(colon + 1);
    }
  }
  add_stanza(sources, fields);
  return sources;
}

AptMirrors choose_debian_mirrors(const std::vector<AptSource>& sources) {
  AptMirrors mirrors;
  bool is_sure = false;  // a whole Debian mirror has the suite with updates, too
  for (const AptSource& source : sources) {
    if (!is_fetchable(source.uri) || !contains(source.components, "main")) continue;
    if (mirrors.security.empty() && names_debian_release(source, "-security")) mirrors.security = source.uri;
    const bool surer = !is_sure && offers_updates(sources, source.uri);
    if (names_debian_release(source, "") && (mirrors.main.empty() || surer)) {
      mirrors.main = source.uri;
      is_sure = surer;
    }
  }
  return mirrors;
}

AptMirrors read_apt_mirrors(const fs::path& root) {
  std::vector<AptSource> sources;
  for (const fs::path& file : source_files(root)) {
    const std::string text = read_text_file(file);
    std::vector<AptSource> found =
        file.extension() == ".sources" ? parse_deb822_sources(text) : parse_one_line_sources(text);
    for (AptSource& source : found) {
      source.uri = follow_mirror_file(root, source.uri);
      sources.push_back(std::move(source));
    }
  }
  return choose_debian_mirrors(sources);
}

}  // namespace mlbuild
