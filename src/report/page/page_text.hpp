#pragma once

#include <string_view>

/// The files beside this header, compiled into the program by embed_text() of third_party/embed.cmake.
namespace mlbuild::page {

extern const std::string_view kHtml;
extern const std::string_view kStyle;
extern const std::string_view kScript;

}  // namespace mlbuild::page
