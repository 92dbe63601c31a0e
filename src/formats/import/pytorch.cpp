#include "formats/import/pytorch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "formats/import/pytorch_storages.h"
#include "formats/import/strided_tensor.h"

namespace spinenet::formats {
namespace {

constexpr std::array<std::string_view, 8> kWrappers{"state_dict_ema", "model_ema", "ema_state_dict",   "ema",
                                                    "state_dict",     "model",     "model_state_dict", "net"};
constexpr int kMaxWrappers = 2, kMaxAround = 4;  // around the mapping, and around a tensor
constexpr int kMaxDepth = 64;                    // of modules
constexpr size_t kMaxTensors = 200'000;
constexpr size_t kMaxNameBytes = 16'000'000;  // of all names together, which modules in modules repeat
constexpr uint64_t kMaxRepeated = 1'000'000;  // elements of a tensor that are the same ones again and again
constexpr size_t kNamedKeys = 8;              // in a message

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// A call of a name with its arguments, or nothing.
struct PickleCall {
  std::string_view name;
  const std::vector<PickleRef>* arguments = nullptr;
};

class CheckpointReader {
 public:
  CheckpointReader(std::shared_ptr<const FileBytes> file, PytorchFile opened)
      : file_(std::move(file)), storages_(std::move(opened.storages)), object_(std::move(opened.object)) {
    result_.place = file_->place();
    result_.format = fmt::format("PyTorch ({})", opened.layout);
  }

  SourceTensors read() {
    const PickleNode& root = object_.at(object_.root);
    collect(root, 0);
    if (result_.tensors.empty()) refuse_without_tensors(root);
    drop_prefixes(result_);
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorKind::bad_data, what, file_->place(), kDamagedFile);
  }

  // Where the tensors are -------------------------------------------------------------------------------------------

  // False where there are none.
  bool collect(const PickleNode& node, int depth) {
    if (depth > kMaxWrappers) return false;
    if (is_module(node)) {
      collect_module(node, "", 0);
      return !result_.tensors.empty();
    }
    if (node.kind != PickleKind::dict) return false;
    for (const std::string_view key : kWrappers) {
      const PickleNode* inner = object_.find(node, key);
      if (inner == nullptr || !collect(*inner, depth + 1)) continue;
      result_.opened = fmt::format("{}{}{}", key, result_.opened.empty() ? "" : ", ", result_.opened);
      for (const auto& [name, value] : node.pairs) {
        if (&object_.at(value) != inner) add_other(text_of(name), object_.at(value));
      }
      return true;
    }
    const bool has_tensors =
        std::ranges::any_of(node.pairs, [&](const auto& pair) { return is_tensor(object_.at(pair.second)); });
    if (!has_tensors) return false;
    for (const auto& [name, value] : node.pairs) add(text_of(name), object_.at(value));
    return true;
  }

  bool is_module(const PickleNode& node) const {
    if (node.kind != PickleKind::call) return false;
    const PickleNode& state = object_.at(node.state);
    return object_.find(state, "_parameters") != nullptr && object_.find(state, "_modules") != nullptr;
  }

  void collect_module(const PickleNode& module, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) refuse("modules lie in modules more than 64 deep");
    count_name(prefix);
    const PickleNode& state = object_.at(module.state);
    for (const char* part : {"_parameters", "_buffers"}) {
      const PickleNode* tensors = object_.find(state, part);
      if (tensors == nullptr) continue;
      for (const auto& [name, value] : tensors->pairs) {
        if (object_.at(value).kind != PickleKind::none) add(prefix + text_of(name), object_.at(value));
      }
    }
    for (const auto& [name, value] : object_.find(state, "_modules")->pairs) {
      if (++modules_ > kMaxTensors) refuse("modules lie in each other again and again");
      const PickleNode& inner = object_.at(value);
      if (is_module(inner)) collect_module(inner, prefix + text_of(name) + ".", depth + 1);
    }
  }

  void count_name(const std::string& name) {
    name_bytes_ += name.size();
    if (name_bytes_ > kMaxNameBytes) refuse(fmt::format("its names have more than {} bytes together", kMaxNameBytes));
  }

  [[noreturn]] void refuse_without_tensors(const PickleNode& root) const {
    std::vector<std::string> keys;
    for (const auto& [name, value] : root.pairs) {
      if (keys.size() == kNamedKeys) break;
      const PickleNode& held = object_.at(value);
      keys.push_back(printable(text_of(name)));
      if (held.kind == PickleKind::call) keys.back() += fmt::format(" ({})", what_is(held));
    }
    const std::string holds = root.kind == PickleKind::dict && !keys.empty()
                                  ? fmt::format("its keys are {}", fmt::join(keys, ", "))
                                  : fmt::format("it is {}", what_is(root));
    fail(ErrorKind::bad_data, fmt::format("holds no mapping of names to tensors: {}", holds), file_->place(),
         "save model.state_dict() alone");
  }

  // What a value is --------------------------------------------------------------------------------------------------

  std::string text_of(PickleRef ref) const {
    const PickleNode& node = object_.at(ref);
    return node.kind == PickleKind::integer ? std::to_string(node.integer) : node.text;
  }

  PickleCall call_of(const PickleNode& node) const {
    if (node.kind != PickleKind::call) return {};
    const PickleNode &callee = object_.at(node.callee), &arguments = object_.at(node.arguments);
    if (callee.kind != PickleKind::global || arguments.kind != PickleKind::tuple) return {};
    return {callee.text, &arguments.items};
  }

  // The call that makes a tensor, without the parameters and classes around it.
  PickleCall tensor_call(const PickleNode& node, int depth = 0) const {
    const PickleCall call = call_of(node);
    if (call.arguments == nullptr || depth > kMaxAround) return {};
    const std::vector<PickleRef>& arguments = *call.arguments;
    if (is_one_of(call.name, {"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"})) return call;
    if (is_one_of(call.name, {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"})) {
      return arguments.empty() ? PickleCall{} : tensor_call(object_.at(arguments.front()), depth + 1);
    }
    if (call.name == "torch._tensor._rebuild_from_type_v2" && arguments.size() >= 3) {
      const PickleNode &callee = object_.at(arguments[0]), &inner = object_.at(arguments[2]);
      if (callee.text == "torch._utils._rebuild_tensor_v2" && inner.kind == PickleKind::tuple) {
        return {callee.text, &inner.items};
      }
    }
    return {};
  }
  bool is_tensor(const PickleNode& node) const { return tensor_call(node).arguments != nullptr; }

  // The first name of a class or function that the value hangs on.
  std::string what_is(const PickleNode& node) const {
    switch (node.kind) {
      case PickleKind::none:
        return "None";
      case PickleKind::boolean:
      case PickleKind::integer:
      case PickleKind::long_integer:
      case PickleKind::real:
        return "a number";
      case PickleKind::text:
      case PickleKind::bytes:
        return "text";
      case PickleKind::list:
      case PickleKind::tuple:
      case PickleKind::set:
        return fmt::format("a list of {}", node.items.size());
      case PickleKind::dict:
        return fmt::format("a dict of {}", node.pairs.size());
      case PickleKind::global:
        return fmt::format("the name {}, which is not looked up", printable(node.text));
      case PickleKind::call: {
        if (is_tensor(node)) return "a tensor";
        const PickleNode& callee = object_.at(node.callee);
        const std::string name = callee.kind == PickleKind::persistent ? saved_class(object_, callee) : callee.text;
        return name.empty() ? "an object of an object, which is not run"
                            : fmt::format("an object that depends on {}, which is not run", printable(name));
      }
      case PickleKind::persistent:
        return "a storage";
    }
    return "";
  }

  void add_other(const std::string& name, const PickleNode& node) {
    result_.others.insert_or_assign(name, what_is(node));
  }

  void add_unreadable(const std::string& name, const std::string& why) {
    SourceTensor tensor;
    tensor.unreadable = why;
    tensor.read = [place = file_->place(), name, why]() -> std::vector<float> {
      fail(ErrorKind::bad_data, fmt::format("tensor \"{}\": {}", printable(name), why), place,
           "save it as a plain tensor of floats, in a state_dict");
    };
    result_.tensors.insert_or_assign(name, std::move(tensor));
  }

  // A value that stands where tensors are.
  void add(const std::string& name, const PickleNode& node) {
    if (++added_ > kMaxTensors) refuse(fmt::format("there are more than {} tensors", kMaxTensors));
    count_name(name);
    const PickleCall call = tensor_call(node);
    if (call.arguments != nullptr) return add_tensor(name, *call.arguments);
    if (node.kind == PickleKind::call) return add_unreadable(name, what_is(node));
    add_other(name, node);
  }

  std::vector<int64_t> integers(const PickleNode& node, const std::string& name) const {
    std::vector<int64_t> values;
    for (const PickleRef ref : node.items) {
      const PickleNode& item = object_.at(ref);
      if (item.kind != PickleKind::integer) refuse(fmt::format("tensor \"{}\": a size is no number", printable(name)));
      values.push_back(item.integer);
    }
    return values;
  }

  // Whether the seventh argument says that the tensor's values are those of its storage in another form.
  bool is_view_of_other_values(const std::vector<PickleRef>& arguments) const {
    constexpr size_t kMetadata = 6;
    if (arguments.size() <= kMetadata) return false;
    return std::ranges::any_of(std::array{"neg", "conj"}, [&](const char* key) {
      const PickleNode* set = object_.find(object_.at(arguments[kMetadata]), key);
      return set != nullptr && set->integer != 0;
    });
  }

  // storage, first element, sizes, strides, ...
  void add_tensor(const std::string& name, const std::vector<PickleRef>& arguments) {
    const std::string shown = printable(name);
    if (arguments.size() < 4 || object_.at(arguments[0]).kind != PickleKind::persistent ||
        object_.at(arguments[1]).kind != PickleKind::integer || object_.at(arguments[1]).integer < 0) {
      refuse(fmt::format("tensor \"{}\" is not made of a storage, a place in it, sizes and strides", shown));
    }
    const StorageId id = storage_id(object_, object_.at(arguments[0]), file_->place());
    if (!id.type)
      return add_unreadable(name,
                            fmt::format("its elements are {}, no numbers that become floats", printable(id.type_name)));
    const auto found = storages_.find(id.key);
    if (found == storages_.end()) refuse(fmt::format("tensor \"{}\": storage {} is missing", shown, printable(id.key)));
    if (id.whole > found->second.size / id.width) {
      refuse(fmt::format("tensor \"{}\": its storage of {} elements has only {} bytes", shown, id.whole,
                         found->second.size));
    }
    if (is_view_of_other_values(arguments)) return add_unreadable(name, "is a negated or conjugated view");
    StridedTensor view{{*id.type, found->second.begin + id.first * id.width, id.count},
                       static_cast<uint64_t>(object_.at(arguments[1]).integer),
                       integers(object_.at(arguments[2]), name),
                       integers(object_.at(arguments[3]), name)};
    if (const std::string fault = check_strides(view); !fault.empty()) {
      refuse(fmt::format("tensor \"{}\": {}", shown, fault));
    }
    if (view.elements > kMaxRepeated && view.elements > view.storage.count) {
      return add_unreadable(
          name, fmt::format("repeats {} values of its storage until they are {}", view.storage.count, view.elements));
    }
    SourceTensor tensor;
    tensor.shape = view.shape;
    tensor.type = name_of(*id.type);
    tensor.read = [file = file_, view = std::move(view)] { return read_strided(*file, view); };
    result_.tensors.insert_or_assign(name, std::move(tensor));
  }

  std::shared_ptr<const FileBytes> file_;
  std::map<std::string, ZipEntry> storages_;
  Pickle object_;
  size_t modules_ = 0, added_ = 0, name_bytes_ = 0;
  SourceTensors result_;
};

// PROTO of 2 to 5; since protocol 4 FRAME with its length; LONG1 of 10 bytes, the magic number.
bool is_row_of_pickles(const FileBytes& file) {
  constexpr std::string_view kMagic{"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12};
  constexpr size_t kProtocol = 2, kFrame = 9;
  std::string beginning = file.read_at_most(0, kProtocol + kFrame + kMagic.size());
  if (beginning.size() < kProtocol || beginning[0] != '\x80' || beginning[1] < 2 || beginning[1] > 5) return false;
  beginning.erase(0, kProtocol);
  if (beginning.starts_with('\x95')) beginning.erase(0, kFrame);
  return beginning.starts_with(kMagic);
}

// The magic number as the text that protocols 0 and 1 have for it.
bool is_row_of_texts(const FileBytes& file) {
  constexpr std::string_view kBeginning = "L119547037146038801333356L\n";
  return file.read_at_most(0, kBeginning.size()) == kBeginning;
}

bool is_tar(const FileBytes& file) {
  return file.read_at_most(257, 5) == "ustar";
}

}  // namespace

bool is_pytorch(const FileBytes& file) {
  return is_zip(file) || is_row_of_pickles(file) || is_row_of_texts(file) || is_tar(file);
}

SourceTensors read_pytorch(const std::shared_ptr<const FileBytes>& file) {
  if (is_tar(*file)) {
    fail(ErrorKind::unsupported, "a tar file, as PyTorch wrote before version 0.2", file->place(),
         "load it with PyTorch and save it again");
  }
  if (is_row_of_texts(*file)) {
    fail(ErrorKind::unsupported, "written with pickle's protocol 0 or 1, in text", file->place(), kTextPickleRemedy);
  }
  return CheckpointReader(file, open_pytorch(*file)).read();
}

}  // namespace spinenet::formats
