#pragma once

#include <unistd.h>

#include <stdexcept>

namespace mlbuild::test {

/// While it lives, a test that root runs does what an ordinary user may do, and no more.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (was_root_ && ::seteuid(kNobody) != 0) throw std::runtime_error("cannot become an ordinary user");
  }
  ~OrdinaryUser() {
    if (was_root_ && ::seteuid(0) != 0) ::_exit(1);  // the tests after this one count on being root
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;

  const bool was_root_ = ::geteuid() == 0;
};

}  // namespace mlbuild::test
