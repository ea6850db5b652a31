#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// Easy handles, each with its own cache of open connections. A handle that last talked to the same origin is
/// preferred: its connection is probably still open. DNS answers and TLS sessions are shared by all; connections are
/// not, because libcurl (libcurl-share, CURL_LOCK_DATA_CONNECT) does not allow that between threads. Thread-safe.
class CurlHandlePool {
 public:
  CurlHandlePool();
  ~CurlHandlePool();
  CurlHandlePool(const CurlHandlePool&) = delete;
  CurlHandlePool& operator=(const CurlHandlePool&) = delete;

  /// A handle with default options, given back by the destructor.
  class Lease {
   public:
    Lease(CurlHandlePool& pool, CURL* handle, std::string origin)
        : pool_(pool), handle_(handle), origin_(std::move(origin)) {}
    ~Lease() { pool_.give_back(handle_, std::move(origin_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    CURL* get() const { return handle_; }

   private:
    CurlHandlePool& pool_;
    CURL* handle_;
    std::string origin_;
  };

  Lease take(const std::string& origin);

 private:
  struct Idle {
    CURL* handle;
    std::string origin;
  };
  CURL* take_idle(const std::string& origin);
  void give_back(CURL* handle, std::string origin) noexcept;
  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* pool) noexcept;
  static void unlock(CURL*, curl_lock_data data, void* pool) noexcept;

  std::array<std::mutex, CURL_LOCK_DATA_LAST> share_mutexes_;
  CURLSH* share_ = nullptr;
  std::mutex mutex_;
  std::vector<Idle> idle_;
};

}  // namespace mlbuild
