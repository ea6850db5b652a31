#include "index_link.hpp"

#include "mlbuild/base/error.hpp"

#include <algorithm>

namespace mlbuild {

std::optional<Url> resolve_link(const Url& base, std::string_view link) {
  try {
    Url url = base.resolve(link);
    url.user_info.clear();
    return url;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Foreign) throw;
    return std::nullopt;  // one odd link does not make the other files of a project unusable
  }
}

bool is_plain_filename(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  return std::ranges::none_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '/' || c == '\\' || byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace mlbuild
