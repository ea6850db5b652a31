#include "epoch.hpp"

#include "world.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mlbuild::cli {

std::int64_t epoch_from_environment() {
  constexpr std::int64_t kDefault = 315532800;
  const std::optional<std::string> text = environment_variable("SOURCE_DATE_EPOCH");
  if (!text) return kDefault;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() || seconds < 0) {
    throw Error(ErrorKind::Usage, fmt::format("SOURCE_DATE_EPOCH is `{}`, which is no number of seconds", *text))
        .hint("unset it, or give seconds since 1970, e.g. 1704067200");
  }
  return seconds;
}

}  // namespace mlbuild::cli
