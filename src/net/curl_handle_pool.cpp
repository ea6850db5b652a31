#include "curl_handle_pool.hpp"

#include "mlbuild/base/error.hpp"

#include <algorithm>

namespace mlbuild {

CurlHandlePool::CurlHandlePool() {
  // Counted and thread-safe since libcurl 7.84, so that every pool may bring its own.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw Error(ErrorKind::Io, "libcurl could not be initialised");
  }
  share_ = curl_share_init();
  if (share_ == nullptr) {
    curl_global_cleanup();
    throw Error(ErrorKind::Io, "out of memory while starting the HTTP client");
  }
  curl_share_setopt(share_, CURLSHOPT_LOCKFUNC, &CurlHandlePool::lock);
  curl_share_setopt(share_, CURLSHOPT_UNLOCKFUNC, &CurlHandlePool::unlock);
  curl_share_setopt(share_, CURLSHOPT_USERDATA, this);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

CurlHandlePool::~CurlHandlePool() {
  for (const Idle& idle : idle_) curl_easy_cleanup(idle.handle);
  curl_share_cleanup(share_);
  curl_global_cleanup();
}

CurlHandlePool::Lease CurlHandlePool::take(const std::string& origin) {
  CURL* handle = take_idle(origin);
  if (handle == nullptr) handle = curl_easy_init();
  if (handle == nullptr) throw Error(ErrorKind::Io, "out of memory while starting a transfer");
  curl_easy_setopt(handle, CURLOPT_SHARE, share_);
  return {*this, handle, origin};
}

CURL* CurlHandlePool::take_idle(const std::string& origin) {
  const std::scoped_lock guard(mutex_);
  if (idle_.empty()) return nullptr;
  auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.origin == origin; });
  auto chosen = found == idle_.rend() ? std::prev(idle_.end()) : std::prev(found.base());
  CURL* handle = chosen->handle;
  idle_.erase(chosen);
  return handle;
}

void CurlHandlePool::give_back(CURL* handle, std::string origin) noexcept {
  curl_easy_reset(handle);  // forgets options and pointers to the caller's stack, keeps connections
  const std::scoped_lock guard(mutex_);
  try {
    idle_.push_back({handle, std::move(origin)});
  } catch (const std::bad_alloc&) {
    curl_easy_cleanup(handle);  // a pool is an optimisation: without memory for the entry the handle is just closed
  }
}

void CurlHandlePool::lock(CURL*, curl_lock_data data, curl_lock_access, void* pool) noexcept {
  static_cast<CurlHandlePool*>(pool)->share_mutexes_[data].lock();
}

void CurlHandlePool::unlock(CURL*, curl_lock_data data, void* pool) noexcept {
  static_cast<CurlHandlePool*>(pool)->share_mutexes_[data].unlock();
}

}  // namespace mlbuild
