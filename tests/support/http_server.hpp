#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mlbuild::test {

struct SeenRequest {
  std::string method;
  std::string target;                          ///< path and query as sent
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< by Content-Length
};

struct CannedAnswer {
  int status = 200;
  std::map<std::string, std::string> headers = {};  ///< Content-Length is added unless given or `no_length`
  std::string body = {};
  std::optional<std::size_t> cut_after = {};  ///< close the connection after this many body bytes
  std::chrono::milliseconds stall{0};         ///< silence between headers and body
  bool no_length = false;                     ///< the end of the body is the end of the connection
  bool endless = false;                       ///< the body again and again, until the client has enough
};

/// What comes after the part of an upload that is read.
enum class UploadEnd {
  Close,   ///< the connection is closed, politely
  Answer,  ///< the answer is sent, then the connection is closed
  Reset,   ///< RST
  Stall,   ///< nothing, and nothing more is read
};

/// HTTP/1.1 on a free loopback port, one thread per connection, keep-alive. Answers what it was told; the scripted
/// answers of a target are used one after the other, the last one again and again. Unknown targets: 404. HEAD gets the
/// headers of GET, and a single Range of a 200 answer is cut out as 206, unless If-Range names another ETag or
/// another Last-Modified, or the answer has an Accept-Ranges header.
class HttpServer {
 public:
  using Handler = std::function<CannedAnswer(const SeenRequest&)>;
  HttpServer();
  explicit HttpServer(Handler handler);  ///< instead of the script; called on connection threads
  explicit HttpServer(const std::filesystem::path& socket, Handler handler = {});  ///< on a Unix socket that it makes
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void script(const std::string& target, std::vector<CannedAnswer> answers);
  /// Of the body of the next `times` requests for `target`, only so many bytes are read.
  void cut_upload(const std::string& target, std::size_t after_bytes, UploadEnd end = UploadEnd::Close, int times = 1);
  void answer(const std::string& target, CannedAnswer answer) { script(target, {std::move(answer)}); }

  std::string url(const std::string& target) const;  ///< "http://127.0.0.1:PORT" + target
  std::string url_with_user_info(const std::string& user_info, const std::string& target) const;
  int port() const { return port_; }
  std::vector<SeenRequest> requests() const;
  std::size_t count(const std::string& target) const;  ///< requests for it so far
  std::size_t connections() const;

 private:
  struct UploadCut {
    std::size_t after_bytes;
    UploadEnd end;
    int times;
  };
  struct Script {
    std::vector<CannedAnswer> answers;
    std::size_t next = 0;
  };
  std::optional<UploadCut> take_cut(const std::string& target);
  CannedAnswer scripted(const SeenRequest& request);
  void listen_at(const void* address, std::size_t size);
  void accept_loop();
  static void read_to_end(int socket);
  void end_upload(int socket, UploadEnd end) const;
  bool is_stopping() const;
  void serve(int socket);
  bool send_answer(int socket, const SeenRequest& request, CannedAnswer answer) const;

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::map<std::string, Script> scripts_;
  std::map<std::string, UploadCut> cuts_;
  std::vector<SeenRequest> requests_;
  std::vector<int> sockets_;
  std::size_t connections_ = 0;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace mlbuild::test
