// MLBUILD_SANITIZED: whether a sanitizer watches memory, in the words of gcc and of clang.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MLBUILD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MLBUILD_SANITIZED 1
#endif
#endif
#ifndef MLBUILD_SANITIZED
#define MLBUILD_SANITIZED 0
#endif
