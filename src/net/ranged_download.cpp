#include "ranged_download.hpp"

#include <algorithm>
#include <utility>

namespace mlbuild {
namespace {

/// Passes on what it has not passed on in an earlier try. More than the range is not the range.
class RepeatedSink final : public Sink {
 public:
  RepeatedSink(Sink& next, std::uint64_t size_bytes, std::uint64_t& given_bytes)
      : next_(next), size_bytes_(size_bytes), given_bytes_(given_bytes) {}
  void write(ByteSpan bytes) override {
    if (bytes.size() > size_bytes_ - seen_bytes_) throw NotInParts();
    const std::uint64_t begin = std::exchange(seen_bytes_, seen_bytes_ + bytes.size());
    if (seen_bytes_ <= given_bytes_) return;
    next_.write(bytes.subspan(static_cast<std::size_t>(given_bytes_ - begin)));
    given_bytes_ = seen_bytes_;
  }

 private:
  Sink& next_;
  const std::uint64_t size_bytes_;
  std::uint64_t& given_bytes_;    ///< in all tries
  std::uint64_t seen_bytes_ = 0;  ///< in this one
};

/// Keeps a part in memory until somebody wants it, or nobody does any more.
class PartSink final : public Sink {
 public:
  PartSink(Bytes& bytes, std::uint64_t size_bytes, PartQueue& queue)
      : bytes_(bytes), size_bytes_(size_bytes), queue_(queue) {
    bytes_.clear();  // of the try before
    bytes_.reserve(static_cast<std::size_t>(size_bytes));
  }
  void write(ByteSpan bytes) override {
    if (bytes.size() > size_bytes_ - bytes_.size() || queue_.stopped()) throw NotInParts();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

 private:
  Bytes& bytes_;
  const std::uint64_t size_bytes_;
  PartQueue& queue_;
};

}  // namespace

RangedDownload::~RangedDownload() {
  if (queue_) queue_->stop();
  slots_.ask_again();
  helpers_.reset();
  for (std::size_t rest = queue_ ? queue_->parts() : 0; rest > 0; --rest) slots_.end_part(host_);
}

HttpResponse RangedDownload::run() {
  HttpResponse response = fetch_first({0, tuning_.part_bytes});
  if (sink_ == nullptr) return response;  // the whole file, or a refusal
  answer_.final_url = response.final_url;
  fetch_rest();
  return std::move(answer_);
}

/// Asks for the beginning. A server that knows no ranges answers with all of the file, which is as good.
HttpResponse RangedDownload::fetch_first(const ByteRange& range) {
  HttpRequest request = request_;
  request.resume = false;
  request.headers["Range"] = range.header();
  std::optional<RepeatedSink> sink;
  HttpResponse response = inner_.fetch(request, [&](const HttpResponse& answer) -> Sink& {
    if (sink_ == nullptr && answer.status != 206) return start_body_(answer);
    Sink& next = begin(answer, range);
    return sink.emplace(next, first_.range.size_bytes(), given_bytes_);
  });
  if (sink_ == nullptr) return response;
  check(response, first_.range);
  if (given_bytes_ != first_.range.end) throw NotInParts();
  return response;
}

/// The sink is told of the whole file, once; helpers may begin.
Sink& RangedDownload::begin(const HttpResponse& response, const ByteRange& asked) {
  if (sink_ != nullptr) {
    check(response, first_.range);
    return *sink_;
  }
  const std::optional<PartOfFile> part = part_of_file(response);
  const bool fits = part && (!part->by_date || request_.joins_by_date) && part->range.begin == 0 &&
                    part->range.end == std::min(asked.end, part->file_bytes) &&
                    part->file_bytes <= request_.body_limit_bytes;
  if (!fits) throw NotInParts();
  first_ = *part;
  answer_ = response;
  answer_.status = 200;
  answer_.joined_by_date = first_.by_date;
  answer_.headers.erase("content-range");
  answer_.headers["content-length"] = std::to_string(first_.file_bytes);
  sink_ = &start_body_(answer_);
  queue_.emplace(first_.file_bytes, first_.range.end);
  start_helpers();
  return *sink_;
}

void RangedDownload::start_helpers() {
  const std::uint64_t rest_bytes = first_.file_bytes - first_.range.end;
  const std::uint64_t parts = (rest_bytes + tuning_.part_bytes - 1) / tuning_.part_bytes;
  const std::size_t helpers = std::min<std::uint64_t>(parts, tuning_.parts_per_file - 1);
  if (helpers == 0) return;
  helpers_ = std::make_unique<ThreadPool>(helpers);
  for (std::size_t i = 0; i < helpers; ++i) helpers_->submit([this] { help(); });
}

void RangedDownload::fetch_rest() {
  while (given_bytes_ < first_.file_bytes) {
    auto next = queue_->next(given_bytes_, tuning_.part_bytes, tuning_.alone_bytes);
    if (const auto* range = std::get_if<ByteRange>(&next)) {
      fetch_head(*range);
      continue;
    }
    Bytes& bytes = std::get<Bytes>(next);
    given_bytes_ += bytes.size();
    try {
      sink_->write(bytes);
    } catch (...) {
      slots_.end_part(host_);
      throw;
    }
    slots_.end_part(host_, std::move(bytes));
  }
}

void RangedDownload::fetch_head(const ByteRange& range) {
  std::uint64_t given_bytes = 0;
  std::optional<RepeatedSink> sink;
  const HttpResponse response = inner_.fetch(request_for(range), [&](const HttpResponse& answer) -> Sink& {
    check(answer, range);
    return sink.emplace(*sink_, range.size_bytes(), given_bytes);
  });
  check(response, range);
  if (given_bytes != range.size_bytes()) throw NotInParts();
  given_bytes_ += given_bytes;
}

/// Part by part, while there are any and a slot is free.
void RangedDownload::help() {
  try {
    while (std::optional<Bytes> buffer = slots_.begin_part(host_, [this] { return queue_->stopped(); })) {
      const std::optional<ByteRange> range = queue_->take(tuning_.part_bytes);
      if (!range) return slots_.end_part(host_, *std::move(buffer));
      fetch_beside(*range, *std::move(buffer));
    }
  } catch (...) {  // whoever feeds the sink gets it
    queue_->fail(std::current_exception());
  }
}

void RangedDownload::fetch_beside(const ByteRange& range, Bytes bytes) {
  std::optional<PartSink> sink;
  const HttpResponse response = inner_.fetch(request_for(range), [&](const HttpResponse& answer) -> Sink& {
    check(answer, range);
    return sink.emplace(bytes, range.size_bytes(), *queue_);
  });
  check(response, range);
  if (bytes.size() != range.size_bytes()) throw NotInParts();
  queue_->put(range, std::move(bytes));
}

HttpRequest RangedDownload::request_for(const ByteRange& range) const {
  HttpRequest request = request_;
  request.resume = false;
  request.headers["Range"] = range.header();
  request.headers["If-Range"] = first_.validator;
  return request;
}

void RangedDownload::check(const HttpResponse& response, const ByteRange& range) const {
  const std::optional<PartOfFile> part = part_of_file(response);
  const bool fits = part && part->range.begin == range.begin && part->range.end == range.end &&
                    part->file_bytes == first_.file_bytes && part->validator == first_.validator;
  if (!fits) throw NotInParts();
}

}  // namespace mlbuild
