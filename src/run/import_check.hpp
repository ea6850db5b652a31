#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Python's program that imports the modules it is given as arguments, one after another, and says how each went.
std::string_view import_program();

struct FailedImport {
  std::string module;
  std::string traceback;  ///< empty: the interpreter ended in it
};

/// What the program's output says of `modules`; other output of the modules is passed over.
std::vector<FailedImport> read_import_results(std::string_view output, const std::vector<std::string>& modules);

/// The last file that a traceback goes through, absolute in the image; "" when there is none.
std::string last_file(std::string_view traceback);

}  // namespace mlbuild
