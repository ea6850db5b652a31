// Entries are arrays, not objects: an image of 5 GB has 100,000 of them, and reading them again must take well under a
// second.

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/base/json_number.hpp"
#include "mlbuild/inspect/layer_scan.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 6;

json object_to_json(const elf::Object& object) {
  json value{{"bits", object.bits}, {"machine", object.machine}, {"type", static_cast<int>(object.type)}};
  const auto set = [&](const char* name, const auto& member) {  // most have little to say
    if (!member.empty()) value[name] = member;
  };
  if (object.big_endian) value["big_endian"] = true;
  set("interpreter", object.interpreter);
  set("soname", object.soname);
  set("needed", object.needed);
  if (object.rpath) value["rpath"] = *object.rpath;
  if (object.runpath) value["runpath"] = *object.runpath;
  if (object.no_default_paths) value["no_default_paths"] = true;
  json needs = json::array();
  for (const elf::VersionNeed& need : object.version_needs) {
    needs.push_back(json::array({need.file, need.version, need.weak}));
  }
  set("version_needs", needs);
  set("versions", object.versions);
  set("python_init", object.python_init);
  set("gpu_code", object.gpu_code);
  return value;
}

elf::Object object_of(const json& value) {
  using Texts = std::vector<std::string>;
  elf::Object object;
  object.bits = static_cast<unsigned>(natural_number(value.at("bits")));
  object.machine = static_cast<std::uint16_t>(natural_number(value.at("machine")));
  object.type = static_cast<elf::Type>(natural_number(value.at("type")));
  object.big_endian = value.value("big_endian", false);
  object.interpreter = value.value("interpreter", "");
  object.soname = value.value("soname", "");
  object.needed = value.value("needed", Texts());
  if (value.contains("rpath")) object.rpath = value.at("rpath").get<std::string>();
  if (value.contains("runpath")) object.runpath = value.at("runpath").get<std::string>();
  object.no_default_paths = value.value("no_default_paths", false);
  for (const json& need : value.value("version_needs", json::array())) {
    object.version_needs.push_back(
        {need.at(0).get<std::string>(), need.at(1).get<std::string>(), need.at(2).get<bool>()});
  }
  object.versions = value.value("versions", Texts());
  object.python_init = value.value("python_init", Texts());
  object.gpu_code = value.value("gpu_code", Texts());
  return object;
}

ScannedEntry entry_of(const json& row) {
  ScannedEntry entry;
  entry.path = row.at(0).get<std::string>();
  const std::uint64_t type = natural_number(row.at(1));
  if (type != 0 && type != 1 && type != 2 && type != 5) throw Error(ErrorKind::Foreign, "unknown type of an entry");
  entry.type = static_cast<TarType>('0' + type);
  entry.size_bytes = natural_number(row.at(2));
  entry.compressed_size_bytes = natural_number(row.at(3));
  entry.crc32 = static_cast<std::uint32_t>(natural_number(row.at(4)));
  return entry;
}

LayerScan read_scan(std::string_view text) {
  if (json_depth(text) > kMaxDepth) throw Error(ErrorKind::Foreign, "a layer's scan is nested too deeply");
  const json value = json::parse(text);
  LayerScan scan;
  scan.plain_size_bytes = natural_number(value.at("plain_size"));
  for (const json& row : value.at("entries")) scan.entries.push_back(entry_of(row));
  using ByPath = std::map<std::string, std::string>;
  scan.texts = value.at("texts").get<ByPath>();
  scan.links = value.at("links").get<ByPath>();
  for (const auto& [path, object] : value.at("objects").items()) scan.objects.emplace(path, object_of(object));
  scan.broken_objects = value.at("broken_objects").get<ByPath>();
  for (const auto& [path, loads] : value.at("python_loads").items()) {
    scan.python_loads.emplace(
        path, PythonLoads{loads.at("names").get<std::vector<std::string>>(), loads.at("calls").get<bool>()});
  }
  return scan;
}

}  // namespace

std::string to_json(const LayerScan& scan) {
  json entries = json::array();
  for (const ScannedEntry& entry : scan.entries) {
    entries.push_back(json::array(
        {entry.path, static_cast<int>(entry.type) - '0', entry.size_bytes, entry.compressed_size_bytes, entry.crc32}));
  }
  json objects = json::object(), loads = json::object();
  for (const auto& [path, object] : scan.objects) objects[path] = object_to_json(object);
  for (const auto& [path, told] : scan.python_loads) loads[path] = {{"names", told.names}, {"calls", told.calls}};
  const json value{{"entries", std::move(entries)},
                   {"plain_size", scan.plain_size_bytes},
                   {"texts", scan.texts},
                   {"links", scan.links},
                   {"objects", std::move(objects)},
                   {"broken_objects", scan.broken_objects},
                   {"python_loads", std::move(loads)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

LayerScan parse_layer_scan(std::string_view text) {
  try {
    return read_scan(text);
  } catch (const json::exception&) {
    throw Error(ErrorKind::Foreign, "a layer's scan is malformed");
  }
}

}  // namespace mlbuild
