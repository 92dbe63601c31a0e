#include "formats/import/tensor_bundle.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/printable.h"
#include "formats/elements.h"
#include "formats/import/leveldb_table.h"
#include "formats/import/wire_reader.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kIndexEnding = ".index", kDataEnding = ".data-";
constexpr std::string_view kGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";
constexpr std::string_view kVariableEnding = "/.ATTRIBUTES/VARIABLE_VALUE";
constexpr std::string_view kAverageEnding = "/ExponentialMovingAverage";
constexpr std::string_view kBundleDamaged = "the checkpoint is damaged or incomplete: use another copy";
constexpr uint64_t kMaxShards = 99'999;  // as many as fit the names of the files
constexpr uint64_t kStringType = 7;
constexpr size_t kMaxBundleRank = 254;  // TensorFlow's own limit

struct BundleType {
  uint64_t number;  // in TensorFlow's types.proto
  std::string_view name;
  std::optional<ElementType> element;  // absent where it is no number that a float can be
};

constexpr std::array<BundleType, 20> kBundleTypes{
    {{1, "float32", ElementType::f32},      {2, "float64", ElementType::f64},    {3, "int32", ElementType::i32},
     {4, "uint8", ElementType::u8},         {5, "int16", ElementType::i16},      {6, "int8", ElementType::i8},
     {kStringType, "string", std::nullopt}, {8, "complex64", std::nullopt},      {9, "int64", ElementType::i64},
     {10, "bool", ElementType::boolean},    {11, "qint8", std::nullopt},         {12, "quint8", std::nullopt},
     {13, "qint32", std::nullopt},          {14, "bfloat16", ElementType::bf16}, {17, "uint16", ElementType::u16},
     {18, "complex128", std::nullopt},      {19, "float16", ElementType::f16},   {21, "variant", std::nullopt},
     {22, "uint32", ElementType::u32},      {23, "uint64", ElementType::u64}}};

struct BundleEntry {
  uint64_t type = 0, shard = 0, offset = 0, size = 0;
  uint32_t sum = 0;
  std::vector<int64_t> shape;
  bool whole_shape = true;  // false: of unknown rank
  bool sliced = false;
};

[[noreturn]] void refuse_bundle(std::string_view what, std::string_view place) {
  fail(ErrorKind::bad_data, what, place, kBundleDamaged);
}

// BundleHeaderProto { num_shards = 1, endianness = 2, version = 3 { min_consumer = 2 } }
uint64_t read_bundle_header(std::string_view bytes, std::string_view place) {
  uint64_t shards = 0, endianness = 0, least_version = 0;
  for (WireReader reader(bytes, place); reader.next();) {
    if (reader.field() == 1) shards = reader.number();
    if (reader.field() == 2) endianness = reader.number();
    if (reader.field() != 3) continue;
    for (WireReader version(reader.bytes(), place); version.next();) {
      if (version.field() == 2) least_version = version.number();
    }
  }
  if (shards == 0 || shards > kMaxShards)
    refuse_bundle(fmt::format("its header says that it has {} data files", shards), place);
  if (endianness != 0) {
    fail(ErrorKind::unsupported, "its numbers are big-endian", place, "write it again on a little-endian machine");
  }
  if (least_version > 1) {
    fail(ErrorKind::unsupported,
         fmt::format("it needs a reader of version {}; this one knows version 1", least_version), place,
         "write it again with tf.train.Checkpoint of TensorFlow 2");
  }
  return shards;
}

// TensorShapeProto { dim = 2 { size = 1 }, unknown_rank = 3 }
void read_bundle_shape(std::string_view bytes, BundleEntry& entry, std::string_view place) {
  for (WireReader reader(bytes, place); reader.next();) {
    if (reader.field() == 3) entry.whole_shape = reader.number() == 0;
    if (reader.field() != 2) continue;
    int64_t extent = 0;
    for (WireReader dim(reader.bytes(), place); dim.next();) {
      if (dim.field() == 1) extent = static_cast<int64_t>(dim.number());
    }
    if (entry.shape.size() == kMaxBundleRank)
      refuse_bundle(fmt::format("a shape has more than {} extents", kMaxBundleRank), place);
    entry.shape.push_back(extent);
  }
}

// BundleEntryProto { dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5, crc32c = 6, slices = 7 }
BundleEntry read_bundle_entry(std::string_view bytes, std::string_view place) {
  BundleEntry entry;
  for (WireReader reader(bytes, place); reader.next();) {
    switch (reader.field()) {
      case 1:
        entry.type = reader.number();
        break;
      case 2:
        read_bundle_shape(reader.bytes(), entry, place);
        break;
      case 3:
        entry.shard = reader.number();
        break;
      case 4:
        entry.offset = reader.number();
        break;
      case 5:
        entry.size = reader.number();
        break;
      case 6:
        entry.sum = static_cast<uint32_t>(reader.number());
        break;
      case 7:
        entry.sliced = true;
        break;
      default:
        break;
    }
  }
  return entry;
}

const BundleType* bundle_type(uint64_t number) {
  const auto* const found = std::find_if(kBundleTypes.begin(), kBundleTypes.end(),
                                         [&](const BundleType& type) { return type.number == number; });
  return found == kBundleTypes.end() ? nullptr : found;
}

std::string bundle_type_name(uint64_t number) {
  const BundleType* const type = bundle_type(number);
  return type == nullptr ? fmt::format("type {}", number) : std::string(type->name);
}

// Bytes that the elements take, or nothing where a shape is impossible.
std::optional<uint64_t> bundle_data_size(const BundleEntry& entry, ElementType type) {
  uint64_t size = element_size(type);
  for (const int64_t extent : entry.shape) {
    if (extent < 0 || __builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) return std::nullopt;
  }
  return size;
}

struct Bundle {
  std::string place;
  BundleData data;

  // The bytes of a tensor, in the data files for certain.
  void check_extent(const std::string& name, const BundleEntry& entry) const {
    if (entry.shard >= data.shard_sizes.size()) {
      refuse_bundle(fmt::format("tensor \"{}\" is in data file {} of {}", name, entry.shard, data.shard_sizes.size()),
                    place);
    }
    const uint64_t file = data.shard_sizes[entry.shard];
    if (entry.offset > file || entry.size > file - entry.offset) {
      refuse_bundle(fmt::format("tensor \"{}\" has {} bytes at byte {} of data file {}, which has {} bytes", name,
                                entry.size, entry.offset, entry.shard, file),
                    place);
    }
  }

  std::string read(const BundleEntry& entry) const { return data.read(entry.shard, entry.offset, entry.size); }

  std::vector<float> read_floats(const std::string& name, const BundleEntry& entry, ElementType type) const {
    const std::string bytes = read(entry);
    if (masked_crc32c(crc32c(bytes)) != entry.sum)
      refuse_bundle(fmt::format("the checksum of tensor \"{}\" is wrong", name), place);
    std::vector<float> values(bytes.size() / element_size(type));
    elements_to_float(type, bytes, values);
    return values;
  }
};

// One text: its length as a varint, a checksum of the length, and the bytes. The entry's checksum is over the length as
// four bytes, or eight where it needs them, that first checksum and the bytes.
std::string read_bundle_text(const Bundle& bundle, const std::string& name, const BundleEntry& entry) {
  const std::string stored = bundle.read(entry);
  std::string_view rest = stored;
  uint64_t length = 0;
  constexpr size_t kSum = 4;
  if (!take_varint(rest, length) || rest.size() < kSum || rest.size() - kSum != length) {
    refuse_bundle(fmt::format("\"{}\" is not one text", name), bundle.place);
  }
  std::string fixed;
  for (size_t i = 0; i < (length <= UINT32_MAX ? 4U : 8U); ++i) fixed += static_cast<char>(length >> 8 * i);
  const uint32_t length_sum = crc32c(fixed);
  const bool right = little_endian(rest.substr(0, kSum)) == masked_crc32c(length_sum) &&
                     masked_crc32c(crc32c(rest, length_sum)) == entry.sum;
  if (!right) refuse_bundle(fmt::format("the checksum of \"{}\" is wrong", name), bundle.place);
  return std::string(rest.substr(kSum));
}

// What an entry is, where it is nothing of a network.
std::string kind_of_other(const std::string& name, const BundleEntry& entry) {
  const auto ends = [&](std::string_view ending) {
    return name == ending || name.ends_with("/" + std::string(ending));
  };
  if (name.find("/.OPTIMIZER_SLOT/") != std::string::npos || name.starts_with("optimizer/")) return "the optimizer's";
  for (const std::string_view slot :
       {"Momentum", "Adam", "Adam_1", "RMSProp", "RMSProp_1", "ExponentialMovingAverage"}) {
    if (ends(slot)) return slot.starts_with("Exp") ? "a moving average" : "the optimizer's";
  }
  if (ends("global_step") || ends("save_counter")) return "a count of steps";
  if (entry.type == kStringType) return "text";
  return {};
}

std::string why_unreadable(const BundleEntry& entry) {
  if (entry.sliced) return "is stored in slices: save the checkpoint again without partitioned variables";
  const BundleType* const type = bundle_type(entry.type);
  if (type == nullptr || !type->element)
    return fmt::format("has elements of {}, which are no numbers", bundle_type_name(entry.type));
  if (!entry.whole_shape) return "has an unknown shape";
  return {};
}

SourceTensor bundle_tensor(const std::shared_ptr<const Bundle>& bundle, const std::string& name,
                           const BundleEntry& entry) {
  SourceTensor tensor;
  tensor.shape = entry.shape;
  tensor.type = bundle_type_name(entry.type);
  tensor.unreadable = why_unreadable(entry);
  if (!tensor.unreadable.empty()) {
    tensor.read = [place = bundle->place, name, reason = tensor.unreadable]() -> std::vector<float> {
      fail(ErrorKind::unsupported, fmt::format("tensor \"{}\" {}", name, reason), place);
    };
    return tensor;
  }
  const ElementType type = *bundle_type(entry.type)->element;
  bundle->check_extent(name, entry);
  if (bundle_data_size(entry, type) != entry.size) {
    refuse_bundle(fmt::format("tensor \"{}\" of {} has the shape [{}], but {} bytes", name, tensor.type,
                              fmt::join(entry.shape, ", "), entry.size),
                  bundle->place);
  }
  tensor.read = [bundle, name, entry, type] { return bundle->read_floats(name, entry, type); };
  return tensor;
}

ObjectGraph object_graph(const Bundle& bundle, const std::map<std::string, BundleEntry>& entries) {
  const auto found = entries.find(std::string(kGraphKey));
  if (found == entries.end()) return {};
  bundle.check_extent(found->first, found->second);
  if (found->second.type != kStringType || !found->second.shape.empty()) {
    refuse_bundle(fmt::format("\"{}\" is not one text", kGraphKey), bundle.place);
  }
  return parse_object_graph(read_bundle_text(bundle, found->first, found->second),
                            fmt::format("{}: {}", bundle.place, kGraphKey));
}

std::map<std::string, BundleEntry> named_entries(const std::vector<TableEntry>& table, std::string_view place) {
  std::map<std::string, BundleEntry> entries;
  for (size_t i = 1; i < table.size(); ++i) {
    // A key that begins with a zero is of a slice; the partitioned tensor itself has an entry, too.
    if (table[i].key.front() == '\0') continue;
    const std::string name = printable(table[i].key);
    entries.emplace(name, read_bundle_entry(table[i].value, fmt::format("{}: entry \"{}\"", place, name)));
  }
  return entries;
}

// PREFIX of PREFIX, PREFIX.index or PREFIX.data-00000-of-00001.
std::filesystem::path bundle_prefix(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(kIndexEnding)) return path.parent_path() / name.substr(0, name.size() - kIndexEnding.size());
  const size_t data = name.rfind(kDataEnding);
  return data == std::string::npos ? path : path.parent_path() / name.substr(0, data);
}

std::filesystem::path bundle_index(const std::filesystem::path& path) {
  return bundle_prefix(path).string() + std::string(kIndexEnding);
}

BundleData open_data_files(const std::filesystem::path& prefix, size_t shards) {
  BundleData data;
  const auto shard_path = [prefix, shards](size_t shard) {
    return std::filesystem::path(fmt::format("{}{}{:05}-of-{:05}", prefix.string(), kDataEnding, shard, shards));
  };
  for (size_t shard = 0; shard < shards; ++shard) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(shard_path(shard), error);
    if (error) {
      fail(ErrorKind::io, fmt::format("cannot read: {}", error.message()), shard_path(shard).string(),
           "a checkpoint is its .index and all its .data files in one folder");
    }
    data.shard_sizes.push_back(size);
  }
  data.read = [shard_path](size_t shard, uint64_t offset, uint64_t size) {
    std::ifstream file(shard_path(shard), std::ios::binary);
    std::string bytes(size, '\0');
    file.seekg(static_cast<std::streamoff>(offset));
    if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) {
      fail(ErrorKind::io, fmt::format("cannot read {} bytes at byte {}", size, offset), shard_path(shard).string(),
           "let no other program change the checkpoint meanwhile");
    }
    return bytes;
  };
  return data;
}

}  // namespace

bool is_tensor_bundle(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(bundle_index(path), ignored);
}

std::vector<std::filesystem::path> tensor_bundle_files(const std::filesystem::path& path) {
  if (!is_tensor_bundle(path)) return {};
  std::vector<std::filesystem::path> files{bundle_index(path)};
  const std::filesystem::path folder = files.front().parent_path();
  const std::string data = bundle_prefix(path).filename().string() + std::string(kDataEnding);
  std::error_code ignored;  // of a folder that cannot be listed: whoever reads the data will say so
  for (const auto& entry : std::filesystem::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    if (entry.path().filename().string().starts_with(data)) files.push_back(entry.path());
  }
  return files;
}

SourceTensors read_tensor_bundle(const std::filesystem::path& path) {
  const std::string index = read_file(bundle_index(path));
  const auto open = [&path](size_t shards) { return open_data_files(bundle_prefix(path), shards); };
  return parse_tensor_bundle(index, open, bundle_index(path).string());
}

SourceTensors parse_tensor_bundle(std::string_view index, const OpenBundleData& open, std::string_view place) {
  const std::vector<TableEntry> table = parse_leveldb_table(index, place);
  if (table.empty() || !table.front().key.empty()) refuse_bundle("it has no header", place);
  const uint64_t shards = read_bundle_header(table.front().value, fmt::format("{}: header", place));
  const auto bundle = std::make_shared<const Bundle>(Bundle{std::string(place), open(shards)});
  const std::map<std::string, BundleEntry> entries = named_entries(table, place);
  const ObjectGraph graph = object_graph(*bundle, entries);

  SourceTensors source;
  source.place = place;
  source.format = "TensorFlow (tensor bundle)";
  for (const auto& [key, entry] : entries) {
    const std::string name = key.ends_with(kVariableEnding) ? key.substr(0, key.size() - kVariableEnding.size()) : key;
    const auto slot = graph.slots.find(key);
    const std::string other =
        slot != graph.slots.end() ? "the optimizer's " + slot->second : kind_of_other(name, entry);
    if (!other.empty()) {
      source.others.emplace(name, other);
      if (name.ends_with(kAverageEnding)) {
        const std::string averaged = name.substr(0, name.size() - kAverageEnding.size());
        source.averages.emplace(averaged, bundle_tensor(bundle, name, entry));
      }
      continue;
    }
    SourceTensor tensor = bundle_tensor(bundle, name, entry);
    const auto full_name = graph.full_names.find(key);
    if (full_name != graph.full_names.end()) tensor.full_name = full_name->second;
    source.tensors.emplace(name, std::move(tensor));
  }
  return source;
}

}  // namespace spinenet::formats
