#include "formats/import/pytorch_storages.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::formats {
namespace {

// 0x1950a86a20f9469cfc6c as a pickle has it, and the version behind it.
constexpr std::string_view kPytorchMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
constexpr int64_t kPytorchVersion = 1001;

struct StorageType {
  std::string_view name;
  uint64_t width;
  std::optional<ElementType> type;
};
constexpr std::array<StorageType, 17> kStorageTypes{{
    {"torch.FloatStorage", 4, ElementType::f32},
    {"torch.HalfStorage", 2, ElementType::f16},
    {"torch.BFloat16Storage", 2, ElementType::bf16},
    {"torch.DoubleStorage", 8, ElementType::f64},
    {"torch.LongStorage", 8, ElementType::i64},
    {"torch.IntStorage", 4, ElementType::i32},
    {"torch.ShortStorage", 2, ElementType::i16},
    {"torch.CharStorage", 1, ElementType::i8},
    {"torch.ByteStorage", 1, ElementType::u8},
    {"torch.BoolStorage", 1, ElementType::boolean},
    {"torch.ComplexFloatStorage", 8, std::nullopt},
    {"torch.ComplexDoubleStorage", 16, std::nullopt},
    {"torch.QInt8Storage", 1, std::nullopt},
    {"torch.QUInt8Storage", 1, std::nullopt},
    {"torch.QInt32Storage", 4, std::nullopt},
    {"torch.UntypedStorage", 1, std::nullopt},
    {"torch.storage.UntypedStorage", 1, std::nullopt},
}};

[[noreturn]] void refuse_checkpoint(std::string_view what, std::string_view place) {
  fail(ErrorKind::bad_data, what, place, kDamagedFile);
}

[[noreturn]] void refuse_big_endian(std::string_view place) {
  fail(ErrorKind::unsupported, "its numbers are big-endian", place, "save it again with PyTorch on another machine");
}

uint64_t storage_count_of(const PickleNode& node, std::string_view place) {
  if (node.kind != PickleKind::integer || node.integer < 0) refuse_checkpoint("a storage's size is no count", place);
  return static_cast<uint64_t>(node.integer);
}

PytorchFile open_zip(const FileBytes& file) {
  constexpr std::string_view kPickle = "data.pkl";
  const std::map<std::string, ZipEntry> entries = read_zip(file);
  std::string folder;
  const ZipEntry* pickle = nullptr;
  for (const auto& [name, entry] : entries) {
    if (!name.ends_with(kPickle)) continue;
    if (pickle != nullptr) refuse_checkpoint("has more than one data.pkl", file.place());
    folder = name.substr(0, name.size() - kPickle.size());
    pickle = &entry;
  }
  if (pickle == nullptr) {
    fail(ErrorKind::bad_data, "a ZIP file without data.pkl is no PyTorch checkpoint", file.place(),
         "give the file that torch.save wrote");
  }
  if (entries.contains(folder + "constants.pkl")) {
    fail(ErrorKind::unsupported, "a program of TorchScript (torch.jit.save), no checkpoint", file.place(),
         "load it with torch.jit.load and save its state_dict() with torch.save");
  }
  if (pickle->size > kMaxPickleBytes) {
    refuse_checkpoint(fmt::format("data.pkl has {} bytes, more than {}", pickle->size, kMaxPickleBytes), file.place());
  }
  if (const auto order = entries.find(folder + "byteorder"); order != entries.end()) {
    if (file.read(order->second.begin, order->second.size) != "little") refuse_big_endian(file.place());
  }
  PytorchFile result{"ZIP", read_pickle(file.read(pickle->begin, pickle->size), file.place()), {}};
  const std::string data = folder + "data/";
  for (const auto& [name, entry] : entries) {
    if (name.starts_with(data)) result.storages.emplace(name.substr(data.size()), entry);
  }
  return result;
}

// Reads one pickle after the other.
class PickleRow {
 public:
  explicit PickleRow(const FileBytes& file) : file_(file), bytes_(file.read_at_most(0, kMaxPickleBytes)) {}
  Pickle next() {
    Pickle pickle =
        read_pickle(std::string_view(bytes_).substr(at_), fmt::format("{}: from byte {}", file_.place(), at_));
    at_ += pickle.bytes;
    return pickle;
  }
  uint64_t at() const { return at_; }

 private:
  const FileBytes& file_;
  std::string bytes_;
  size_t at_ = 0;
};

void check_beginning(PickleRow& row, std::string_view place) {
  const Pickle magic = row.next();
  if (magic.at(magic.root).text != kPytorchMagic)
    refuse_checkpoint("does not begin with PyTorch's magic number", place);
  const Pickle version = row.next();
  const PickleNode& number = version.at(version.root);
  if (number.kind != PickleKind::integer || number.integer != kPytorchVersion) {
    refuse_checkpoint(fmt::format("the layout's version is not {}", kPytorchVersion), place);
  }
  const Pickle sizes = row.next();
  const PickleNode* little = sizes.find(sizes.at(sizes.root), "little_endian");
  if (little != nullptr && little->kind == PickleKind::boolean && little->integer == 0) refuse_big_endian(place);
}

std::map<std::string, StorageId> ids_by_key(const Pickle& object, std::string_view place) {
  std::map<std::string, StorageId> ids;
  for (const PickleNode& node : object.nodes) {
    if (node.kind != PickleKind::persistent || !saved_class(object, node).empty()) continue;
    StorageId id = storage_id(object, node, place);
    const auto [found, is_new] = ids.emplace(id.key, id);
    if (!is_new && (found->second.width != id.width || found->second.whole != id.whole)) {
      refuse_checkpoint(fmt::format("storage {} has two types or sizes", printable(id.key)), place);
    }
  }
  return ids;
}

// Behind the pickles: for each key in turn its count of elements and their bytes.
void find_storages(const FileBytes& file, const Pickle& keys, uint64_t at, PytorchFile& result) {
  const std::map<std::string, StorageId> ids = ids_by_key(result.object, file.place());
  for (const PickleRef ref : keys.at(keys.root).items) {
    const std::string& key = keys.at(ref).text;
    const auto id = ids.find(key);
    if (id == ids.end())
      refuse_checkpoint(fmt::format("storage {} belongs to no tensor", printable(key)), file.place());
    if (id->second.width == 0) {
      fail(ErrorKind::unsupported,
           fmt::format("storage {} is of the unknown type {}", printable(key), printable(id->second.type_name)),
           file.place(), "save the weights alone again, with a newer PyTorch");
    }
    uint64_t count = 0;
    std::memcpy(&count, file.read(at, sizeof count).data(), sizeof count);
    at += sizeof count;
    if (count != id->second.whole) {
      refuse_checkpoint(
          fmt::format("storage {} has {} elements, its tensors say {}", printable(key), count, id->second.whole),
          file.place());
    }
    const uint64_t left = file.size() - at;
    if (count > left / id->second.width) {
      refuse_checkpoint(
          fmt::format("storage {} of {} elements ends behind the file's {} bytes", printable(key), count, file.size()),
          file.place());
    }
    if (!result.storages.emplace(key, ZipEntry{at, count * id->second.width}).second) {
      refuse_checkpoint(fmt::format("storage {} is there twice", printable(key)), file.place());
    }
    at += count * id->second.width;
  }
  if (at != file.size())
    refuse_checkpoint(fmt::format("{} bytes follow the last storage", file.size() - at), file.place());
}

PytorchFile open_row(const FileBytes& file) {
  PytorchFile result;
  result.layout = "before 1.6";
  Pickle keys;
  uint64_t at = 0;
  {
    PickleRow row(file);
    check_beginning(row, file.place());
    result.object = row.next();
    keys = row.next();
    at = row.at();
  }
  find_storages(file, keys, at, result);
  return result;
}

}  // namespace

std::string saved_class(const Pickle& pickle, const PickleNode& persistent) {
  const PickleNode& tuple = pickle.at(persistent.items.front());
  if (tuple.kind != PickleKind::tuple || tuple.items.size() < 2) return "";
  const PickleNode &kind = pickle.at(tuple.items[0]), &name = pickle.at(tuple.items[1]);
  const bool is_class = kind.kind == PickleKind::text && kind.text == "module" && name.kind == PickleKind::global;
  return is_class ? name.text : "";
}

StorageId storage_id(const Pickle& pickle, const PickleNode& persistent, std::string_view place) {
  const PickleNode& tuple = pickle.at(persistent.items.front());
  const auto item = [&](size_t i) -> const PickleNode& { return pickle.at(tuple.items[i]); };
  const bool is_storage = tuple.kind == PickleKind::tuple && tuple.items.size() >= 5 && item(0).text == "storage" &&
                          item(1).kind == PickleKind::global && item(2).kind == PickleKind::text;
  if (!is_storage) refuse_checkpoint("an object outside the pickle is no storage", place);
  StorageId id;
  id.type_name = item(1).text;
  id.key = item(2).text;
  id.count = id.whole = storage_count_of(item(4), place);
  for (const StorageType& type : kStorageTypes) {
    if (type.name != id.type_name) continue;
    id.type = type.type;
    id.width = type.width;
  }
  if (tuple.items.size() < 6 || item(5).kind != PickleKind::tuple) return id;
  const std::vector<PickleRef>& view = item(5).items;  // key, first element, count
  if (view.size() != 3) refuse_checkpoint("a view of a storage is not described by three values", place);
  id.first = storage_count_of(pickle.at(view[1]), place);
  id.count = storage_count_of(pickle.at(view[2]), place);
  if (id.first > id.whole || id.count > id.whole - id.first) refuse_checkpoint("a view leaves its storage", place);
  return id;
}

PytorchFile open_pytorch(const FileBytes& file) {
  return is_zip(file) ? open_zip(file) : open_row(file);
}

}  // namespace spinenet::formats
