#include "transfer.hpp"

#include "certs_directories.hpp"
#include "curl_failure.hpp"
#include "upload.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <map>
#include <memory>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kErrorBodyLimitBytes = 64U << 10U;
constexpr std::size_t kHeaderLimitBytes = 256U << 10U;
constexpr long kReceiveBufferBytes = 256L << 10U;
constexpr long kSendBufferBytes = 512L << 10U;
constexpr curl_off_t kLongestPauseSeconds = 365L * 24 * 3600;  // more is the same to whoever waits, and might overflow
constexpr const char* kChallengeHeader = "www-authenticate";

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

bool is_success(int status) { return status >= 200 && status < 300; }

/// A server that shows the request in its complaint must not bring a login into a message.
std::string without_login(std::string text, const HttpRequest& request) {
  constexpr std::size_t kShortest = 4;  // less would blot out ordinary words
  for (const auto& [name, value] : request.headers) {
    if (to_lower(name) != "authorization") continue;
    const std::string secret = value.substr(value.find(' ') + 1);
    if (secret.size() < kShortest) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

/// What the callbacks of one exchange share. libcurl calls them on the thread of curl_easy_perform.
class Exchange {
 public:
  Exchange(const HttpRequest& request, const Url& url, const Cancellation& cancellation, Body& body)
      : request_(request), url_(url), cancellation_(cancellation), body_(body), resuming_(body.can_resume()) {
    if (sends_body(request)) upload_.emplace(request);
    response_.final_url = url.to_string();
    if (url.scheme == "file") response_.status = 200;
  }

  void on_header(std::string_view line);
  bool on_body(ByteSpan bytes);  ///< false: enough was read
  void on_end();                 ///< a body that is empty never reaches on_body
  bool cancelled() const { return !request_.farewell && cancellation_.requested(); }
  Upload* upload() { return upload_ ? &*upload_ : nullptr; }
  void keep_exception() noexcept { thrown_ = std::current_exception(); }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  bool cut_on_purpose() const { return cut_on_purpose_; }
  HttpResponse& response() { return response_; }
  bool resuming() const { return resuming_; }

 private:
  void start();
  void go_on() const;
  void check_limit(std::uint64_t size_bytes) const;

  const HttpRequest& request_;
  const Url& url_;
  const Cancellation& cancellation_;
  Body& body_;
  bool resuming_;
  std::optional<Upload> upload_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool started_ = false;
  std::string error_body_;
  bool cut_on_purpose_ = false;
  std::exception_ptr thrown_;
};

// A status line starts the headers afresh: 100 and 103 answers and those of a proxy come before the real one.
void Exchange::on_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderLimitBytes) {
    throw Error(ErrorKind::Network, fmt::format("`{}` sent more than 256 KiB of headers", url_.host_port()));
  }
  line = trim(line);
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    const std::string_view code = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
    response_.status = 0;
    std::from_chars(code.data(), code.data() + code.size(), response_.status);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = to_lower(trim(line.substr(0, colon)));
  const std::string value(trim(line.substr(colon + 1)));
  std::string& known = response_.headers[name];
  known = name == kChallengeHeader && !known.empty() ? known + ", " + value : value;
}

void Exchange::check_limit(std::uint64_t size_bytes) const {
  if (size_bytes <= request_.body_limit_bytes) return;
  throw Error(ErrorKind::Network, fmt::format("`{}` sends more than the {} that `{}` may have", url_.host_port(),
                                              human_bytes(request_.body_limit_bytes), printable_url(url_.to_string())))
      .hint("the server or a proxy before it answers wrongly; look at the URL with a browser");
}

void Exchange::start() {
  if (std::exchange(started_, true)) return;
  if (resuming_ && response_.status == 206) return go_on();
  response_.headers.erase(kErrorBodyHeader);
  body_.received_bytes = 0;
  body_.validator.clear();
  const std::string_view etag = response_.header("etag");
  if (request_.resume && etag.starts_with('"')) body_.validator = etag;  // RFC 9110, 13.1.5: If-Range takes no weak one
  body_.sink = &body_.start(response_);
}

void Exchange::go_on() const {
  const std::string expected = fmt::format("bytes {}-", body_.received_bytes);
  if (response_.header("content-range").starts_with(expected)) return;
  throw Error(ErrorKind::Network, fmt::format("`{}` goes on at another place than asked for", url_.host_port()))
      .hint("the server or a proxy before it answers wrongly; try again");
}

bool Exchange::on_body(ByteSpan bytes) {
  if (is_success(response_.status)) {
    start();
    check_limit(body_.received_bytes + bytes.size());
    body_.sink->write(bytes);
    body_.received_bytes += bytes.size();
    return true;
  }
  const std::size_t room = kErrorBodyLimitBytes - error_body_.size();
  error_body_.append(as_text(bytes.first(std::min(room, bytes.size()))));
  cut_on_purpose_ = bytes.size() > room;
  return !cut_on_purpose_;
}

void Exchange::on_end() {
  if (is_success(response_.status)) {
    start();
  } else {
    response_.headers[kErrorBodyHeader] = without_login(error_body_, request_);
  }
}

extern "C" {

std::size_t mlbuild_on_header(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    exchange.on_header({data, size * count});
    return size * count;
  } catch (...) {
    exchange.keep_exception();
    return 0;
  }
}

std::size_t mlbuild_on_body(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    return exchange.on_body(std::as_bytes(std::span(data, size * count))) ? size * count : 0;
  } catch (...) {
    exchange.keep_exception();  // rethrown after curl_easy_perform
    return 0;                   // a short count makes libcurl stop
  }
}

std::size_t mlbuild_on_read(char* buffer, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    return exchange.upload()->read(std::as_writable_bytes(std::span(buffer, size * count)));
  } catch (...) {
    exchange.keep_exception();
    return CURL_READFUNC_ABORT;
  }
}

// A kept connection may turn out to be closed after libcurl took the first bytes; then it begins again on a new one.
int mlbuild_on_seek(void* user, curl_off_t offset, int origin) noexcept {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Exchange*>(user)->upload()->rewind();
  return CURL_SEEKFUNC_OK;
}

int mlbuild_on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.cancelled()) return 1;
  return exchange.upload() != nullptr && exchange.upload()->is_stalled(sent) ? 1 : 0;
}

}  // extern "C"

bool is_credential(std::string_view lower_name) { return lower_name == "authorization" || lower_name == "cookie"; }

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw Error(ErrorKind::Io, "out of memory while preparing a request");
  static_cast<void>(list.release());  // append took it over
  list.reset(longer);
}

HeaderList make_headers(const std::map<std::string, std::string>& headers, bool same_origin, bool& has_authorization) {
  HeaderList list;
  append(list, "Expect:");  // removes it: not every server or proxy answers 100, and libcurl would wait for it
  for (const auto& [name, value] : headers) {
    const std::string lower = to_lower(name);
    if (is_credential(lower) && !same_origin) continue;
    has_authorization = has_authorization || lower == "authorization";
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw Error(ErrorKind::Foreign, fmt::format("value of header `{}` holds a line break", printable(name)));
    }
    append(list, line);
  }
  return list;
}

void set_credentials(CURL* handle, const std::string& netrc_file, const std::string& user_info) {
  curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  if (!user_info.empty()) {
    const std::size_t colon = user_info.find(':');
    curl_easy_setopt(handle, CURLOPT_USERNAME, percent_decode(user_info.substr(0, colon)).c_str());
    const std::string password = colon == std::string::npos ? "" : percent_decode(user_info.substr(colon + 1));
    curl_easy_setopt(handle, CURLOPT_PASSWORD, password.c_str());
  } else if (!netrc_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
    curl_easy_setopt(handle, CURLOPT_NETRC_FILE, netrc_file.c_str());
  }
}

void set_method(CURL* handle, const std::string& method) {
  if (method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void set_transport(CURL* handle, const TransportSettings& settings) {
  const HttpTuning& tuning = settings.tuning;
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // SIGALRM would hit a random thread
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(tuning.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, tuning.stall_bytes_per_second);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "mlbuild/" MLBUILD_VERSION);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!settings.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, settings.ca_file.c_str());
  if (!settings.ca_directory.empty()) curl_easy_setopt(handle, CURLOPT_CAPATH, settings.ca_directory.c_str());
}

/// libcurl asks its bundle file or a blob, and the directory of the system beside either: the authorities that the
/// environment names are put into the blob by whoever made it.
void set_certificates(CURL* handle, const OriginCertificates& certificates) {
  if (!certificates.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(certificates.ca_pem.data()), certificates.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (certificates.certificate.empty()) return;
  curl_easy_setopt(handle, CURLOPT_SSLCERT, certificates.certificate.c_str());
  curl_easy_setopt(handle, CURLOPT_SSLKEY, certificates.key.c_str());
}

void set_callbacks(CURL* handle, Exchange& exchange, std::array<char, CURL_ERROR_SIZE>& detail) {
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &mlbuild_on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &mlbuild_on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &mlbuild_on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
}

/// How long there may be silence. An upload has two kinds of it: libcurl watches the long one, while the server makes
/// up its mind; Upload the short one, while bytes should be going out.
void set_patience(CURL* handle, Exchange& exchange, const HttpRequest& request, const HttpTuning& tuning) {
  if (exchange.upload() != nullptr) exchange.upload()->set_stall_time(tuning.upload_stall_time);
  const std::chrono::seconds usual = exchange.upload() == nullptr ? tuning.stall_time : tuning.answer_time;
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.answer_time.value_or(usual).count()));
}

void set_upload(CURL* handle, Exchange& exchange, const HttpRequest& request) {
  if (exchange.upload() == nullptr) return;
  const std::uint64_t size_bytes = request.body ? request.body->size_bytes : 0;
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size_bytes));
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &mlbuild_on_read);
  curl_easy_setopt(handle, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &mlbuild_on_seek);
  curl_easy_setopt(handle, CURLOPT_SEEKDATA, &exchange);
}

std::optional<std::chrono::seconds> retry_after(CURL* handle) {
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kLongestPauseSeconds));
}

// 501 and 505 are about the request itself and stay the same.
bool is_transient_status(int status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

TransferOutcome judge(CURL* handle, CURLcode code, const HttpRequest& request, const Url& url,
                      const std::string& detail, Exchange& exchange) {
  TransferOutcome outcome;
  const bool missing_file = code == CURLE_FILE_COULDNT_READ_FILE;
  if (missing_file) exchange.response().status = 404;
  if (code == CURLE_OK || missing_file || exchange.cut_on_purpose()) {
    exchange.on_end();
    outcome.response = std::move(exchange.response());
    const bool range_is_gone = exchange.resuming() && outcome.response.status == 416;
    outcome.transient = range_is_gone || is_transient_status(outcome.response.status);
    outcome.retry_after = retry_after(handle);
    return outcome;
  }
  outcome.failure = describe_failure(handle, code, {url, request.socket}, detail);
  outcome.transient = is_transient(code);
  return outcome;
}

}  // namespace

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

TransferOutcome transfer(CURL* handle, const TransportSettings& settings, const OriginCertificates& certificates,
                         const HttpRequest& request, const Url& url, const Cancellation& cancellation, Body& body) {
  const Url named = Url::parse(request.url);
  const bool same_origin = named.origin() == url.origin();
  Exchange exchange(request, url, cancellation, body);
  std::array<char, CURL_ERROR_SIZE> detail{};
  bool has_authorization = false;
  std::map<std::string, std::string> wanted = request.headers;
  if (exchange.resuming()) {
    wanted["Range"] = fmt::format("bytes={}-", body.received_bytes);
    wanted["If-Range"] = body.validator;
  }
  const HeaderList headers = make_headers(wanted, same_origin, has_authorization);

  set_transport(handle, settings);
  set_certificates(handle, certificates);
  set_method(handle, request.method);
  set_callbacks(handle, exchange, detail);
  set_upload(handle, exchange, request);
  set_patience(handle, exchange, request, settings.tuning);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (!has_authorization) {
    set_credentials(handle, request.use_netrc ? settings.netrc_file : std::string(),
                    same_origin ? named.user_info : std::string());
  }
  constexpr long kFarewellMilliseconds = 3000;
  if (request.farewell) curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kFarewellMilliseconds);
  if (request.accept_compressed) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  Url target = url;
  target.user_info.clear();
  // What listens on this machine is meant when it is named, whatever the proxy variables say; a proxy elsewhere would
  // look on its own machine.
  if (is_this_machine(url.host)) curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  if (!request.socket.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, request.socket.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, url.scheme == "file" ? "file" : "http,https");
  curl_easy_setopt(handle, CURLOPT_URL, target.to_string().c_str());

  CURLcode code = curl_easy_perform(handle);
  exchange.rethrow();
  if (exchange.response().status == 416) body.validator.clear();  // it is another file now: start afresh
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    cancellation.check();
    code = CURLE_OPERATION_TIMEDOUT;  // the only other reason to stop
  }
  return judge(handle, code, request, url, detail.data(), exchange);
}

}  // namespace mlbuild
