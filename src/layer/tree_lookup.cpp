#include "overlay_marks.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/layer/tree.hpp"

#include <sys/stat.h>

#include <string>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

enum class Answer { Shown, Hidden, NotHere };

/// What one tree says of the path: it has it, or it hides it from the trees below, or it says nothing.
Answer look_up(const fs::path& tree, std::string_view path) {
  fs::path reached = tree;
  bool opaque = is_opaque(tree);
  const std::vector<std::string_view> components = split(path, '/');
  for (std::size_t i = 0; i < components.size(); ++i) {
    reached /= components[i];
    struct stat status {};
    if (::lstat(reached.c_str(), &status) != 0) return opaque ? Answer::Hidden : Answer::NotHere;
    if (is_whiteout(reached, status)) return Answer::Hidden;
    if (i + 1 == components.size()) return Answer::Shown;
    if (!S_ISDIR(status.st_mode)) return Answer::Hidden;  // a file or link where trees below have a directory
    opaque = opaque || is_opaque(reached);
  }
  return Answer::Shown;
}

}  // namespace

std::optional<fs::path> find_in_trees(const std::vector<fs::path>& trees, std::string_view path) {
  for (auto tree = trees.rbegin(); tree != trees.rend(); ++tree) {
    const Answer answer = look_up(*tree, path);
    if (answer == Answer::Shown) return *tree / path;
    if (answer == Answer::Hidden) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace mlbuild
