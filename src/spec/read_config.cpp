#include "read_config.hpp"

#include "value_reader.hpp"
#include "words.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::spec {
namespace {

std::string read_workdir(const YamlNode& node, Diagnostics& diagnostics) {
  std::optional<std::string> path = clean_image_path(node.text);
  if (!path) {
    add_mistake(diagnostics,
                fmt::format("`config.workdir` must be an absolute path without `..`, not `{}`", printable(node.text)),
                node.location, "write e.g. `workdir: /app`");
    return {};
  }
  // A working directory below /proc/self/fd once led out of containers (CVE-2024-21626); links of merged /usr are fine
  // here.
  const std::string top(split(*path, '/')[1]);
  if (top == "proc" || top == "sys" || top == "dev") {
    add_mistake(diagnostics, fmt::format("`config.workdir` cannot be below `/{}`", top), node.location,
                "write e.g. `workdir: /app`");
  }
  if (path->size() > 1 && path->ends_with('/')) path->pop_back();
  return *path;
}

std::map<std::string, std::string> read_labels(const YamlNode* config, Diagnostics& diagnostics) {
  std::map<std::string, std::string> labels;
  for (const YamlNode::Entry& entry : entries_below(config, "labels")) {
    if (is_label_name(entry.key))
      labels.emplace(entry.key, entry.value->text);
    else
      add_mistake(diagnostics, fmt::format("`{}` is no name of a label", printable(entry.key)), entry.location,
                  "write e.g. `com.example.team`, without spaces and `=`");
  }
  return labels;
}

std::vector<std::string> read_arguments(const YamlNode* config, std::string_view key, Diagnostics& diagnostics) {
  std::vector<std::string> arguments;
  for (const Located<std::string>& argument : texts_below(config, key)) {
    if (argument.value.find('\0') != std::string::npos)
      add_mistake(diagnostics, "this argument holds a NUL", argument.location, "no program can take it; remove it");
    arguments.push_back(argument.value);
  }
  if (!arguments.empty() && arguments.front().empty()) {
    add_mistake(diagnostics, fmt::format("`config.{}` begins with an empty word", key), config->find(key)->location,
                "the first item is the program to start");
  }
  return arguments;
}

std::vector<std::string> read_ports(const YamlNode* config, Diagnostics& diagnostics) {
  std::vector<std::string> ports;
  for (const Located<std::string>& port : texts_below(config, "ports")) {
    const std::optional<std::string> clean = port_text(port.value);
    if (!clean)
      add_mistake(diagnostics, fmt::format("`{}` is no port", printable(port.value)), port.location,
                  "write e.g. `8080` or `8080/udp`");
    else if (std::ranges::count(ports, *clean) == 0)
      ports.push_back(*clean);
  }
  return ports;
}

}  // namespace

std::map<std::string, std::string> read_env(const YamlNode* owner, Diagnostics& diagnostics) {
  std::map<std::string, std::string> env;
  for (const YamlNode::Entry& entry : entries_below(owner, "env")) {
    if (!is_env_name(entry.key)) {
      add_mistake(diagnostics, fmt::format("`{}` is no name of an environment variable", printable(entry.key)),
                  entry.location, "names have letters, digits and `_`, and begin with no digit");
    } else if (entry.value->text.find('\0') != std::string::npos) {
      add_mistake(diagnostics, fmt::format("the value of `{}` holds a NUL", entry.key), entry.value->location,
                  "no environment can hold it; remove it");
    } else {
      env.emplace(entry.key, entry.value->text);
    }
  }
  return env;
}

RunConfig read_config(const YamlNode* node, Diagnostics& diagnostics) {
  RunConfig config;
  if (const YamlNode* workdir = find_below(node, "workdir")) config.workdir = read_workdir(*workdir, diagnostics);
  if (const YamlNode* user = find_below(node, "user")) {
    config.user = user->text;
    if (!is_user(user->text)) {
      add_mistake(diagnostics, fmt::format("`{}` is no user", printable(user->text)), user->location,
                  "write `\"1000:1000\"` (UID[:GID], up to 2147483647), or a name such as `app`");
    }
  }
  if (const YamlNode* signal = find_below(node, "stop-signal")) {
    config.stop_signal = signal->text;
    if (!is_stop_signal(signal->text))
      add_mistake(diagnostics, fmt::format("`{}` is no signal", printable(signal->text)), signal->location,
                  "write e.g. `SIGTERM` or `SIGINT`");
  }
  config.env = read_env(node, diagnostics);
  config.labels = read_labels(node, diagnostics);
  config.entrypoint = read_arguments(node, "entrypoint", diagnostics);
  config.cmd = read_arguments(node, "cmd", diagnostics);
  config.exposed_ports = read_ports(node, diagnostics);
  const auto is_empty_list = [&](std::string_view key) {
    const YamlNode* list = find_below(node, key);
    return list != nullptr && list->is(YamlNode::Kind::Sequence) && list->items.empty();
  };
  config.clears_entrypoint = is_empty_list("entrypoint");
  config.clears_cmd = is_empty_list("cmd");
  return config;
}

}  // namespace mlbuild::spec
