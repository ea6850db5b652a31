// Grammar: distribution's reference.go as documented in the OCI distribution-spec ("Pulling manifests": name and tag patterns).

#include <fmt/format.h>

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/oci.hpp"

namespace mlbuild::oci {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::Usage, fmt::format("`{}` is no image reference: {}", printable(text), why))
      .hint("write e.g. `registry.example/team/name:1.4`, or `name:1.4`");
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// [a-z0-9]+ joined by ".", "_", "__" or dashes.
bool is_component(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  for (std::size_t i = 0; i < part.size();) {
    if (is_lower_or_digit(part[i])) {
      ++i;
      continue;
    }
    const std::size_t end = part.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789", i);
    const std::string_view separator = part.substr(i, end - i);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (separator != "." && separator != "_" && separator != "__" && !dashes) return false;
    i = end;
  }
  return true;
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  for (const char c : tag) {
    if (!is_lower_or_digit(c) && !(c >= 'A' && c <= 'Z') && c != '_' && c != '.' && c != '-') return false;
  }
  return true;
}

/// host[:port]; a first component counts as host only when it looks like one, else it is part of the path.
bool looks_like_host(std::string_view part) {
  return part == "localhost" || part.find('.') != std::string_view::npos || part.find(':') != std::string_view::npos;
}

bool is_host(std::string_view host) {
  const std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
  return !host.empty() && host.find_first_not_of(allowed) == std::string_view::npos && host.front() != '-' && host.back() != ':';
}

}  // namespace

Reference Reference::parse(std::string_view text) {
  Reference reference;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    const std::string_view digest = rest.substr(at + 1);
    if (!digest.starts_with("sha256:") || !Digest::is_hex(digest.substr(7))) refuse(text, "its digest is not sha256: and 64 hex digits");
    reference.digest = BlobDigest::parse(digest);
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.rfind('/');
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    reference.tag = rest.substr(colon + 1);
    if (!is_tag(reference.tag)) refuse(text, "its tag may hold letters, digits, `_`, `.` and `-` only, at most 128");
    rest = rest.substr(0, colon);
  }
  const std::size_t first_slash = rest.find('/');
  if (first_slash != std::string_view::npos && looks_like_host(rest.substr(0, first_slash))) {
    reference.host = rest.substr(0, first_slash);
    if (!is_host(reference.host)) refuse(text, "its host is malformed");
    rest = rest.substr(first_slash + 1);
  }
  reference.repository = rest;
  if (rest.size() > 255) refuse(text, "its name is longer than 255 characters");
  for (const std::string_view part : split(rest, '/')) {
    if (!is_component(part)) refuse(text, "a part of its name is not lower-case letters, digits and single separators");
  }
  return reference;
}

std::string Reference::to_string() const {
  std::string text = host.empty() ? repository : fmt::format("{}/{}", host, repository);
  if (!tag.empty()) text += ":" + tag;
  if (digest) text += "@" + digest->to_string();
  return text;
}

}  // namespace mlbuild::oci
