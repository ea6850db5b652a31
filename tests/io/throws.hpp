#pragma once

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace mlbuild::test {

/// Passes when `body` throws an Error of this kind whose message contains `part`.
inline void expect_error(ErrorKind kind, const std::string& part, const std::function<void()>& body) {
  try {
    body();
    ADD_FAILURE() << "nothing was thrown; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
}

}  // namespace mlbuild::test
