#include "support/http_server.hpp"

#include "mlbuild/base/text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace mlbuild::test {
namespace {

/// Reads from a socket up to a marker or a length; keeps what came after it.
class Reader {
 public:
  explicit Reader(int socket) : socket_(socket) {}

  std::optional<std::string> until(std::string_view marker) {
    for (;;) {
      const std::size_t found = buffer_.find(marker);
      if (found != std::string::npos) return take(found + marker.size());
      if (!fill()) return std::nullopt;
    }
  }
  std::string exactly(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    return take(std::min(size, buffer_.size()));
  }

 private:
  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  bool fill() {
    char chunk[4096];
    const ssize_t got = ::recv(socket_, chunk, sizeof(chunk), 0);
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string buffer_;
};

std::optional<SeenRequest> read_request(Reader& reader) {
  const std::optional<std::string> head = reader.until("\r\n\r\n");
  if (!head) return std::nullopt;
  SeenRequest request;
  const std::vector<std::string_view> lines = split_lines(*head);
  const std::vector<std::string_view> start = split(lines.front(), ' ');
  if (start.size() != 3) return std::nullopt;
  request.method = start[0];
  request.target = start[1];
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (&line == &lines.front() || colon == std::string_view::npos) continue;
    request.headers[to_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  }
  return request;
}

void read_body(Reader& reader, SeenRequest& request, std::size_t at_most) {
  const auto length = request.headers.find("content-length");
  if (length != request.headers.end()) {
    request.body = reader.exactly(std::min<std::size_t>(at_most, std::stoul(length->second)));
  }
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// "bytes=A-B" of a 200 answer.
void cut_out_range(const SeenRequest& request, CannedAnswer& answer) {
  const auto range = request.headers.find("range");
  if (range == request.headers.end() || answer.status != 200 || answer.headers.contains("Accept-Ranges")) return;
  const auto condition = request.headers.find("if-range");
  if (condition != request.headers.end()) {
    const auto known = answer.headers.find(condition->second.starts_with('"') ? "ETag" : "Last-Modified");
    if (known == answer.headers.end() || known->second != condition->second) return;
  }
  std::size_t first = 0;
  std::size_t last = answer.body.empty() ? 0 : answer.body.size() - 1;
  const std::string spec = range->second.substr(range->second.find('=') + 1);
  const std::size_t dash = spec.find('-');
  first = std::stoul(spec.substr(0, dash));
  if (dash + 1 < spec.size()) last = std::min(last, std::stoul(spec.substr(dash + 1)));
  answer.status = 206;
  answer.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", first, last, answer.body.size());
  answer.body = answer.body.substr(first, last - first + 1);
}

}  // namespace

HttpServer::HttpServer() : HttpServer(Handler()) {}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listen_at(&address, sizeof(address));
  socklen_t size = sizeof(address);
  if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the test server does not know its port");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

HttpServer::HttpServer(const std::filesystem::path& socket, Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("the test server's socket path is too long");
  std::ranges::copy(path, address.sun_path);
  listen_at(&address, sizeof(address));
  acceptor_ = std::thread([this] { accept_loop(); });
}

void HttpServer::listen_at(const void* address, std::size_t size) {
  const auto* raw = static_cast<const sockaddr*>(address);
  if (listener_ < 0 || ::bind(listener_, raw, static_cast<socklen_t>(size)) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error("the test server cannot listen");
}

HttpServer::~HttpServer() {
  {
    const std::scoped_lock guard(mutex_);
    stopping_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void HttpServer::script(const std::string& target, std::vector<CannedAnswer> answers) {
  const std::scoped_lock guard(mutex_);
  scripts_[target] = {std::move(answers), 0};
}

std::string HttpServer::url(const std::string& target) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

std::string HttpServer::url_with_user_info(const std::string& user_info, const std::string& target) const {
  return fmt::format("http://{}@127.0.0.1:{}{}", user_info, port_, target);
}

std::vector<SeenRequest> HttpServer::requests() const {
  const std::scoped_lock guard(mutex_);
  return requests_;
}

std::size_t HttpServer::count(const std::string& target) const {
  const std::scoped_lock guard(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(requests_, [&](const SeenRequest& request) { return request.target == target; }));
}

std::size_t HttpServer::connections() const {
  const std::scoped_lock guard(mutex_);
  return connections_;
}

void HttpServer::accept_loop() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::scoped_lock guard(mutex_);
    if (stopping_ || socket < 0) {
      if (socket >= 0) ::close(socket);
      return;
    }
    const int no_delay = 1;  // head and body are two writes; Nagle would hold the second back for 40 ms
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
    ++connections_;
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void HttpServer::serve(int socket) {
  Reader reader(socket);
  for (bool keep = true; keep;) {
    std::optional<SeenRequest> request = read_request(reader);
    if (!request) break;
    const std::optional<UploadCut> cut = take_cut(request->target);
    read_body(reader, *request, cut ? cut->after_bytes : std::numeric_limits<std::size_t>::max());
    {
      const std::scoped_lock guard(mutex_);
      requests_.push_back(*request);
    }
    if (cut && cut->end != UploadEnd::Answer) {
      end_upload(socket, cut->end);
      break;
    }
    keep = send_answer(socket, *request, handler_ ? handler_(*request) : scripted(*request)) && !cut;
    if (cut) read_to_end(socket);
  }
  const std::scoped_lock guard(mutex_);
  std::erase(sockets_, socket);
  ::close(socket);
}

void HttpServer::cut_upload(const std::string& target, std::size_t after_bytes, UploadEnd end, int times) {
  const std::scoped_lock guard(mutex_);
  cuts_[target] = {after_bytes, end, times};
}

bool HttpServer::is_stopping() const {
  const std::scoped_lock guard(mutex_);
  return stopping_;
}

/// As servers do that answer early: bytes that nobody read would make the kernel reset the connection, and the answer
/// would be lost with it.
void HttpServer::read_to_end(int socket) {
  ::shutdown(socket, SHUT_WR);
  std::array<char, 65536> unwanted{};
  while (::recv(socket, unwanted.data(), unwanted.size(), 0) > 0) {
  }
}

void HttpServer::end_upload(int socket, UploadEnd end) const {
  if (end == UploadEnd::Reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  while (end == UploadEnd::Stall && !is_stopping()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

std::optional<HttpServer::UploadCut> HttpServer::take_cut(const std::string& target) {
  const std::scoped_lock guard(mutex_);
  const auto found = cuts_.find(target);
  if (found == cuts_.end()) return std::nullopt;
  const UploadCut cut = found->second;
  if (--found->second.times == 0) cuts_.erase(found);
  return cut;
}

CannedAnswer HttpServer::scripted(const SeenRequest& request) {
  const std::scoped_lock guard(mutex_);
  const auto found = scripts_.find(request.target);
  if (found == scripts_.end() || found->second.answers.empty()) return {.status = 404, .body = "not here"};
  Script& script = found->second;
  const std::size_t index = std::min(script.next++, script.answers.size() - 1);
  return script.answers[index];
}

/// False when the connection must be closed.
bool HttpServer::send_answer(int socket, const SeenRequest& request, CannedAnswer answer) const {
  cut_out_range(request, answer);
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\n", answer.status);
  for (const auto& [name, value] : answer.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (!answer.no_length && !answer.endless && !answer.headers.contains("Content-Length")) {
    head += fmt::format("Content-Length: {}\r\n", answer.body.size());
  }
  if (!send_all(socket, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  for (auto waited = std::chrono::milliseconds(0); waited < answer.stall; waited += std::chrono::milliseconds(10)) {
    if (is_stopping()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  while (answer.endless) {
    if (is_stopping() || !send_all(socket, answer.body)) return false;
  }
  const std::size_t size = std::min(answer.cut_after.value_or(answer.body.size()), answer.body.size());
  return send_all(socket, std::string_view(answer.body).substr(0, size)) && !answer.cut_after && !answer.no_length;
}

}  // namespace mlbuild::test
