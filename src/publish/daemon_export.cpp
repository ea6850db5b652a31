#include "mlbuild/publish/daemon_export.hpp"

#include "daemon_answer.hpp"
#include "daemon_socket.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::uint64_t kExportLimitBytes = std::uint64_t{1} << 40U;
// Before the first byte a daemon writes all layers to its disk.
constexpr std::chrono::hours kPackingTime{1};

}  // namespace

void export_from_daemon(const DaemonAccess& access, const std::string& name, Sink& out) {
  const std::filesystem::path socket = choose_daemon_socket(access.sockets);
  HttpRequest request;
  request.url = "http://localhost/images/" + oci::Reference::parse(name).to_string() + "/get";
  request.socket = socket;
  request.body_limit_bytes = kExportLimitBytes;
  request.answer_time = kPackingTime;
  request.use_netrc = false;
  request.once = true;
  const HttpResponse response = access.http.fetch(request, [&](const HttpResponse&) -> Sink& { return out; });
  if (response.failure) throw Error(*response.failure);
  if (response.status == 200) return;
  const std::string words = daemon_refusal(response);
  if (response.status == 404) {
    throw Error(ErrorKind::Usage, fmt::format("the daemon at `{}` has no image `{}`", printable(socket.string()), name))
        .hint("`docker images` lists what it has");
  }
  throw Error(ErrorKind::Network,
              fmt::format("the daemon at `{}` did not give image `{}` ({}): {}", printable(socket.string()), name,
                          response.status, words.empty() ? "it does not say why" : words))
      .hint("its own log says more");
}

}  // namespace mlbuild
