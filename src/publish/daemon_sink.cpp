// POST /images/load of the Docker Engine API, which podman speaks, too. The archive is streamed while it is read from
// the store, with its length, so that neither side keeps it: no file in between, no chunked encoding.

#include "daemon_answer.hpp"
#include "daemon_socket.hpp"
#include "docker_archive.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/publish/sink.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr const char* kHolder = "a daemon is given";

constexpr std::uint64_t kAnswerLimitBytes = 1U << 20U;
// After the last byte a daemon unpacks all layers, without a word when it was asked to be quiet: gigabytes on a slow
// disk take their time.
constexpr std::chrono::hours kUnpackingTime{1};

class DaemonSink final : public ImageSink {
 public:
  explicit DaemonSink(const DaemonAccess& access) : http_(access.http), socket_(choose_daemon_socket(access.sockets)) {}

  void check(std::size_t image_count) const override { check_single_image(image_count, kHolder); }

  PublishResult put(const ImageSet& set, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    const Image& image = single_image(set, kHolder);
    const DockerArchive archive(image, tag);
    const CopyControl control{on_bytes, cancellation};
    const HttpBody body{[&] { return archive.open(store, control); }, archive.size_bytes()};
    with_context([&] { return fmt::format("loading the image into the daemon at `{}`", shown_socket()); },
                 [&] { load(body); });
    return {"daemon", image.manifest.digest, body.size_bytes, 0};
  }

 private:
  void load(const HttpBody& body) {
    BytesSink answer(kAnswerLimitBytes);
    const HttpResponse response = http_.fetch(load_request(body), [&](const HttpResponse&) -> Sink& { return answer; });
    if (response.failure) throw unfinished(*response.failure);
    if (response.status != 200) throw refused(response.status, daemon_refusal(response));
    const LoadAnswer said = parse_load_answer(answer.text());
    if (!said.error.empty()) throw refused(response.status, said.error);
    if (said.is_understood) return;
    throw Error(ErrorKind::Network, fmt::format("what listens at `{}` does not answer like docker", shown_socket()))
        .hint("check `DOCKER_HOST`");
  }

  HttpRequest load_request(const HttpBody& body) const {
    HttpRequest request;
    request.method = "POST";
    request.url = "http://localhost/images/load?quiet=1";  // without version: the daemon's own
    request.socket = socket_;
    request.headers["Content-Type"] = "application/x-tar";
    request.body = body;
    request.body_limit_bytes = kAnswerLimitBytes;
    request.answer_time = kUnpackingTime;
    request.use_netrc = false;
    request.once = true;  // gigabytes again, to a daemon that just gave up on them
    return request;
  }

  Error unfinished(const Error& failure) const {
    return Error(ErrorKind::Network, failure.message())
        .hint(
            "look whether the daemon runs (`systemctl status docker`, `systemctl status podman.socket`) and what its "
            "own log says; a full disk is a frequent cause");
  }
  Error refused(int status, const std::string& words) const {
    return Error(ErrorKind::Network, fmt::format("the daemon at `{}` could not load the image ({}): {}", shown_socket(),
                                                 status, words.empty() ? "it does not say why" : words))
        .hint("what the daemon said is above; its own log says more");
  }
  std::string shown_socket() const { return printable(socket_.string()); }

  HttpClient& http_;
  const std::filesystem::path socket_;
};

}  // namespace

std::unique_ptr<ImageSink> make_daemon_sink(const DaemonAccess& access) { return std::make_unique<DaemonSink>(access); }

}  // namespace mlbuild
