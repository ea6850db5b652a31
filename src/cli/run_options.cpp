#include "run_options.hpp"

#include "world.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <limits>
#include <system_error>

namespace mlbuild::cli {
namespace {

constexpr std::string_view kUnits = "bkmgt";

std::string mount_hint() { return "write e.g. `--mount data:/data`, or `--mount data:/data:ro` to forbid writing"; }

}  // namespace

std::uint64_t parse_memory(const std::string& text) {
  const std::string lower = to_lower(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), value);
  std::string unit(end, lower.data() + lower.size());
  if (unit.size() == 2 && unit[1] == 'b') unit.pop_back();
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit[0]);
  const bool fits =
      power != std::string_view::npos && value <= (std::numeric_limits<std::uint64_t>::max() >> (10 * power));
  if (error != std::errc() || unit.size() > 1 || !fits || value == 0)
    throw Error(ErrorKind::Usage, fmt::format("`--memory` is `{}`, which is no size", printable(text)))
        .hint("write e.g. `--memory 4g`");
  return value << (10 * power);
}

SandboxMount parse_mount(const std::string& text) {
  std::string rest = text;
  SandboxMount mount;
  mount.writable = true;
  for (const std::string_view suffix : {":ro", ":rw"}) {
    if (!rest.ends_with(suffix)) continue;
    mount.writable = suffix == ":rw";
    rest.resize(rest.size() - suffix.size());
    break;
  }
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0 || rest.substr(colon + 1, 1) != "/")
    throw Error(ErrorKind::Usage, fmt::format("`--mount {}` is not HOST:INSIDE", printable(text))).hint(mount_hint());
  mount.host = rest.substr(0, colon);
  mount.inside = rest.substr(colon + 1);
  std::error_code failed;
  if (!std::filesystem::exists(mount.host, failed))
    throw Error(ErrorKind::Usage,
                fmt::format("`--mount {}`: there is no `{}`", printable(text), printable(mount.host.string())))
        .hint("make it first; nothing is made on the host by itself");
  return mount;
}

std::pair<std::string, std::string> parse_variable(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (name.empty())
    throw Error(ErrorKind::Usage, fmt::format("`--env {}` has no name", printable(text)))
        .hint("write `--env NAME=value`, or `--env NAME` to pass on the value that it has here");
  if (equals != std::string::npos) return {name, text.substr(equals + 1)};
  const std::optional<std::string> value = environment_variable(name);
  if (!value)
    throw Error(ErrorKind::Usage, fmt::format("`--env {}`: it has no value here", printable(name)))
        .hint(fmt::format("write `--env {}=value`", printable(name)));
  return {name, *value};
}

}  // namespace mlbuild::cli
