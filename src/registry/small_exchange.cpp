#include "small_exchange.hpp"

#include <optional>

namespace mlbuild {
namespace {

/// Owns its text.
class TextSource final : public Source {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)), source_(as_bytes(text_)) {}
  std::size_t read(MutableByteSpan buffer) override { return source_.read(buffer); }

 private:
  std::string text_;
  SpanSource source_;
};

}  // namespace

std::string SmallAnswer::header(const std::string& lower_name) const {
  return std::string(response.header(lower_name));
}

std::string error_body(const HttpResponse& response) { return std::string(response.header("x-mlbuild-error-body")); }

SmallAnswer fetch_small(HttpClient& http, HttpRequest request, std::uint64_t limit_bytes) {
  request.body_limit_bytes = limit_bytes;
  std::optional<BytesSink> sink;
  SmallAnswer answer;
  answer.response = http.fetch(request, [&](const HttpResponse&) -> Sink& { return sink.emplace(limit_bytes); });
  if (sink) answer.body = sink->text();
  return answer;
}

HttpBody text_body(std::string text) {
  const std::uint64_t size_bytes = text.size();
  return {[text = std::move(text)] { return std::make_unique<TextSource>(text); }, size_bytes};
}

}  // namespace mlbuild
