#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/url.hpp"

#include <curl/curl.h>

#include <string>

namespace mlbuild {

/// Another try may help: the connection failed, was cut or stalled. Not for what will be the same next time
/// (certificate, URL).
bool is_transient(CURLcode code);

/// Error{Network} in the user's words. `detail` is libcurl's error buffer.
Error describe_failure(CURL* handle, CURLcode code, const Url& url, const std::string& detail);

}  // namespace mlbuild
