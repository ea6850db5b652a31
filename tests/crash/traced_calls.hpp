#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

/// The system calls that the crash driver knows: which can fail how, and which file they speak of.
namespace crash {

/// Where a call names its file: nowhere, by a descriptor, by a path, or by a directory's descriptor and a path.
enum class Names { Nothing, Descriptor, Path, PathAt, TwoPaths, TwoPathsAt };

struct Call {
  const char* name;
  long number;
  Names names;
  unsigned first;       ///< the argument that the file's name begins with
  const char* classes;  ///< one letter for each class that the call is in, see in_class()
};

/// Null for a call that no class but `all` has.
const Call* find_call(std::uint64_t number);

/// `all`, or one of
///   change  what leaves a trace on a disk (killing before any other call leaves the disk as the call before did)
///   space   what needs room on a disk
///   disk    what fails when a disk does
///   handle  what makes a descriptor
///   wait    what a signal may interrupt
///   write, read   what may move less than was asked for
/// `openat` is in `change` and `space` only when it may create or cut a file.
bool in_class(const std::string& wanted, std::uint64_t number, const std::uint64_t arguments[6]);

/// The files of a call as `tab path`, one or two, each as absolute as the process' links tell; "" when there is none.
std::string files_of(pid_t process, const Call& call, const std::uint64_t arguments[6]);

}  // namespace crash
