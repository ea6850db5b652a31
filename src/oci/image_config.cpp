#include "json.hpp"

#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

namespace mlbuild::oci {
namespace {

using nlohmann::json;

/// image-spec, config.md, "config": absent members mean "none".
json execution_json(const ImageConfig& config) {
  json value = json::object();
  if (!config.env.empty()) value["Env"] = config.env;
  if (!config.entrypoint.empty()) value["Entrypoint"] = config.entrypoint;
  if (!config.cmd.empty()) value["Cmd"] = config.cmd;
  if (!config.user.empty()) value["User"] = config.user;
  if (!config.working_dir.empty()) value["WorkingDir"] = config.working_dir;
  if (!config.labels.empty()) value["Labels"] = config.labels;
  if (!config.stop_signal.empty()) value["StopSignal"] = config.stop_signal;
  for (const std::string& port : config.exposed_ports) value["ExposedPorts"][port] = json::object();
  for (const std::string& volume : config.volumes) value["Volumes"][volume] = json::object();
  return value;
}

json history_json(const ImageConfig& config) {
  json list = json::array();
  for (const ImageConfig::History& step : config.history) {
    json value = json::object();
    value["created_by"] = step.created_by;
    const std::string& created = step.created.empty() ? config.created : step.created;
    if (!created.empty()) value["created"] = created;
    if (!step.author.empty()) value["author"] = step.author;
    if (!step.comment.empty()) value["comment"] = step.comment;
    if (step.empty_layer) value["empty_layer"] = true;
    list.push_back(std::move(value));
  }
  return list;
}

json rootfs_json(const ImageConfig& config) {
  json diff_ids = json::array();
  for (const DiffId& id : config.diff_ids) diff_ids.push_back(id.to_string());
  json value = json::object();
  value["type"] = "layers";
  value["diff_ids"] = std::move(diff_ids);
  return value;
}

/// Go's way to write a set: an object whose values are empty.
std::vector<std::string> read_set(const json& value, const char* name) {
  std::vector<std::string> names;
  if (!has(value, name)) return names;
  const json& set = value.at(name);
  if (!set.is_object()) throw Error(ErrorKind::Foreign, fmt::format("`{}` is no JSON object", name));
  for (const auto& [member, unused] : set.items()) names.push_back(member);
  return names;
}

void read_execution(const json& value, ImageConfig& config) {
  config.env = optional_strings(value, "Env");
  config.entrypoint = optional_strings(value, "Entrypoint");
  config.cmd = optional_strings(value, "Cmd");
  config.user = optional_string(value, "User");
  config.working_dir = optional_string(value, "WorkingDir");
  config.stop_signal = optional_string(value, "StopSignal");
  config.labels = optional_string_map(value, "Labels");
  config.exposed_ports = read_set(value, "ExposedPorts");
  config.volumes = read_set(value, "Volumes");
}

void read_history(const json& list, ImageConfig& config) {
  if (!list.is_array()) throw Error(ErrorKind::Foreign, "`history` is no JSON list");
  for (const json& step : list) {
    const bool empty_layer = has(step, "empty_layer") && step.at("empty_layer").get<bool>();
    config.history.push_back({optional_string(step, "created_by"), empty_layer, optional_string(step, "created"),
                              optional_string(step, "author"), optional_string(step, "comment")});
  }
}

void read_root_filesystem(const json& rootfs, ImageConfig& config) {
  if (rootfs.at("type") != "layers") throw Error(ErrorKind::Foreign, "the root filesystem is of an unknown type");
  const json& ids = rootfs.at("diff_ids");
  if (!ids.is_array()) throw Error(ErrorKind::Foreign, "`diff_ids` is no JSON list");
  for (const json& id : ids) config.diff_ids.push_back(DiffId::parse(id.get<std::string>()));
}

}  // namespace

std::string to_json(const ImageConfig& config) {
  json value = json::object();
  value["architecture"] = config.platform.architecture;
  value["os"] = config.platform.os;
  if (!config.platform.variant.empty()) value["variant"] = config.platform.variant;
  if (!config.created.empty()) value["created"] = config.created;
  value["config"] = execution_json(config);
  value["rootfs"] = rootfs_json(config);
  value["history"] = history_json(config);
  return canonical(value);
}

ImageConfig parse_config(std::string_view text) {
  return reading("the image config", [&] {
    const json value = parse_bounded_json(text, "the image config");
    ImageConfig config;
    config.platform = {value.at("os").get<std::string>(), value.at("architecture").get<std::string>(),
                       optional_string(value, "variant")};
    config.created = optional_string(value, "created");
    if (has(value, "config")) read_execution(value.at("config"), config);
    read_root_filesystem(value.at("rootfs"), config);
    if (has(value, "history")) read_history(value.at("history"), config);
    return config;
  });
}

}  // namespace mlbuild::oci
