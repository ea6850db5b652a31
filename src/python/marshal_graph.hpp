#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/python/pyc.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// A code object and all that hangs on it, as marshal (version 4, CPython 3.8 to 3.13) writes it: each value once,
/// wherever and however often the file has it. Code objects are the exception: two of them stay two, as the compiler
/// made them.
///
/// Points into `marshalled`, which must outlive it. The constructor throws Error{Foreign} for what no compiler writes.
class MarshalGraph {
 public:
  MarshalGraph(ByteSpan marshalled, const PycFormat::CodeLayout& layout);

  /// Appends the code object in canonical form: docs/formats/pyc.md.
  void write(Bytes& out) const;

 private:
  friend class MarshalReader;
  friend class MarshalWriter;
  using NodeId = std::uint32_t;

  struct Node {
    char type = 0;         ///< of strings: 'a' ASCII, 'u' UTF-8; of tuples: '('
    bool is_name = false;  ///< a string that stands where identifiers are
    ByteSpan bytes;        ///< leaves: the value as it is in the file; code: its numbers
    std::uint32_t first_child = 0, child_count = 0;
    std::uint32_t line = 0;    ///< code: the first line
    std::uint32_t height = 0;  ///< of the tree below it
  };

  const PycFormat::CodeLayout& layout_;
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  NodeId root_ = 0;
};

}  // namespace mlbuild::python
