#include "helper_job.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

const std::string& checked(const std::string& text) {
  if (is_valid_utf8(text)) return text;
  throw Error(ErrorKind::Step, fmt::format("`{}` cannot be passed into the sandbox: it is not UTF-8", printable(text)));
}

json mounts_of(const SandboxJob& job) {
  json mounts = json::array();
  for (const SandboxMount& mount : job.mounts) {
    mounts.push_back({{"host", checked(mount.host.string())},
                      {"inside", checked(mount.inside.string())},
                      {"writable", mount.writable},
                      {"counted", mount.counted}});
  }
  return mounts;
}

json texts_of(const std::vector<std::filesystem::path>& paths) {
  json texts = json::array();
  for (const std::filesystem::path& path : paths) texts.push_back(checked(path.string()));
  return texts;
}

template <class Read>
auto reading_own_json(Read&& read) {
  try {
    return read();
  } catch (const json::exception& failure) {
    throw Error(ErrorKind::Internal, fmt::format("sandbox helper and program disagree: {}", failure.what()));
  }
}

}  // namespace

std::string to_json(const HelperJob& helper_job) {
  const SandboxJob& job = helper_job.job;
  for (const std::string& argument : job.argv) checked(argument);
  for (const auto& [name, value] : job.env) checked(name), checked(value);
  return json{{"directory", checked(helper_job.directory.string())},
              {"probe", helper_job.probe},
              {"level", static_cast<int>(helper_job.level)},
              {"roots", texts_of(job.roots)},
              {"changes", checked(job.changes.string())},
              {"devices", texts_of(job.devices)},
              {"mounts", mounts_of(job)},
              {"argv", job.argv},
              {"env", job.env},
              {"working_directory", checked(job.working_directory.string())},
              {"user", job.user},
              {"group", job.group},
              {"network", job.network},
              {"deadline_seconds", job.deadline.count()},
              {"processor_limit", job.processor_limit},
              {"memory_limit_bytes", job.memory_limit_bytes},
              {"process_limit", job.process_limit},
              {"file_limit_bytes", job.file_limit_bytes},
              {"disk_limit_bytes", job.disk_limit_bytes},
              {"temporary_limit_bytes", job.temporary_limit_bytes}}
      .dump();
}

HelperJob parse_helper_job(std::string_view text) {
  return reading_own_json([&] {
    const json value = json::parse(text);
    HelperJob result;
    SandboxJob& job = result.job;
    result.directory = value.at("directory").get<std::string>();
    result.probe = value.at("probe").get<bool>();
    result.level = static_cast<SandboxLevel>(value.at("level").get<int>());
    for (const json& root : value.at("roots")) job.roots.emplace_back(root.get<std::string>());
    job.changes = value.at("changes").get<std::string>();
    for (const json& device : value.at("devices")) job.devices.emplace_back(device.get<std::string>());
    for (const json& mount : value.at("mounts")) {
      job.mounts.push_back({mount.at("host").get<std::string>(), mount.at("inside").get<std::string>(),
                            mount.at("writable").get<bool>(), mount.at("counted").get<bool>()});
    }
    value.at("argv").get_to(job.argv);
    value.at("env").get_to(job.env);
    job.working_directory = value.at("working_directory").get<std::string>();
    value.at("user").get_to(job.user);
    value.at("group").get_to(job.group);
    value.at("network").get_to(job.network);
    job.deadline = std::chrono::seconds(value.at("deadline_seconds").get<std::int64_t>());
    value.at("processor_limit").get_to(job.processor_limit);
    value.at("memory_limit_bytes").get_to(job.memory_limit_bytes);
    value.at("process_limit").get_to(job.process_limit);
    value.at("file_limit_bytes").get_to(job.file_limit_bytes);
    value.at("disk_limit_bytes").get_to(job.disk_limit_bytes);
    value.at("temporary_limit_bytes").get_to(job.temporary_limit_bytes);
    return result;
  });
}

std::string to_json(const HelperReport& report) {
  return json{{"end", static_cast<int>(report.end)},     {"code", report.code},
              {"level", static_cast<int>(report.level)}, {"stage", report.failure.stage},
              {"errno", report.failure.error_number},    {"detail", report.failure.detail}}
      .dump(-1, ' ', false, json::error_handler_t::replace);  // a detail may be a file's name, which is no text
}

HelperReport parse_helper_report(std::string_view text) {
  return reading_own_json([&] {
    const json value = json::parse(text);
    HelperReport report;
    report.end = static_cast<HelperReport::End>(value.at("end").get<int>());
    value.at("code").get_to(report.code);
    report.level = static_cast<SandboxLevel>(value.at("level").get<int>());
    value.at("stage").get_to(report.failure.stage);
    value.at("errno").get_to(report.failure.error_number);
    value.at("detail").get_to(report.failure.detail);
    return report;
  });
}

}  // namespace mlbuild
