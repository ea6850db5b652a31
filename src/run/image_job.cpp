#include "image_job.hpp"

#include "image_roots.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStandardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::string_view kPasswd = "etc/passwd";
constexpr std::string_view kGroup = "etc/group";

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;  // "no user" to the kernel
  return value;
}

/// passwd(5) and group(5): the line whose field says so. Both begin with name and password, the number is third.
std::vector<std::string> find_line(const std::vector<fs::path>& roots, std::string_view file, std::string_view who) {
  const std::optional<fs::path> path = find_in_roots(roots, file);
  if (!path || !fs::is_regular_file(fs::symlink_status(*path))) return {};
  const std::size_t field = number(who) ? 2 : 0;
  const std::string text = read_text_file(*path);
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() > 2 && fields[field] == who) return {fields.begin(), fields.end()};
  }
  return {};
}

std::uint32_t number_of(const std::vector<fs::path>& roots, std::string_view file, std::string_view who) {
  if (const auto value = number(who)) return *value;
  const std::vector<std::string> line = find_line(roots, file, who);
  const std::optional<std::uint32_t> value = line.empty() ? std::nullopt : number(line[2]);
  if (!value)
    throw Error(ErrorKind::Step, fmt::format("the image's /{} does not know `{}`", file, printable(who)))
        .hint("give `config.user` as numbers, e.g. \"1000:1000\"");
  return *value;
}

struct ImageUser {
  std::uint32_t user = 0, group = 0;
  std::string home = "/";
};

ImageUser read_user(const std::string& text, const std::vector<fs::path>& roots) {
  const std::size_t colon = text.find(':');
  const std::string name = text.empty() ? "0" : text.substr(0, colon);
  ImageUser found;
  found.user = number_of(roots, kPasswd, name);
  const std::vector<std::string> line = find_line(roots, kPasswd, name);
  if (line.size() > 3) found.group = number(line[3]).value_or(0);
  if (line.size() > 5 && !line[5].empty()) found.home = line[5];
  if (colon != std::string::npos) found.group = number_of(roots, kGroup, text.substr(colon + 1));
  return found;
}

}  // namespace

SandboxJob image_job(const oci::ImageConfig& config, const std::vector<fs::path>& roots) {
  const ImageUser user = read_user(config.user, roots);
  SandboxJob job;
  job.roots = roots;
  job.user = user.user;
  job.group = user.group;
  job.env = {{"PATH", std::string(kStandardPath)}, {"HOME", user.home}};
  for (const std::string& variable : config.env) {
    const std::size_t equals = variable.find('=');
    job.env[variable.substr(0, equals)] = equals == std::string::npos ? "" : variable.substr(equals + 1);
  }
  if (!config.working_dir.empty()) job.working_directory = "/" / fs::path(config.working_dir);  // others' may lack it
  return job;
}

std::vector<std::string> start_command(const oci::ImageConfig& config, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = config.entrypoint;
  const std::vector<std::string>& rest = arguments.empty() ? config.cmd : arguments;
  command.insert(command.end(), rest.begin(), rest.end());
  return command;
}

}  // namespace mlbuild
