// The grammar that distribution's reference package made common; the OCI distribution-spec ("Pulling manifests") states
// the same patterns for repository names and tags.

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

namespace mlbuild::oci {
namespace {

constexpr std::size_t kMaxNameLength = 255;
constexpr std::size_t kMaxTagLength = 128;
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ErrorKind::Usage, fmt::format("`{}` is no image reference: {}", printable(text), why))
      .hint("write e.g. `registry.example/team/name:1.4`, or `name:1.4`");
}

bool is_in(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool is_lower_or_digit(char c) { return is_in(c, kLower) || is_in(c, kDigits); }

/// What joins the words of a path component: ".", "_", "__" or dashes.
bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" || text.find_first_not_of('-') == std::string_view::npos;
}

/// "" when `part` is a path component: [a-z0-9]+ joined by separators.
std::string why_no_component(std::string_view part) {
  if (part.empty()) return "its name has an empty part";
  if (part.find_first_of(kUpper) != std::string_view::npos) return fmt::format("`{}` has upper-case letters", part);
  const auto bad = std::string("its name part `") + printable(part) + "` ";
  for (std::size_t i = 0; i < part.size();) {
    const std::size_t word = i;
    while (i < part.size() && is_lower_or_digit(part[i])) ++i;
    if (i == word) return bad + "must begin with a letter or digit";
    const std::size_t gap = i;
    while (i < part.size() && !is_lower_or_digit(part[i])) ++i;
    if (i == gap) break;
    if (!is_separator(part.substr(gap, i - gap))) return bad + "may join words by `.`, `_`, `__` or dashes only";
    if (i == part.size()) return bad + "must end with a letter or digit";
  }
  return "";
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kMaxTagLength || tag.front() == '.' || tag.front() == '-') return false;
  for (const char c : tag) {
    if (!is_lower_or_digit(c) && !is_in(c, kUpper) && !is_in(c, "_.-")) return false;
  }
  return true;
}

/// host[:port]; a first component counts as host only when it looks like one, else it is part of the path.
bool looks_like_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 && port.find_first_not_of(kDigits) == std::string_view::npos;
}

bool is_host_label(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!is_lower_or_digit(c) && !is_in(c, kUpper) && c != '-') return false;
  }
  return true;
}

/// A DNS name, an IPv4 address or an IPv6 address in brackets, and maybe a port.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    const std::string_view address = host.substr(1, end - 1);
    const std::string_view port = host.substr(end + 1);
    return address.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos &&
           (port.empty() || (port.front() == ':' && is_port(port.substr(1))));
  }
  const std::size_t colon = host.find(':');
  if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) return false;
  for (const std::string_view label : split(host.substr(0, colon), '.')) {
    if (!is_host_label(label)) return false;
  }
  return true;
}

/// Takes "@sha256:..." off the end of `rest`.
std::optional<BlobDigest> take_digest(std::string_view text, std::string_view& rest) {
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  constexpr std::string_view kPrefix = "sha256:";
  const std::string_view digest = rest.substr(at + 1);
  if (!digest.starts_with(kPrefix) || !Digest::is_hex(digest.substr(kPrefix.size()))) {
    refuse(text, "its digest is not `sha256:` and 64 lower-case hex digits");
  }
  rest = rest.substr(0, at);
  return BlobDigest::parse(digest);
}

/// Takes ":tag" off the end of `rest`; a colon before the last slash belongs to the host.
std::string take_tag(std::string_view text, std::string_view& rest) {
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return "";
  const std::string_view tag = rest.substr(colon + 1);
  if (!is_tag(tag)) {
    refuse(text, fmt::format("its tag `{}` is not 1 to {} letters, digits, `_`, `.` and `-`, beginning with a letter, "
                             "digit or `_`",
                             printable(tag), kMaxTagLength));
  }
  rest = rest.substr(0, colon);
  return std::string(tag);
}

std::string take_host(std::string_view text, std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !looks_like_host(rest.substr(0, slash))) return "";
  const std::string_view host = rest.substr(0, slash);
  if (!is_host(host)) refuse(text, fmt::format("its host `{}` is malformed", printable(host)));
  rest = rest.substr(slash + 1);
  return std::string(host);
}

}  // namespace

Reference Reference::parse(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty");
  Reference reference;
  std::string_view rest = text;
  reference.digest = take_digest(text, rest);
  reference.tag = take_tag(text, rest);
  reference.host = take_host(text, rest);
  if (rest.size() > kMaxNameLength) refuse(text, fmt::format("its name is longer than {} characters", kMaxNameLength));
  for (const std::string_view part : split(rest, '/')) {
    if (const std::string why = why_no_component(part); !why.empty()) refuse(text, why);
  }
  reference.repository = rest;
  return reference;
}

std::string Reference::to_string() const {
  std::string text = host.empty() ? repository : fmt::format("{}/{}", host, repository);
  if (!tag.empty()) text += ":" + tag;
  if (digest) text += "@" + digest->to_string();
  return text;
}

}  // namespace mlbuild::oci
