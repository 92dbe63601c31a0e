#include "formats/import/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "base/format.h"
#include "formats/import/file_bytes.h"

namespace spinenet::formats {
namespace {

// With their names in Python's pickletools.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyTuple = ')',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

// FLOAT, INT, LONG, STRING, UNICODE, DICT, LIST, PUT, GET, PERSID, INST.
constexpr std::string_view kTextOpcodes = "FILSVdlpgPi";

constexpr PickleRef kNoneRef = 0, kFalseRef = 1, kTrueRef = 2;
constexpr int kNewestProtocol = 5;

class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::string_view place) : bytes_(bytes), place_(place) {
    add({.kind = PickleKind::none});
    add({.kind = PickleKind::boolean});
    add({.kind = PickleKind::boolean, .integer = 1});
  }

  Pickle run() {
    while (true) {
      opcode_at_ = at_;
      check_growth();
      const auto opcode = static_cast<uint8_t>(take(1).front());
      if (opcode == kStop) break;
      if (!number(opcode) && !text(opcode) && !container(opcode) && !fill(opcode) && !object(opcode) && !memo(opcode)) {
        if (kTextOpcodes.find(static_cast<char>(opcode)) != std::string_view::npos) refuse_text(opcode);
        refuse(fmt::format("opcode 0x{:02x} is not known", opcode));
      }
    }
    pickle_.root = pop();
    pickle_.bytes = at_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorKind::bad_data, fmt::format("pickle, byte {}: {}", opcode_at_, what), place_, kDamagedFile);
  }

  [[noreturn]] void refuse_text(uint8_t opcode) const {
    fail(ErrorKind::unsupported,
         fmt::format("pickle, byte {}: opcode '{}' is of protocols 0 and 1, in text", opcode_at_,
                     static_cast<char>(opcode)),
         place_, kTextPickleRemedy);
  }

  // Each opcode adds one to each of them at most.
  void check_growth() const {
    const auto check = [&](size_t count, std::string_view what) {
      if (count > kMaxPickleObjects) refuse(fmt::format("there are more than {} {}", kMaxPickleObjects, what));
    };
    check(stack_.size(), "entries of the stack");
    check(marks_.size(), "marks");
    check(memo_.size(), "remembered objects");
  }

  // Bytes ------------------------------------------------------------------------------------------------------------

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) {
      refuse(fmt::format("{} bytes are needed, but {} follow", count, bytes_.size() - at_));
    }
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  // An unsigned little-endian number.
  uint64_t take_number(size_t width) {
    uint64_t value = 0;
    std::memcpy(&value, take(width).data(), width);
    return value;
  }

  std::string_view take_line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) refuse("a line does not end");
    const std::string_view line = take(end - at_);
    take(1);
    return line;
  }

  // Nodes and the stack ----------------------------------------------------------------------------------------------

  PickleRef add(PickleNode node) {
    if (pickle_.nodes.size() >= kMaxPickleObjects) {
      refuse(fmt::format("there are more than {} objects", kMaxPickleObjects));
    }
    pickle_.nodes.push_back(std::move(node));
    return static_cast<PickleRef>(pickle_.nodes.size() - 1);
  }
  void push(PickleNode node) { stack_.push_back(add(std::move(node))); }

  size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleRef pop() {
    if (stack_.size() <= bottom()) refuse("the stack is empty");
    const PickleRef top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleNode& top() {
    if (stack_.size() <= bottom()) refuse("the stack is empty");
    return pickle_.nodes[stack_.back()];
  }
  std::vector<PickleRef> pop_many(size_t count) {
    if (stack_.size() - bottom() < count) refuse("the stack is empty");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickleRef> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }
  // All since the last mark, which goes, too.
  std::vector<PickleRef> pop_to_mark() {
    if (marks_.empty()) refuse("there is no mark");
    std::vector<PickleRef> items = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  // Opcodes in groups; each gives whether it was one of its own -------------------------------------------------------

  void push_integer(int64_t value) { push({.kind = PickleKind::integer, .integer = value}); }

  void push_long(uint64_t width) {
    const std::string_view digits = take(width);
    if (width > sizeof(int64_t)) return push({.kind = PickleKind::long_integer, .text = std::string(digits)});
    uint64_t value = 0;
    std::memcpy(&value, digits.data(), width);
    if (width == 0) return push_integer(0);
    const auto unused = static_cast<int>(64 - 8 * width);
    push_integer(static_cast<int64_t>(value << unused) >> unused);
  }

  bool number(uint8_t opcode) {
    switch (opcode) {
      case kNone:
        stack_.push_back(kNoneRef);
        return true;
      case kNewFalse:
      case kNewTrue:
        stack_.push_back(opcode == kNewTrue ? kTrueRef : kFalseRef);
        return true;
      case kBinInt:
        push_integer(static_cast<int32_t>(take_number(4)));
        return true;
      case kBinInt1:
        push_integer(static_cast<int64_t>(take_number(1)));
        return true;
      case kBinInt2:
        push_integer(static_cast<int64_t>(take_number(2)));
        return true;
      case kLong1:
        push_long(take_number(1));
        return true;
      case kLong4:
        push_long(take_number(4));
        return true;
      case kBinFloat:
        push({.kind = PickleKind::real, .real = std::bit_cast<double>(__builtin_bswap64(take_number(8)))});
        return true;
      default:
        return false;
    }
  }

  bool text(uint8_t opcode) {
    const auto push_text = [&](PickleKind kind, size_t width) {
      const uint64_t length = take_number(width);
      push({.kind = kind, .text = std::string(take(length))});
      return true;
    };
    switch (opcode) {
      case kBinUnicode:
      case kBinString:
        return push_text(PickleKind::text, 4);
      case kShortBinUnicode:
      case kShortBinString:
        return push_text(PickleKind::text, 1);
      case kBinUnicode8:
        return push_text(PickleKind::text, 8);
      case kBinBytes:
        return push_text(PickleKind::bytes, 4);
      case kShortBinBytes:
        return push_text(PickleKind::bytes, 1);
      case kBinBytes8:
      case kByteArray8:
        return push_text(PickleKind::bytes, 8);
      default:
        return false;
    }
  }

  bool container(uint8_t opcode) {
    const auto push_items = [&](PickleKind kind, std::vector<PickleRef> items) {
      push({.kind = kind, .items = std::move(items)});
      return true;
    };
    switch (opcode) {
      case kEmptyList:
        return push_items(PickleKind::list, {});
      case kEmptyTuple:
        return push_items(PickleKind::tuple, {});
      case kEmptySet:
        return push_items(PickleKind::set, {});
      case kEmptyDict:
        return push_items(PickleKind::dict, {});
      case kTuple:
        return push_items(PickleKind::tuple, pop_to_mark());
      case kTuple1:
      case kTuple2:
      case kTuple3:
        return push_items(PickleKind::tuple, pop_many(opcode - kTuple1 + size_t{1}));
      case kFrozenSet:
        return push_items(PickleKind::set, pop_to_mark());
      default:
        return false;
    }
  }

  void append(const std::vector<PickleRef>& items) {
    PickleNode& to = top();
    if (to.kind != PickleKind::list && to.kind != PickleKind::set && to.kind != PickleKind::call) {
      refuse("appends to what is no list");
    }
    to.items.insert(to.items.end(), items.begin(), items.end());
  }

  void set(const std::vector<PickleRef>& items) {
    PickleNode& to = top();
    if (to.kind != PickleKind::dict && to.kind != PickleKind::call) refuse("sets a key in what is no dict");
    if (items.size() % 2 != 0) refuse("a key has no value");
    for (size_t i = 0; i < items.size(); i += 2) to.pairs.emplace_back(items[i], items[i + 1]);
  }

  bool fill(uint8_t opcode) {
    switch (opcode) {
      case kAppend:
        append(pop_many(1));
        return true;
      case kAppends:
      case kAddItems:
        append(pop_to_mark());
        return true;
      case kSetItem:
        set(pop_many(2));
        return true;
      case kSetItems:
        set(pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  void push_global(std::string_view module, std::string_view name) {
    push({.kind = PickleKind::global, .text = fmt::format("{}.{}", module, name)});
  }

  // The one class that is a container by itself.
  void push_call(PickleRef callee, PickleRef arguments) {
    const PickleNode& called = pickle_.at(callee);
    const PickleNode& given = pickle_.at(arguments);
    const bool is_dict = called.kind == PickleKind::global && called.text == "collections.OrderedDict";
    if (!is_dict || given.kind != PickleKind::tuple) {
      return push({.kind = PickleKind::call, .callee = callee, .arguments = arguments});
    }
    PickleNode dict{.kind = PickleKind::dict};
    if (!given.items.empty()) {
      const std::vector<PickleRef>& pairs = pickle_.at(given.items.front()).items;
      copied_ += pairs.size();
      if (copied_ > bytes_.size()) refuse("dicts are made of one list again and again");
      for (const PickleRef ref : pairs) {
        const std::vector<PickleRef>& pair = pickle_.at(ref).items;
        if (pair.size() != 2) refuse("an OrderedDict is made of what are no pairs");
        dict.pairs.emplace_back(pair[0], pair[1]);
      }
    }
    push(std::move(dict));
  }

  void build() {
    const PickleRef state = pop();
    PickleNode& to = top();
    if (to.kind == PickleKind::call || to.kind == PickleKind::dict) {
      to.state = state;  // a dict with attributes: the _metadata of a state_dict
    } else {
      refuse("gives a state to what has none");
    }
  }

  bool object(uint8_t opcode) {
    switch (opcode) {
      case kGlobal: {
        const std::string_view module = take_line();
        push_global(module, take_line());
        return true;
      }
      case kStackGlobal: {
        const std::vector<PickleRef> names = pop_many(2);
        const PickleNode &module = pickle_.at(names[0]), &name = pickle_.at(names[1]);
        if (module.kind != PickleKind::text || name.kind != PickleKind::text) refuse("a global's name is no text");
        push_global(module.text, name.text);
        return true;
      }
      case kReduce:
      case kNewObj: {
        const std::vector<PickleRef> parts = pop_many(2);
        push_call(parts[0], parts[1]);
        return true;
      }
      case kNewObjEx: {
        const std::vector<PickleRef> parts = pop_many(3);
        push({.kind = PickleKind::call, .callee = parts[0], .arguments = parts[1], .state = parts[2]});
        return true;
      }
      case kBuild:
        build();
        return true;
      case kBinPersId:
        push({.kind = PickleKind::persistent, .items = pop_many(1)});
        return true;
      default:
        return false;
    }
  }

  void remember(uint64_t index) {
    if (stack_.size() <= bottom()) refuse("the stack is empty");
    memo_[index] = stack_.back();
  }
  void recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) refuse(fmt::format("nothing is remembered as {}", index));
    stack_.push_back(found->second);
  }
  void begin_protocol(uint64_t protocol) {
    if (protocol > kNewestProtocol) {
      refuse(fmt::format("protocol {} is newer than {}, the newest that is known", protocol, kNewestProtocol));
    }
  }

  bool memo(uint8_t opcode) {
    switch (opcode) {
      case kMark:
        marks_.push_back(stack_.size());
        return true;
      case kPop:
        if (stack_.size() <= bottom() && !marks_.empty()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return true;
      case kPopMark:
        pop_to_mark();
        return true;
      case kDup:
        top();
        stack_.push_back(stack_.back());
        return true;
      case kBinPut:
        remember(take_number(1));
        return true;
      case kLongBinPut:
        remember(take_number(4));
        return true;
      case kMemoize:
        remember(memo_.size());
        return true;
      case kBinGet:
        recall(take_number(1));
        return true;
      case kLongBinGet:
        recall(take_number(4));
        return true;
      case kProto:
        begin_protocol(take_number(1));
        return true;
      case kFrame:
        take_number(8);
        return true;
      default:
        return false;
    }
  }

  std::string_view bytes_;
  std::string_view place_;
  size_t at_ = 0, opcode_at_ = 0;
  size_t copied_ = 0;  // pairs that are in two nodes
  std::vector<PickleRef> stack_;
  std::vector<size_t> marks_;  // the stack's size at each
  std::unordered_map<uint64_t, PickleRef> memo_;
  Pickle pickle_;
};

}  // namespace

const PickleNode* Pickle::find(const PickleNode& dict, std::string_view key) const {
  const PickleNode* found = nullptr;
  for (const auto& [name, value] : dict.pairs) {
    if (at(name).kind == PickleKind::text && at(name).text == key) found = &at(value);
  }
  return found;
}

Pickle read_pickle(std::string_view bytes, std::string_view place) {
  return PickleMachine(bytes, place).run();
}

}  // namespace spinenet::formats
