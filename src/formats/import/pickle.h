// Python's pickle as plain data: a machine that executes nothing.
//
// Text, numbers and containers become nodes of their kind. A name of a class or function is a node that holds the name;
// "calling" it makes a node that holds callee and arguments. What the names mean to Python is never looked up: a reader
// of checkpoints picks the few that it knows (formats/import/pytorch.h), all others stay names.
//
// Invariant: references are valid and may form any graph, cycles too (who walks it limits the depth). There are at most
// kMaxPickleObjects nodes, as many entries of the stack, marks and remembered objects at a time; the rest of what a
// pickle can make grow is no larger than its bytes.
// Opcodes of protocols 2 to 5 are known, but for extension codes and buffers outside the pickle, which are refused by
// number; the text forms of protocols 0 and 1 are ErrorKind::unsupported.
//
// Thread contract: pure functions.
// Source: Python's documentation of the module pickletools, which lists every opcode with its argument and effect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spinenet::formats {

inline constexpr size_t kMaxPickleObjects = 1'000'000;
inline constexpr std::string_view kTextPickleRemedy =
    "load it with PyTorch and save it again: torch.save(torch.load(FILE), FILE, pickle_protocol=2)";

using PickleRef = uint32_t;  // index in Pickle::nodes

enum class PickleKind {
  none,
  boolean,       // `integer` is 0 or 1
  integer,       // of 64 bits
  long_integer,  // `text` has its bytes, little-endian two's complement
  real,
  text,
  bytes,
  list,
  tuple,
  set,
  dict,
  global,     // `text` is "module.name"
  call,       // of `callee` with `arguments`; `state` is what was built into it
  persistent  // an object outside the pickle: items[0] is its id
};

struct PickleNode {
  PickleKind kind = PickleKind::none;
  int64_t integer = 0;
  double real = 0;
  std::string text = {};
  std::vector<PickleRef> items = {};                        // of lists, tuples, sets; what was appended to a call
  std::vector<std::pair<PickleRef, PickleRef>> pairs = {};  // of dicts; what was set in a call
  PickleRef callee = 0, arguments = 0, state = 0;           // of calls; node 0 is None
};

struct Pickle {
  std::vector<PickleNode> nodes;
  PickleRef root = 0;
  size_t bytes = 0;  // that it takes

  const PickleNode& at(PickleRef ref) const { return nodes[ref]; }
  // The value of a text key, or nullptr. Of several the last, as in Python.
  const PickleNode* find(const PickleNode& dict, std::string_view key) const;
};

// From the beginning of `bytes`; what follows its end stays unread. ErrorKind::bad_data with the byte that is wrong.
Pickle read_pickle(std::string_view bytes, std::string_view place);

}  // namespace spinenet::formats
