#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/url.hpp"

#include <curl/curl.h>

#include <filesystem>
#include <string>

namespace mlbuild {

/// Another try may help: the connection failed, was cut or stalled. Not for what will be the same next time
/// (certificate, URL).
bool is_transient(CURLcode code);

/// Whom a request went to.
struct Peer {
  const Url& url;
  const std::filesystem::path& socket;  ///< empty: the host of `url`
};

/// Error{Network} in the user's words. `detail` is libcurl's error buffer.
Error describe_failure(CURL* handle, CURLcode code, const Peer& peer, const std::string& detail);

}  // namespace mlbuild
