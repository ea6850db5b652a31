#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// What went wrong, as far as the caller's exit code is concerned.
enum class ErrorKind {
  Spec,         ///< the user's spec, requirements or lock are wrong
  Usage,        ///< the command line is wrong
  Step,         ///< a step of the build failed (compiler, resolver, corrupt package, ...)
  Foreign,      ///< bytes from outside are malformed or do not match their digest
  Io,           ///< the local file system refused (full, missing, forbidden)
  Network,      ///< an index, mirror or registry could not be reached or answered wrongly
  Gate,         ///< a gate said no (size budget, check)
  Internal,     ///< our own bug
  Interrupted,  ///< SIGINT/SIGTERM
};

/// 0 done, 1 a step failed, 2 usage or spec, 3 network, 4 gate, 70 our bug, 130 interrupted.
int exit_code(ErrorKind kind);

/// A place in a file that the user wrote. Lines and columns count from 1; line 0 means "the file as a whole";
/// length is the number of characters to underline (0: unknown).
struct Location {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  unsigned length = 0;

  bool known() const { return !file.empty(); }
  friend bool operator==(const Location&, const Location&) = default;
};

/// The one exception of the program: this operation cannot go on. Carries what happened, where in the user's files,
/// what was being done (innermost first) and the way out. Messages start in lower case and have no full stop.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  Error& at(Location location);              ///< where in the user's file; the first call wins
  Error& hint(std::string way_out);          ///< the way out; the first call wins
  Error& while_doing(std::string activity);  ///< context, e.g. "reading wheel `x`"; appended
  Error& also(Error other);                  ///< another mistake found in the same run (see Diagnostics)

  const char* what() const noexcept override { return message_.c_str(); }
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const Location& location() const { return location_; }
  const std::string& hint_text() const { return hint_; }
  const std::vector<std::string>& context() const { return context_; }
  const std::vector<Error>& others() const { return others_; }

 private:
  ErrorKind kind_;
  std::string message_;
  Location location_;
  std::string hint_;
  std::vector<std::string> context_;
  std::vector<Error> others_;
};

/// Collects mistakes so that five of them are five messages in one run.
class Diagnostics {
 public:
  void add(Error error) { errors_.push_back(std::move(error)); }
  bool empty() const { return errors_.empty(); }
  const std::vector<Error>& errors() const { return errors_; }
  /// Throws the first error with the rest attached by also(); returns when there is none.
  void throw_if_any() const;

 private:
  std::vector<Error> errors_;
};

/// Runs `body`; an Error that leaves it gets `describe()` as context. `describe` runs only on failure.
template <class Describe, class Body>
decltype(auto) with_context(Describe&& describe, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.while_doing(std::forward<Describe>(describe)());
    throw;
  }
}

}  // namespace mlbuild
