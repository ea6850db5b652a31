#include "sandbox_option.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <string_view>

namespace mlbuild::cli {
namespace {

constexpr std::string_view kRequire = "require:";

/// Nothing for what is neither `auto` nor `require:LEVEL`.
std::optional<SandboxLevel> parse(std::string_view text) {
  if (text == "auto") return SandboxLevel::L3;
  if (!text.starts_with(kRequire)) return std::nullopt;
  return parse_sandbox_level(text.substr(kRequire.size()));
}

}  // namespace

std::string sandbox_option_mistake(const std::string& text) {
  if (parse(text)) return "";
  return fmt::format("`{}` is neither `auto` nor `require:L0` (to `require:L3`)", printable(text));
}

SandboxLevel weakest_sandbox(const std::string& option, const std::optional<std::string>& variable) {
  const std::string text = !option.empty() ? option : variable.value_or("auto");
  if (const auto level = parse(text)) return *level;
  throw Error(ErrorKind::Usage, fmt::format("MLBUILD_SANDBOX: {}", sandbox_option_mistake(text)))
      .hint("write e.g. `MLBUILD_SANDBOX=require:L0`");
}

}  // namespace mlbuild::cli
