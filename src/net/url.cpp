#include "mlbuild/net/url.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::size_t kUrlLimit = 16U << 10U;

struct CloseUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CloseUrl>;

[[noreturn]] void throw_bad_url(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::Foreign,
              fmt::format("`{}` is not a usable URL: {}", printable_url(text.substr(0, kUrlLimit)), why));
}

/// Links in the wild hold blanks and raw UTF-8; both have one encoding only. Control characters have no place in a URL.
std::string encode_raw_bytes(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) throw_bad_url(text, "control character");
    if (byte == ' ' || byte >= 0x80) {
      encoded += fmt::format("%{:02X}", byte);
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

void set_url(CURLU* url, std::string_view text) {
  if (text.size() > kUrlLimit) throw_bad_url(text, "too long");
  const std::string encoded = encode_raw_bytes(text);
  const CURLUcode code = curl_url_set(url, CURLUPART_URL, encoded.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) throw_bad_url(text, to_lower(curl_url_strerror(code)));
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(url, which, &raw, flags) != CURLUE_OK || raw == nullptr) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(raw, &curl_free);
  return raw;
}

Url read_parts(CURLU* url, std::string_view text) {
  Url parts;
  parts.scheme = to_lower(part(url, CURLUPART_SCHEME));
  if (parts.scheme != "http" && parts.scheme != "https" && parts.scheme != "file") {
    throw_bad_url(text, "only http, https and file are supported");
  }
  parts.path = part(url, CURLUPART_PATH);
  parts.query = part(url, CURLUPART_QUERY);
  parts.fragment = part(url, CURLUPART_FRAGMENT);
  if (parts.scheme == "file") return parts;
  parts.user_info = part(url, CURLUPART_USER);
  if (const std::string password = part(url, CURLUPART_PASSWORD); !password.empty()) {
    parts.user_info += ":" + password;
  }
  parts.host = to_lower(part(url, CURLUPART_HOST));
  if (parts.host.empty()) throw_bad_url(text, "no host");
  const std::string port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), parts.port);
  return parts;
}

CurlUrl new_url() {
  CurlUrl url(curl_url());
  if (!url) throw Error(ErrorKind::Io, "out of memory while reading a URL");
  return url;
}

bool has_default_port(const Url& url) {
  return url.port == 0 || (url.scheme == "https" && url.port == 443) || (url.scheme == "http" && url.port == 80);
}

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

}  // namespace

Url Url::parse(std::string_view text) {
  const CurlUrl url = new_url();
  text = trim(text);
  set_url(url.get(), text);
  return read_parts(url.get(), text);
}

Url Url::resolve(std::string_view reference) const {
  reference = trim(reference);
  if (reference.empty()) return *this;
  if (reference.starts_with('#')) {
    Url same = *this;
    same.fragment = encode_raw_bytes(reference.substr(1));
    return same;
  }
  const CurlUrl url = new_url();
  set_url(url.get(), to_string());
  set_url(url.get(), reference);
  Url target = read_parts(url.get(), reference);
  if (target.scheme == "file" && scheme != "file")
    throw_bad_url(reference, "a remote page may not point at local files");
  return target;
}

std::string Url::origin() const { return fmt::format("{}://{}:{}", scheme, host, port); }

std::string Url::host_port() const { return has_default_port(*this) ? host : fmt::format("{}:{}", host, port); }

std::string Url::to_string() const {
  return fmt::format("{}://{}{}{}{}{}{}", scheme, user_info, user_info.empty() ? "" : "@", host_port(), path,
                     query.empty() ? "" : "?", query);
}

std::string Url::filename() const { return percent_decode(std::string_view(path).substr(path.rfind('/') + 1)); }

Url redirect_target(const Url& from, std::string_view location) {
  return with_context([&] { return fmt::format("following a redirect of `{}`", from.host_port()); },
                      [&] {
                        Url target = from.resolve(location);
                        if (target.scheme == "file" || (from.scheme == "https" && target.scheme == "http")) {
                          throw Error(ErrorKind::Network,
                                      fmt::format("`{}` redirects from {} to `{}`, which is refused", from.host_port(),
                                                  from.scheme, printable_url(target.to_string())))
                              .hint("an encrypted transfer never goes on unencrypted; ask who runs the server");
                        }
                        target.user_info.clear();
                        return target;
                      });
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = hex_value(text[i + 1]);
      const std::optional<int> low = hex_value(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

std::string percent_encode_path(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/+";
  std::string encoded;
  for (const char c : path) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// By hand instead of Url::parse: it is also used on text that is not a URL, and must never throw or let a secret
// through. A password may hold an unescaped "/", "?" or "#"; then the part before it looks like host:port with a
// strange port, and everything up to the last "@" is taken for user info.
std::string printable_url(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::string_view scheme = url.substr(0, begin);
  std::string_view rest = url.substr(begin);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t colon = authority.rfind(':');
  const bool strange_port = !authority.starts_with('[') && colon != std::string_view::npos &&
                            authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
  const std::size_t at = strange_port ? rest.rfind('@') : authority.rfind('@');
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return printable(scheme) + printable(rest.substr(0, rest.find_first_of("?#")));
}

}  // namespace mlbuild
