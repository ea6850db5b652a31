#pragma once

#include "mlbuild/net/http.hpp"

#include <cstdint>
#include <string>

namespace mlbuild {

/// An answer whose body is text of bounded size.
struct SmallAnswer {
  HttpResponse response;
  std::string body;  ///< of a 2xx answer

  int status() const { return response.status; }
  std::string header(const std::string& lower_name) const;  ///< "" when there is none
};

/// Of a status other than 2xx.
std::string error_body(const HttpResponse& response);

SmallAnswer fetch_small(HttpClient& http, HttpRequest request, std::uint64_t limit_bytes);

HttpBody text_body(std::string text);

}  // namespace mlbuild
