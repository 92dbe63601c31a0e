#include "formats/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "formats/elements.h"

namespace spinenet::formats {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxHeaderValues = 1'000'000;  // of which a tensor has eight
constexpr size_t kLengthBytes = 8;
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::string_view kChecksum = "checksum";
constexpr std::string_view kHeaderChecksum = "header_checksum";
// Found in the text of the header once at most: inside a JSON string its quotes would be escaped.
constexpr std::string_view kHeaderChecksumField = R"("header_checksum":")";
constexpr std::string_view kNoDigits = "0000000000000000";
constexpr std::string_view kSafetensorsRemedy = "the file is damaged or incomplete: use another copy";

std::string hex(uint64_t value) {
  return fmt::format("{:016x}", value);
}

std::string_view bytes_of(const std::vector<float>& data) {
  return {reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float)};
}

std::string length_prefix(uint64_t length) {
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  return bytes;
}

// The element count, or nothing where it does not fit.
std::optional<uint64_t> checked_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  }
  return static_cast<uint64_t>(count);
}

// Writing ------------------------------------------------------------------------------------------------------------

using Metadata = std::map<std::string, std::string>;

void check_writable(const Weights& weights, const Metadata& metadata, std::string_view place) {
  for (const auto& [name, tensor] : weights) {
    if (name == kMetadata) fail(ErrorKind::failed, fmt::format("a tensor cannot be named {}", name), place);
    if (checked_count(tensor.shape) != tensor.data.size()) {
      fail(ErrorKind::failed,
           fmt::format("tensor \"{}\" has {} values, which its shape [{}] does not hold", name, tensor.data.size(),
                       fmt::join(tensor.shape, ", ")),
           place);
    }
  }
  for (const std::string_view key : {kChecksum, kHeaderChecksum}) {
    if (metadata.contains(std::string(key))) {
      fail(ErrorKind::failed, fmt::format("metadata key \"{}\" is reserved for the file itself", key), place);
    }
  }
}

// The header as it stands in the file, length first.
std::string make_header(const Weights& weights, const Metadata& given, std::string_view place) {
  SortedJson header = SortedJson::object();
  uint64_t data_checksum = checksum({});
  uint64_t offset = 0;
  for (const auto& [name, tensor] : weights) {
    const std::string_view bytes = bytes_of(tensor.data);
    data_checksum = checksum(bytes, data_checksum);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes.size()}}};
    offset += bytes.size();
  }
  SortedJson& metadata = header[kMetadata];
  metadata = given;
  metadata[kChecksum] = hex(data_checksum);
  metadata[kHeaderChecksum] = kNoDigits;
  std::string text;
  try {
    text = header.dump();
  } catch (const SortedJson::exception&) {
    fail(ErrorKind::failed, "a tensor name or metadata entry is not valid UTF-8", place);
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeader) fail(ErrorKind::failed, "the header would be larger than 100 MB", place);
  const size_t digits = text.find(kHeaderChecksumField) + kHeaderChecksumField.size();
  std::string result = length_prefix(text.size()) + text;
  result.replace(kLengthBytes + digits, kNoDigits.size(), hex(checksum(result)));
  return result;
}

// Reading ------------------------------------------------------------------------------------------------------------

[[noreturn]] void refuse(std::string_view what, std::string_view place, std::string_view remedy = kSafetensorsRemedy) {
  fail(ErrorKind::bad_data, what, place, remedy);
}

const SortedJson& field(const SortedJson& entry, const std::string& name, const char* key, std::string_view place) {
  const auto found = entry.find(key);
  if (found == entry.end()) refuse(fmt::format("tensor \"{}\" has no {}", name, key), place);
  return *found;
}

std::vector<int64_t> read_shape(const SortedJson& shape, const std::string& name, std::string_view place) {
  std::vector<int64_t> extents;
  if (!shape.is_array()) refuse(fmt::format("tensor \"{}\": shape is not a list", name), place);
  for (const SortedJson& extent : shape) {
    if (!extent.is_number_unsigned() || extent.get<uint64_t>() > INT64_MAX) {
      refuse(fmt::format("tensor \"{}\": shape holds {}, not a size", name, extent.dump()), place);
    }
    extents.push_back(extent.get<int64_t>());
  }
  return extents;
}

TensorPlace read_entry(const std::string& name, const SortedJson& json, std::string_view place) {
  if (!json.is_object()) refuse(fmt::format("tensor \"{}\" is not described by an object", name), place);
  TensorPlace entry;
  entry.name = name;
  const SortedJson& dtype = field(json, name, "dtype", place);
  if (!dtype.is_string()) refuse(fmt::format("tensor \"{}\": dtype is not a text", name), place);
  const std::optional<ElementType> type = value_named<ElementType>(dtype.get<std::string>());
  if (!type) {
    fail(ErrorKind::unsupported,
         fmt::format("tensor \"{}\" has the unknown dtype \"{}\"", name, dtype.get<std::string>()), place,
         fmt::format("convert it to one of {}", fmt::join(names_of<ElementType>(), ", ")));
  }
  entry.type = *type;
  entry.shape = read_shape(field(json, name, "shape", place), name, place);
  const SortedJson& offsets = field(json, name, "data_offsets", place);
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    refuse(fmt::format("tensor \"{}\": data_offsets is not a pair of positions", name), place);
  }
  entry.begin = offsets[0].get<uint64_t>();
  entry.end = offsets[1].get<uint64_t>();
  const std::optional<uint64_t> count = checked_count(entry.shape);
  uint64_t size = 0;
  if (!count || __builtin_mul_overflow(*count, element_size(entry.type), &size)) {
    refuse(fmt::format("tensor \"{}\": shape [{}] is too large", name, fmt::join(entry.shape, ", ")), place);
  }
  if (entry.end < entry.begin || entry.end - entry.begin != size) {
    refuse(fmt::format("tensor \"{}\": data_offsets [{}, {}] do not span the {} bytes of shape [{}] and dtype {}", name,
                       entry.begin, entry.end, size, fmt::join(entry.shape, ", "), dtype.get<std::string>()),
           place);
  }
  entry.count = *count;
  return entry;
}

std::map<std::string, std::string> read_metadata(const SortedJson& json, std::string_view place) {
  std::map<std::string, std::string> metadata;
  if (!json.is_object()) refuse(fmt::format("{} is not an object", kMetadata), place);
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) refuse(fmt::format("{}: entry \"{}\" is not a text", kMetadata, key), place);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// Sorts by position; afterwards the entries tile [0, data_size) exactly.
void check_tiling(std::vector<TensorPlace>& entries, uint64_t data_size, std::string_view place) {
  std::sort(entries.begin(), entries.end(), [](const TensorPlace& a, const TensorPlace& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t position = 0;
  for (const TensorPlace& entry : entries) {
    if (entry.begin != position) {
      refuse(fmt::format("tensor \"{}\" begins at byte {} of the data where byte {} is next: {}", entry.name,
                         entry.begin, position, entry.begin < position ? "an overlap" : "a hole"),
             place);
    }
    position = entry.end;
  }
  if (position != data_size) {
    refuse(fmt::format("the data section has {} bytes, but the header describes {}", data_size, position), place);
  }
}

// Files that people take for models: PyTorch's are zip archives, older ones and some of others begin with a pickle.
bool looks_like_pytorch(std::string_view beginning) {
  return beginning.starts_with("PK\x03\x04") || beginning.starts_with("\x80\x02") || beginning.starts_with("\x80\x04");
}

std::string find_header(const ReadBytes& read, uint64_t file_size, std::string_view place) {
  if (file_size < kLengthBytes) {
    refuse(fmt::format("not a safetensors file: {} bytes are too few", file_size), place);
  }
  uint64_t length = 0;
  const std::string beginning = read(0, kLengthBytes);
  std::memcpy(&length, beginning.data(), kLengthBytes);
  if (length > kMaxHeader && looks_like_pytorch(beginning)) {
    refuse("not a safetensors file but one as PyTorch writes", place,
           "make a model of it: spinenet import FILE --as ARCHITECTURE --out model.safetensors");
  }
  if (length > kMaxHeader) {
    refuse(fmt::format("not a safetensors file: a header of {} bytes is more than 100 MB", length), place, "");
  }
  if (length > file_size - kLengthBytes) {
    refuse(fmt::format("the header says {} bytes, but only {} follow", length, file_size - kLengthBytes), place);
  }
  std::string header = read(kLengthBytes, length);
  if (!header.starts_with('{')) refuse("not a safetensors file: the header does not begin with {", place, "");
  return header;
}

// A value of the header takes two bytes of the file, but a hundred of memory: they are counted before they are read.
void check_header_values(std::string_view header, std::string_view place) {
  size_t values = 0;
  bool in_text = false;
  for (size_t at = 0; at < header.size(); ++at) {
    const char c = header[at];
    if (in_text && c == '\\') ++at;
    if (c == '"') in_text = !in_text;
    if (!in_text && (c == ',' || c == '[' || c == '{')) ++values;
  }
  if (values <= kMaxHeaderValues) return;
  refuse(fmt::format("the header has {} values, more than {}", values, kMaxHeaderValues), place, "");
}

constexpr std::string_view kDamaged =
    "the file is damaged: use another copy; where another program rewrote it on purpose, let that program drop the "
    "metadata entries checksum and header_checksum";

// Both checksums leave the metadata here; a file has both or neither.
void check_header(std::string_view file, SafetensorsHeader& found, std::string_view place) {
  const std::string_view header = file.substr(kLengthBytes, found.data_begin - kLengthBytes);
  const auto data_digits = found.metadata.extract(std::string(kChecksum));
  const auto header_digits = found.metadata.extract(std::string(kHeaderChecksum));
  if (data_digits.empty() && header_digits.empty()) return;
  const size_t field_at = header.find(kHeaderChecksumField);
  if (data_digits.empty() || header_digits.empty() || field_at == std::string_view::npos ||
      header_digits.mapped().size() != kNoDigits.size()) {
    refuse("the checksum of the header is wrong", place, kDamaged);
  }
  std::string zeroed(file.substr(0, kLengthBytes + header.size()));
  zeroed.replace(kLengthBytes + field_at + kHeaderChecksumField.size(), kNoDigits.size(), kNoDigits);
  if (hex(checksum(zeroed)) != header_digits.mapped()) refuse("the checksum of the header is wrong", place, kDamaged);
  found.data_checksum = data_digits.mapped();
}

// `done` is called with data that are no longer needed for now.
TensorFile parse(std::span<const char> bytes, std::string_view place,
                 const std::function<void(std::string_view)>& done) {
  const std::string_view file(bytes.data(), bytes.size());
  SafetensorsHeader header = checked_header(bytes, place);
  check_data(header, file, place, done);
  TensorFile result;
  for (TensorPlace& entry : header.tensors) {
    const std::string_view data = data_of(entry, header, file);
    HostTensor tensor = tensor_of(entry, data);
    result.weights.emplace(std::move(entry.name), std::move(tensor));
    done(data);
  }
  result.metadata = std::move(header.metadata);
  return result;
}

}  // namespace

void write_safetensors(const Output& output, const TensorFile& file) {
  write_safetensors(output, file.weights, file.metadata);
}

void write_safetensors(const Output& output, const Weights& weights, const Metadata& metadata) {
  const std::string place = output.path().string();
  check_writable(weights, metadata, place);
  const std::string header = make_header(weights, metadata, place);
  std::vector<std::string_view> parts{header};
  for (const auto& [name, tensor] : weights) parts.push_back(bytes_of(tensor.data));
  output.write(parts);
}

SafetensorsHeader read_safetensors_header(const ReadBytes& read, uint64_t file_size, std::string_view place) {
  const std::string header = find_header(read, file_size, place);
  check_header_values(header, place);
  const SortedJson json = parse_sorted_json(header, fmt::format("{}: header", place));
  SafetensorsHeader result;
  result.data_begin = kLengthBytes + header.size();
  for (const auto& [name, value] : json.items()) {
    if (name == kMetadata) {
      result.metadata = read_metadata(value, place);
    } else {
      result.tensors.push_back(read_entry(name, value, place));
    }
  }
  check_tiling(result.tensors, file_size - result.data_begin, place);
  return result;
}

SafetensorsHeader checked_header(std::span<const char> bytes, std::string_view place) {
  const std::string_view file(bytes.data(), bytes.size());
  const auto read = [&](uint64_t begin, uint64_t count) { return std::string(file.substr(begin, count)); };
  SafetensorsHeader header = read_safetensors_header(read, file.size(), place);
  check_header(file, header, place);
  return header;
}

std::string_view data_of(const TensorPlace& entry, const SafetensorsHeader& header, std::string_view file) {
  return file.substr(header.data_begin + entry.begin, entry.end - entry.begin);
}

HostTensor tensor_of(const TensorPlace& entry, std::string_view data) {
  HostTensor tensor{entry.shape, std::vector<float>(entry.count)};
  elements_to_float(entry.type, data, tensor.data);
  return tensor;
}

void check_data(const SafetensorsHeader& header, std::string_view file, std::string_view place,
                const std::function<void(std::string_view)>& done) {
  if (header.data_checksum.empty()) return;
  uint64_t sum = checksum({});
  for (const TensorPlace& entry : header.tensors) {
    const std::string_view data = data_of(entry, header, file);
    sum = checksum(data, sum);
    done(data);
  }
  if (hex(sum) != header.data_checksum) refuse("the checksum of the tensor data is wrong", place, kDamaged);
}

TensorFile parse_safetensors(std::span<const char> bytes, std::string_view place) {
  return parse(bytes, place, [](std::string_view) {});
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse(file.bytes(), path.string(), [&](std::string_view part) { file.release(part); });
}

void check_finite(const std::string& name, std::span<const float> values, std::string_view place) {
  const int64_t bad = count_nonfinite(values);
  if (bad == 0) return;
  fail(ErrorKind::bad_data,
       fmt::format("tensor \"{}\" holds {} of {} values that are not finite", name, bad, values.size()), place,
       "use a checkpoint from before the training went wrong");
}

void check_finite(const Weights& weights, std::string_view place) {
  for (const auto& [name, tensor] : weights) check_finite(name, tensor.data, place);
}

}  // namespace spinenet::formats
