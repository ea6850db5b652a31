#include "json.hpp"
#include "mlbuild/oci/oci.hpp"

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
  return value;
}

json history_json(const ImageConfig& config) {
  json list = json::array();
  for (const ImageConfig::History& step : config.history) {
    json value{{"created", config.created}, {"created_by", step.created_by}};
    if (step.empty_layer) value["empty_layer"] = true;
    list.push_back(value);
  }
  return list;
}

std::vector<std::string> strings(const json& object, const char* name) {
  if (!object.contains(name) || object[name].is_null()) return {};
  return object[name].get<std::vector<std::string>>();
}

void read_execution(const json& value, ImageConfig& config) {
  config.env = strings(value, "Env");
  config.entrypoint = strings(value, "Entrypoint");
  config.cmd = strings(value, "Cmd");
  config.user = value.value("User", "");
  config.working_dir = value.value("WorkingDir", "");
  config.stop_signal = value.value("StopSignal", "");
  if (value.contains("Labels") && !value["Labels"].is_null()) config.labels = value["Labels"].get<std::map<std::string, std::string>>();
  if (value.contains("ExposedPorts") && !value["ExposedPorts"].is_null()) {
    for (const auto& [port, unused] : value["ExposedPorts"].items()) config.exposed_ports.push_back(port);
  }
}

}  // namespace

std::string to_json(const ImageConfig& config) {
  json diff_ids = json::array();
  for (const DiffId& id : config.diff_ids) diff_ids.push_back(id.to_string());
  json value{{"architecture", config.platform.architecture}, {"os", config.platform.os}, {"config", execution_json(config)},
             {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}, {"history", history_json(config)}};
  if (!config.platform.variant.empty()) value["variant"] = config.platform.variant;
  if (!config.created.empty()) value["created"] = config.created;
  return canonical(value);
}

ImageConfig parse_config(std::string_view text) {
  return reading("the image config", [&] {
    const json value = parse_bounded_json(text, "the image config");
    ImageConfig config;
    config.platform = {value.at("os").get<std::string>(), value.at("architecture").get<std::string>(), value.value("variant", "")};
    config.created = value.value("created", "");
    if (value.contains("config") && !value["config"].is_null()) read_execution(value["config"], config);
    for (const json& id : value.at("rootfs").at("diff_ids")) config.diff_ids.push_back(DiffId::parse(id.get<std::string>()));
    if (value.contains("history") && !value["history"].is_null()) {
      for (const json& step : value["history"]) config.history.push_back({step.value("created_by", ""), step.value("empty_layer", false)});
    }
    return config;
  });
}

}  // namespace mlbuild::oci
