#include "engine/compile/packed_weights.h"

#include <array>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "base/printable.h"
#include "base/wide_checksum.h"

namespace spinenet::engine {
namespace {

constexpr std::array<char, 16> kMagic{'s', 'p', 'i', 'n', 'e', 'n', 'e', 't', ' ', 'p', 'a', 'c', 'k', 'e', 'd', '\n'};
constexpr size_t kPage = 4096;
constexpr std::array<std::string_view, 1> kPackedFiles{"*.packed"};
constexpr FolderKind kPackedFolder{"packed weights", kPackedFiles};

// The header: these numbers, the key, and zeros up to a whole page.
struct Numbers {
  std::array<char, 16> magic = kMagic;
  uint64_t key_bytes = 0, value_count = 0;
  uint64_t value_checksum = 0;
  uint64_t header_checksum = 0;  // of all that comes before the values, this number taken as zero
};

uint64_t whole_pages(uint64_t bytes) {
  return (bytes + kPage - 1) / kPage * kPage;
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string header_text(const Numbers& numbers, std::string_view key) {
  std::string text(whole_pages(sizeof numbers + key.size()), '\0');
  std::memcpy(text.data(), &numbers, sizeof numbers);
  std::memcpy(text.data() + sizeof numbers, key.data(), key.size());
  return text;
}

// The header's size, or nothing where the numbers cannot be those of a file of so many bytes.
std::optional<uint64_t> header_bytes(const Numbers& numbers, uint64_t file_bytes) {
  if (numbers.magic != kMagic || numbers.key_bytes > file_bytes || numbers.value_count > file_bytes) return {};
  const uint64_t header = whole_pages(sizeof numbers + numbers.key_bytes);
  return header + numbers.value_count * sizeof(float) == file_bytes ? std::optional(header) : std::nullopt;
}

std::string key_of(const PackedStore& store, std::string_view layout) {
  return fmt::format("model {}\n{}", store.content, layout);
}

std::string file_name(const PackedStore& store, std::string_view layout) {
  std::error_code error;
  const std::filesystem::path model = std::filesystem::weakly_canonical(store.model, error);
  return fmt::format("{:016x}.packed", wide_checksum(layout, wide_checksum((error ? store.model : model).string())));
}

std::shared_ptr<const float[]> damaged(const std::filesystem::path& file) {
  log_warning(fmt::format("{}: not whole packed weights; packing again", printable(file.string())));
  return nullptr;
}

}  // namespace

std::optional<PackedWeights> parse_packed(std::span<const char> bytes) {
  Numbers numbers;
  if (bytes.size() < sizeof numbers) return {};
  std::memcpy(&numbers, bytes.data(), sizeof numbers);
  const std::optional<uint64_t> header = header_bytes(numbers, bytes.size());
  if (!header) return {};
  const std::string_view key(bytes.data() + sizeof numbers, numbers.key_bytes);
  const uint64_t expected = std::exchange(numbers.header_checksum, 0);
  std::string text(bytes.data(), *header);
  std::memcpy(text.data(), &numbers, sizeof numbers);
  if (wide_checksum(text) != expected || text != header_text(numbers, key)) return {};
  const auto* first = reinterpret_cast<const float*>(bytes.data() + *header);
  const std::span<const float> values(first, numbers.value_count);
  if (wide_checksum(bytes_of(values)) != numbers.value_checksum) return {};
  return PackedWeights{key, values};
}

std::string packed_header(const PackedWeights& weights) {
  Numbers numbers;
  numbers.key_bytes = weights.key.size();
  numbers.value_count = weights.values.size();
  numbers.value_checksum = wide_checksum(bytes_of(weights.values));
  numbers.header_checksum = wide_checksum(header_text(numbers, weights.key));
  return header_text(numbers, weights.key);
}

std::shared_ptr<const float[]> find_packed(const PackedStore& store, std::string_view layout, size_t count) {
  const std::filesystem::path path = store.folder / file_name(store, layout);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return nullptr;
  try {
    const auto file = std::make_shared<const MappedFile>(path);
    const std::optional<PackedWeights> found = parse_packed(file->bytes());
    if (!found) return damaged(path);
    if (found->key != key_of(store, layout) || found->values.size() != count) return nullptr;
    return {file, found->values.data()};
  } catch (const Error& failure) {
    log_warning(fmt::format("{}; packing again", failure.what()));
    return nullptr;
  }
}

OwnedFolder take_packed_folder(const PackedStore& store) {
  FolderClaim claim;
  claim.id = "packed";
  claim.shared = true;
  claim.flag = "--cache";
  return {store.folder, kPackedFolder, claim};
}

void keep_packed(const OwnedFolder& folder, const PackedStore& store, std::string_view layout,
                 std::span<const float> values) {
  const std::string header = packed_header({key_of(store, layout), values});
  const std::array<std::string_view, 2> parts{header, bytes_of(values)};
  try {
    folder.file(file_name(store, layout)).write(parts);
  } catch (const Error& error) {
    log_warning(fmt::format("{}; the packed weights are not kept", error.what()));
  }
}

}  // namespace spinenet::engine
