#include "mlbuild/net/ranged_client.hpp"

#include "part_slots.hpp"
#include "ranged_download.hpp"
#include "transfer.hpp"

#include "mlbuild/net/url.hpp"

namespace mlbuild {
namespace {

/// A connection of a file to its host, from begin to end.
class FileSlot {
 public:
  FileSlot(PartSlots& slots, const std::string& host) : slots_(slots), host_(host) { slots_.begin_file(host_); }
  ~FileSlot() { slots_.end_file(host_); }
  FileSlot(const FileSlot&) = delete;
  FileSlot& operator=(const FileSlot&) = delete;

 private:
  PartSlots& slots_;
  const std::string& host_;
};

class RangedClient final : public HttpClient {
 public:
  RangedClient(std::unique_ptr<HttpClient> inner, const RangeTuning& tuning)
      : inner_(std::move(inner)), tuning_(tuning), slots_(tuning) {}

  HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>& start_body) override {
    if (!is_file(request)) return inner_->fetch(request, start_body);
    const Url url = Url::parse(request.url);
    const std::string host = url.origin();
    const FileSlot slot(slots_, host);
    if (!may_be_large(request) || (is_this_machine(url.host) && !tuning_.loopback))
      return inner_->fetch(request, start_body);
    try {
      return RangedDownload(*inner_, request, start_body, slots_, tuning_, host).run();
    } catch (const NotInParts&) {
      return inner_->fetch(request, start_body);
    }
  }

 private:
  static bool is_file(const HttpRequest& request) {
    return request.method == "GET" && request.resume && request.socket.empty() && request.url.starts_with("http");
  }
  bool may_be_large(const HttpRequest& request) const {
    return request.in_parts && request.body_limit_bytes >= tuning_.file_bytes && !request.once &&
           !request.accept_compressed && !request.headers.contains("Range");
  }

  const std::unique_ptr<HttpClient> inner_;
  const RangeTuning tuning_;
  PartSlots slots_;
};

}  // namespace

std::unique_ptr<HttpClient> make_ranged_client(std::unique_ptr<HttpClient> inner, const RangeTuning& tuning) {
  return std::make_unique<RangedClient>(std::move(inner), tuning);
}

}  // namespace mlbuild
