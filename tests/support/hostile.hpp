#pragma once

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

namespace mlbuild::test {

/// Bytes that somebody made to harm, and what their reader must say. docs/reliability.md counts these rows.
struct HostileCase {
  const char* name;                    ///< a word, as gtest wants it
  std::function<std::string()> bytes;  ///< made when the case runs: some are large
  const char* word;                    ///< part of the refusal; kHarmless: they are read, and nothing comes of it
};

inline constexpr const char* kHarmless = "";

/// Reads the case's bytes. A refusal must be an Error of this kind that holds the word; a harmless case is none. Either
/// is cheap: no allocation of a size that the bytes only claim, and little time.
void expect_harmless(const HostileCase& hostile, ErrorKind kind, const std::function<void(const std::string&)>& read);

inline std::string hostile_name(const ::testing::TestParamInfo<HostileCase>& info) { return info.param.name; }
inline void PrintTo(const HostileCase& hostile, std::ostream* out) { *out << hostile.name; }

/// `text`, so many times.
std::string repeated(const std::string& text, std::size_t times);

}  // namespace mlbuild::test
