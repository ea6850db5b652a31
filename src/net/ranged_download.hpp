#pragma once

#include "content_range.hpp"
#include "part_queue.hpp"
#include "part_slots.hpp"

#include "mlbuild/net/http.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mlbuild {

/// Thrown to end a transfer whose answer does not belong to the file: it is then fetched as one stream.
struct NotInParts {};

/// One file, fetched in parts. The caller's thread fetches what the sink needs next, straight into it; helpers fetch
/// what comes after that into memory, where a slot allows it.
class RangedDownload {
 public:
  using StartBody = std::function<Sink&(const HttpResponse&)>;
  RangedDownload(HttpClient& inner, const HttpRequest& request, const StartBody& start_body, PartSlots& slots,
                 const RangeTuning& tuning, std::string host)
      : inner_(inner),
        request_(request),
        start_body_(start_body),
        slots_(slots),
        tuning_(tuning),
        host_(std::move(host)) {}
  ~RangedDownload();
  RangedDownload(const RangedDownload&) = delete;
  RangedDownload& operator=(const RangedDownload&) = delete;

  /// The answer to all of it. Throws NotInParts, and what HttpClient::fetch() throws.
  HttpResponse run();

 private:
  HttpResponse fetch_first(const ByteRange& range);
  Sink& begin(const HttpResponse& response, const ByteRange& asked);
  void start_helpers();
  void fetch_rest();
  void fetch_head(const ByteRange& range);
  void help();
  void fetch_beside(const ByteRange& range, Bytes bytes);
  HttpRequest request_for(const ByteRange& range) const;
  void check(const HttpResponse& response, const ByteRange& range) const;

  HttpClient& inner_;
  const HttpRequest& request_;
  const StartBody& start_body_;
  PartSlots& slots_;
  const RangeTuning& tuning_;
  const std::string host_;

  HttpResponse answer_;  ///< as if it had been one
  Sink* sink_ = nullptr;
  std::uint64_t given_bytes_ = 0;  ///< to the sink
  PartOfFile first_;
  std::optional<PartQueue> queue_;
  std::unique_ptr<ThreadPool> helpers_;  // the last member: its tasks use the others
};

}  // namespace mlbuild
