#pragma once

#include <string>
#include <string_view>

namespace mlbuild {

/// A parsed absolute URL (RFC 3986) of scheme http, https or file. Parts stay percent-encoded as they were; dot
/// segments are resolved. Built from the parts that libcurl's own parser sees, so that what was checked is what is
/// fetched.
struct Url {
  std::string scheme;     ///< lower case
  std::string user_info;  ///< "user" or "user:password"
  std::string host;       ///< lower case, IPv6 in brackets; empty for file
  int port = 0;           ///< the scheme's default where none was written; 0 for file
  std::string path;       ///< begins with "/"
  std::string query;
  std::string fragment;

  static Url parse(std::string_view text);  ///< throws Error{Foreign}
  /// RFC 3986, 5.2. Never turns a remote base into a file: URL. Throws Error{Foreign}.
  Url resolve(std::string_view reference) const;

  std::string origin() const;     ///< "https://host:443": what credentials belong to
  std::string host_port() const;  ///< for messages: the port only where it is not the default
  std::string to_string() const;  ///< without the fragment, which is never sent
  /// The last path segment, percent-decoded once (decoding twice is how `%252e` becomes a path).
  std::string filename() const;
};

/// The URL that a redirect leads to, without user info. Throws Error{Network} when it goes from https to http,
/// Error{Foreign} when it is no URL or leaves http(s).
Url redirect_target(const Url& from, std::string_view location);

std::string percent_decode(std::string_view text);       ///< once; a stray % stays
std::string percent_encode_path(std::string_view path);  ///< everything but unreserved characters, "/" and "+"

}  // namespace mlbuild
