#include "support/http_server.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::HttpServer;
using testing::HasSubstr;

class HttpSocketTest : public testing::Test {
 protected:
  HttpRequest request(const std::string& target) {
    HttpRequest request;
    request.url = "http://localhost" + target;
    request.socket = socket_;
    return request;
  }
  HttpResponse send(const HttpRequest& request) {
    return client_->fetch(request, [this](const HttpResponse&) -> Sink& { return answer_; });
  }

  TempDir directory_;
  std::filesystem::path socket_ = directory_.path() / "api.sock";
  Cancellation cancellation_;
  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation_);
  BytesSink answer_;
};

TEST_F(HttpSocketTest, TheSocketIsAskedAndNotTheHost) {
  HttpServer server(socket_);
  server.answer("/version", {.body = "20.10"});
  EXPECT_EQ(send(request("/version")).status, 200);
  EXPECT_EQ(answer_.text(), "20.10");
  EXPECT_EQ(server.requests().at(0).headers.at("host"), "localhost");
}

TEST_F(HttpSocketTest, NoProxyStandsBefore) {
  HttpServer server(socket_);
  server.answer("/version", {});
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  HttpRequest elsewhere = request("/version");
  elsewhere.url = "http://daemon.example/version";
  const int status = send(elsewhere).status;
  ::unsetenv("http_proxy");
  EXPECT_EQ(status, 200);
}

TEST_F(HttpSocketTest, NoRedirectIsFollowed) {
  HttpServer server(socket_);
  server.answer("/version", {.status = 302, .headers = {{"Location", "http://localhost/other"}}});
  EXPECT_EQ(send(request("/version")).status, 302);
  EXPECT_EQ(server.count("/other"), 0U);
}

TEST_F(HttpSocketTest, EachSocketHasConnectionsOfItsOwn) {
  HttpServer one(socket_);
  one.answer("/", {.body = "one"});
  HttpServer two(directory_.path() / "two.sock");
  two.answer("/", {.body = "two"});
  HttpRequest second = request("/");
  second.socket = directory_.path() / "two.sock";
  for (const HttpRequest& next : {request("/"), second, request("/")}) send(next);
  EXPECT_EQ(answer_.text(), "onetwoone");
}

TEST_F(HttpSocketTest, AFailureNamesTheSocket) {
  HttpRequest once = request("/");
  once.once = true;
  const HttpResponse response = send(once);
  ASSERT_TRUE(response.failure);
  EXPECT_THAT(response.failure->message(), HasSubstr("cannot reach `" + socket_.string() + "`: no such file"));
}

}  // namespace
}  // namespace mlbuild
