// Python/marshal.c of CPython, format version 4. The file is a tree in which an object may be marked (FLAG_REF); marked
// ones are numbered in the order in which they begin, and TYPE_REF stands for one of them. The compiler marks what
// something else in its process holds, so marks and numbers differ between runs. Reading gives the tree by value: equal
// values are one node, found by a table of hashes. Writing marks exactly what is needed again.
#include "marshal_graph.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>

namespace mlbuild::python {
namespace {

constexpr std::uint8_t kFlagRef = 0x80;
constexpr unsigned kMaxDepth =
    500;  // the interpreter reads 2000, its compiler nests far less; each level is 4 frames of ours
constexpr std::size_t kSortedLimitBytes = std::size_t{16} << 20U;  // of all sets of a file, as text
constexpr std::uint32_t kShortLength = 256;
constexpr std::uint32_t kNone = 0xffffffff;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("bytecode is malformed: {}", why));
}

std::size_t mixed(std::size_t hash, std::size_t value) { return (hash ^ value) * 0x9e3779b97f4a7c15U + (hash >> 29U); }

void put_u32(Bytes& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

void put(Bytes& out, ByteSpan bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// Objects/codeobject.c, all_name_chars: such constants are interned whenever a code object is made.
bool has_name_characters_only(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

class MarshalReader {
 public:
  using Node = MarshalGraph::Node;
  using NodeId = MarshalGraph::NodeId;

  MarshalReader(MarshalGraph& graph, ByteSpan input) : graph_(graph), rest_(input) {
    std::size_t slots = 64;
    while (slots < input.size() / 8) slots *= 2;
    table_.assign(slots, kNone);
  }

  void read() {
    graph_.root_ = object(0);
    if (node(graph_.root_).type != 'c') refuse("it holds no code object");
    if (!rest_.empty()) refuse("bytes behind the code object");
  }

 private:
  Node& node(NodeId id) { return graph_.nodes_[id]; }
  NodeId child(NodeId id, std::size_t index) { return graph_.children_[node(id).first_child + index]; }

  ByteSpan take(std::size_t count) {
    if (count > rest_.size()) refuse("it ends early");
    const ByteSpan taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::uint8_t take_u8() { return std::to_integer<std::uint8_t>(take(1)[0]); }
  std::uint32_t take_u32() {
    const ByteSpan bytes = take(4);
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
  }

  NodeId object(unsigned depth) {
    if (depth > kMaxDepth) refuse("it is nested too deeply");
    const std::uint8_t byte = take_u8();
    const char type = static_cast<char>(byte & ~kFlagRef);
    if (type == 'r') return referred(take_u32());
    const std::size_t slot = marked_.size();
    const bool is_marked = (byte & kFlagRef) != 0;
    if (is_marked) marked_.push_back(kNone);
    const NodeId id = value(type, depth);
    if (is_marked) marked_[slot] = id;
    return id;
  }

  NodeId referred(std::uint32_t number) const {
    if (number >= marked_.size()) refuse("it refers to an object that it does not have");
    if (marked_[number] == kNone) refuse("an object contains itself");
    return marked_[number];
  }

  NodeId value(char type, unsigned depth) {
    switch (type) {
      case 'N':  // None
      case 'T':
      case 'F':
      case '.':  // Ellipsis
        return leaf(type, {});
      case 'i':
        return leaf(type, take(4));
      case 'g':
        return leaf(type, take(8));
      case 'y':
        return leaf(type, take(16));
      case 'l':
        return leaf(type, long_integer());
      case 's':
        return leaf('s', take(take_u32()));
      case 'z':
      case 'Z':
        return leaf('a', take(take_u8()));
      case 'a':
      case 'A':
        return leaf('a', take(take_u32()));
      case 'u':
      case 't':
        return leaf('u', take(take_u32()));
      case ')':
        return tuple(take_u8(), depth);
      case '(':
        return tuple(take_u32(), depth);
      case '>':
        return frozen_set(take_u32(), depth);
      case 'c':
        return code(depth);
      default:
        refuse(fmt::format("an object of type {:#04x}", static_cast<unsigned char>(type)));
    }
  }

  ByteSpan long_integer() {
    const ByteSpan start = rest_;
    const auto digits = static_cast<std::int32_t>(take_u32());
    const std::uint64_t count = digits < 0 ? 0 - static_cast<std::int64_t>(digits) : digits;
    take(static_cast<std::size_t>(count) * 2);
    return start.first(4 + static_cast<std::size_t>(count) * 2);
  }

  /// The node of an equal value, or the new one.
  template <class IsEqual>
  NodeId unique(const Node& made, std::size_t hash, const IsEqual& is_equal) {
    if ((graph_.nodes_.size() + 1) * 2 > table_.size()) grow();
    std::size_t slot = hash & (table_.size() - 1);
    for (; table_[slot] != kNone; slot = (slot + 1) & (table_.size() - 1)) {
      const NodeId id = table_[slot];
      if (hashes_[id] == hash && is_equal(node(id))) return id;
    }
    const NodeId id = add(made, hash);
    table_[slot] = id;
    return id;
  }

  NodeId add(const Node& made, std::size_t hash) {
    graph_.nodes_.push_back(made);
    hashes_.push_back(hash);
    return static_cast<NodeId>(graph_.nodes_.size() - 1);
  }

  void grow() {
    table_.assign(table_.size() * 2, kNone);
    for (NodeId id = 0; id < graph_.nodes_.size(); ++id) {
      if (node(id).type == 'c') continue;  // never looked for
      std::size_t slot = hashes_[id] & (table_.size() - 1);
      while (table_[slot] != kNone) slot = (slot + 1) & (table_.size() - 1);
      table_[slot] = id;
    }
  }

  NodeId leaf(char type, ByteSpan bytes) {
    const std::size_t hash = mixed(std::hash<std::string_view>()(as_text(bytes)), static_cast<std::size_t>(type));
    Node made;
    made.type = type;
    made.bytes = bytes;
    return unique(made, hash,
                  [&](const Node& other) { return other.type == type && std::ranges::equal(other.bytes, bytes); });
  }

  /// Children wait on a stack of their own until their parent is complete, so that each node's are side by side.
  std::size_t read_children(std::uint64_t count, unsigned depth) {
    if (count > rest_.size()) refuse("it ends early");  // an object has at least a byte
    const std::size_t begin = waiting_.size();
    for (std::uint64_t i = 0; i < count; ++i) {
      const NodeId id = object(depth + 1);
      waiting_.push_back(id);
    }
    return begin;
  }

  void adopt(Node& parent, std::size_t begin) {
    parent.first_child = static_cast<std::uint32_t>(graph_.children_.size());
    parent.child_count = static_cast<std::uint32_t>(waiting_.size() - begin);
    const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(begin);
    for (auto id = first; id != waiting_.end(); ++id) parent.height = std::max(parent.height, node(*id).height + 1);
    if (parent.height > kMaxDepth) refuse("it is nested too deeply");  // by references it may be, whatever `depth` is
    graph_.children_.insert(graph_.children_.end(), first, waiting_.end());
    waiting_.erase(first, waiting_.end());
  }

  NodeId container(char type, std::size_t begin) {
    std::size_t hash = mixed(static_cast<std::size_t>(type), waiting_.size() - begin);
    for (std::size_t i = begin; i < waiting_.size(); ++i) hash = mixed(hash, waiting_[i]);
    Node made;
    made.type = type;
    const std::size_t kept = graph_.children_.size();
    adopt(made, begin);
    const auto* mine = graph_.children_.data() + made.first_child;
    const NodeId id = unique(made, hash, [&](const Node& other) {
      return other.type == type &&
             std::equal(mine, mine + (graph_.children_.size() - kept), graph_.children_.data() + other.first_child,
                        graph_.children_.data() + other.first_child + other.child_count);
    });
    if (node(id).first_child != kept) graph_.children_.resize(kept);  // an equal one was there already
    return id;
  }

  NodeId tuple(std::uint64_t count, unsigned depth) { return container('(', read_children(count, depth)); }

  /// The order in which a set gives its elements depends on the hash seed before 3.11.
  NodeId frozen_set(std::uint64_t count, unsigned depth) {
    const std::size_t begin = read_children(count, depth);
    std::vector<std::pair<std::string, NodeId>> elements;
    for (std::size_t i = begin; i < waiting_.size(); ++i) {
      std::string text;
      describe(waiting_[i], text);
      elements.emplace_back(std::move(text), waiting_[i]);
    }
    std::ranges::sort(elements);
    for (std::size_t i = begin; i < waiting_.size(); ++i) waiting_[i] = elements[i - begin].second;
    return container('>', begin);
  }

  /// The value as text that depends on nothing else.
  void describe(NodeId id, std::string& text) {
    const Node& described = node(id);
    const std::size_t size = described.bytes.size() + 8;
    if (size > set_budget_bytes_) refuse("sets that are too large");
    set_budget_bytes_ -= size;
    if (described.type == 'c') refuse("a set of code objects");
    text += fmt::format("{}{}:", described.type, std::max<std::size_t>(described.bytes.size(), described.child_count));
    text += as_text(described.bytes);
    for (std::size_t i = 0; i < described.child_count; ++i) describe(child(id, i), text);
  }

  NodeId code(unsigned depth) {
    const PycFormat::CodeLayout& layout = graph_.layout_;
    Node made;
    made.type = 'c';
    made.bytes = take(std::size_t{4} * layout.numbers);
    const std::size_t begin = read_children(layout.objects, depth);
    for (std::size_t i = 0; i < layout.objects; ++i) note_names(waiting_[begin + i], i);
    made.line = take_u32();
    read_children(layout.objects_behind_line, depth);
    adopt(made, begin);
    return add(made, 0);
  }

  void note_names(NodeId id, std::size_t field) {
    const PycFormat::CodeLayout& layout = graph_.layout_;
    if ((layout.names >> field & 1U) != 0) note_name(id);
    if ((layout.name_tuples >> field & 1U) == 0) return;
    if (node(id).type != '(') refuse("names that are no tuple");
    for (std::size_t i = 0; i < node(id).child_count; ++i) note_name(child(id, i));
  }

  void note_name(NodeId id) {
    if (node(id).type != 'a' && node(id).type != 'u') refuse("a name that is no string");
    node(id).is_name = true;
  }

  MarshalGraph& graph_;
  ByteSpan rest_;
  std::vector<NodeId> marked_;   // FLAG_REF, in order; kNone while the object is being read
  std::vector<NodeId> waiting_;  // children whose parent is being read
  std::size_t set_budget_bytes_ = kSortedLimitBytes;
  std::vector<std::size_t> hashes_;
  std::vector<NodeId> table_;  // open addressing
};

class MarshalWriter {
 public:
  using Node = MarshalGraph::Node;
  using NodeId = MarshalGraph::NodeId;

  MarshalWriter(const MarshalGraph& graph, Bytes& out)
      : graph_(graph),
        out_(out),
        is_shared_(graph.nodes_.size()),
        was_seen_(graph.nodes_.size()),
        number_(graph.nodes_.size(), kNone) {}

  void write() {
    note_uses(graph_.root_);
    object(graph_.root_);
  }

 private:
  void note_uses(NodeId id) {
    if (was_seen_[id]) {
      is_shared_[id] = true;
      return;
    }
    was_seen_[id] = true;
    const Node& used = graph_.nodes_[id];
    for (std::uint32_t i = 0; i < used.child_count; ++i) note_uses(graph_.children_[used.first_child + i]);
  }

  /// Like marshal itself: the four that are always the same object are never referred to.
  static bool is_constant(char type) { return type == 'N' || type == 'T' || type == 'F' || type == '.'; }

  void object(NodeId id) {
    const Node& written = graph_.nodes_[id];
    if (number_[id] != kNone) {
      out_.push_back(std::byte{'r'});
      put_u32(out_, number_[id]);
      return;
    }
    std::uint8_t flag = 0;
    if (is_shared_[id] && !is_constant(written.type)) {
      flag = kFlagRef;
      number_[id] = next_number_++;
    }
    value(written, flag);
  }

  void begin(char type, std::uint8_t flag) {
    out_.push_back(static_cast<std::byte>(static_cast<std::uint8_t>(type) | flag));
  }

  void value(const Node& written, std::uint8_t flag) {
    switch (written.type) {
      case 'a':
      case 'u':
        return text(written, flag);
      case 's':
        begin('s', flag);
        put_u32(out_, static_cast<std::uint32_t>(written.bytes.size()));
        return put(out_, written.bytes);
      case '(':
        return length(')', '(', written.child_count, flag), children(written, 0, written.child_count);
      case '>':
        begin('>', flag);
        put_u32(out_, written.child_count);
        return children(written, 0, written.child_count);
      case 'c':
        begin('c', flag);
        put(out_, written.bytes);
        children(written, 0, graph_.layout_.objects);
        put_u32(out_, written.line);
        return children(written, graph_.layout_.objects, written.child_count);
      default:
        begin(written.type, flag);
        put(out_, written.bytes);
    }
  }

  void text(const Node& written, std::uint8_t flag) {
    const bool is_interned =
        written.is_name || (written.type == 'a' && has_name_characters_only(as_text(written.bytes)));
    const auto size = static_cast<std::uint32_t>(written.bytes.size());
    if (written.type == 'u') {
      begin(is_interned ? 't' : 'u', flag);
      put_u32(out_, size);
    } else {
      length(is_interned ? 'Z' : 'z', is_interned ? 'A' : 'a', size, flag);
    }
    put(out_, written.bytes);
  }

  void length(char short_type, char long_type, std::uint32_t length, std::uint8_t flag) {
    if (length < kShortLength) {
      begin(short_type, flag);
      out_.push_back(static_cast<std::byte>(length));
    } else {
      begin(long_type, flag);
      put_u32(out_, length);
    }
  }

  void children(const Node& parent, std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) object(graph_.children_[parent.first_child + i]);
  }

  const MarshalGraph& graph_;
  Bytes& out_;
  std::vector<bool> is_shared_, was_seen_;
  std::vector<std::uint32_t> number_;  // of what is marked already
  std::uint32_t next_number_ = 0;
};

MarshalGraph::MarshalGraph(ByteSpan marshalled, const PycFormat::CodeLayout& layout) : layout_(layout) {
  MarshalReader(*this, marshalled).read();
}

void MarshalGraph::write(Bytes& out) const { MarshalWriter(*this, out).write(); }

}  // namespace mlbuild::python
