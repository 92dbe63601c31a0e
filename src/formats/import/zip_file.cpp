#include "formats/import/zip_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kLocal = "PK\x03\x04", kCentral = "PK\x01\x02", kEnd = "PK\x05\x06", kEnd64 = "PK\x06\x06",
                           kLocator64 = "PK\x06\x07";
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr size_t kMaxComment = 65535;
constexpr uint64_t kMaxEntries = 1'000'000, kMaxTable = 256U << 20;
constexpr uint64_t kIn64 = 0xFFFFFFFF;  // stands where a number is in the ZIP64 field
constexpr uint64_t kPiece = 1U << 20;

[[noreturn]] void refuse(const FileBytes& file, std::string_view what) {
  fail(ErrorKind::bad_data, fmt::format("ZIP: {}", what), file.place(), kDamagedFile);
}

uint64_t number_at(std::string_view bytes, size_t at, size_t width) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, width);
  return value;
}

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0);
    table[i] = value;
  }
  return table;
}

uint32_t crc32(const FileBytes& file, const ZipEntry& entry) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = 0xFFFFFFFF;
  for (uint64_t done = 0; done < entry.size;) {
    const std::string piece = file.read(entry.begin + done, std::min(kPiece, entry.size - done));
    for (const char c : piece) crc = table[(crc ^ static_cast<uint8_t>(c)) & 0xFFU] ^ (crc >> 8);
    done += piece.size();
  }
  return ~crc;
}

struct Table {
  uint64_t entries = 0, begin = 0, size = 0;
};

// The end of the file says where the table is; what is too large for it stands before, in ZIP64's form.
Table find_table(const FileBytes& file) {
  const uint64_t tail_bytes = std::min<uint64_t>(file.size(), kEndBytes + kMaxComment + kLocatorBytes);
  const uint64_t tail_begin = file.size() - tail_bytes;
  const std::string tail = file.read(tail_begin, tail_bytes);
  const size_t at = tail.size() < kEndBytes ? std::string::npos : tail.rfind(kEnd, tail.size() - kEndBytes);
  if (at == std::string::npos) refuse(file, "there is no table of contents at its end");
  Table table{number_at(tail, at + 10, 2), number_at(tail, at + 16, 4), number_at(tail, at + 12, 4)};
  const bool has_locator = at >= kLocatorBytes && tail.compare(at - kLocatorBytes, 4, kLocator64) == 0;
  if (has_locator) {
    const std::string end = file.read(number_at(tail, at - kLocatorBytes + 8, 8), kEnd64Bytes);
    if (!end.starts_with(kEnd64)) refuse(file, "the ZIP64 end of the table of contents is not where it should be");
    table = {number_at(end, 32, 8), number_at(end, 48, 8), number_at(end, 40, 8)};
  }
  if (table.entries > kMaxEntries || table.size > kMaxTable) {
    refuse(file, fmt::format("a table of {} entries and {} bytes is too large", table.entries, table.size));
  }
  return table;
}

struct CentralEntry {
  std::string name;
  uint64_t method = 0, flags = 0, crc = 0, packed = 0, size = 0, local = 0;
};

// ZIP64's field has those of size, packed size and position that the entry itself says kIn64 for, in this order.
void read_zip64_field(const FileBytes& file, std::string_view extra, CentralEntry& entry) {
  while (extra.size() >= 4) {
    const uint64_t id = number_at(extra, 0, 2), length = number_at(extra, 2, 2);
    extra.remove_prefix(4);
    if (length > extra.size()) refuse(file, "an extra field is longer than its entry");
    std::string_view field = extra.substr(0, length);
    extra.remove_prefix(length);
    if (id != 1) continue;
    for (uint64_t* value : {&entry.size, &entry.packed, &entry.local}) {
      if (*value != kIn64) continue;
      if (field.size() < 8) refuse(file, "a ZIP64 field is too short");
      *value = number_at(field, 0, 8);
      field.remove_prefix(8);
    }
  }
}

CentralEntry take_entry(const FileBytes& file, std::string_view& table) {
  if (table.size() < kCentralBytes || !table.starts_with(kCentral)) {
    refuse(file, "the table of contents is shorter than it says");
  }
  const uint64_t name = number_at(table, 28, 2), extra = number_at(table, 30, 2), comment = number_at(table, 32, 2);
  if (table.size() - kCentralBytes < name + extra + comment) refuse(file, "an entry is longer than the table");
  CentralEntry entry;
  entry.name = table.substr(kCentralBytes, name);
  entry.flags = number_at(table, 8, 2);
  entry.method = number_at(table, 10, 2);
  entry.crc = number_at(table, 16, 4);
  entry.packed = number_at(table, 20, 4);
  entry.size = number_at(table, 24, 4);
  entry.local = number_at(table, 42, 4);
  read_zip64_field(file, table.substr(kCentralBytes + name, extra), entry);
  table.remove_prefix(kCentralBytes + name + extra + comment);
  return entry;
}

ZipEntry place_of(const FileBytes& file, const CentralEntry& entry) {
  const std::string shown = printable(entry.name);
  if (entry.method != 0 || (entry.flags & 1U) != 0) {
    fail(ErrorKind::unsupported, fmt::format("ZIP: entry {} is compressed or encrypted", shown), file.place(),
         "PyTorch stores entries as they are: save it again with torch.save");
  }
  if (entry.packed != entry.size) refuse(file, fmt::format("entry {} has two sizes", shown));
  const std::string local = file.read(entry.local, kLocalBytes);
  if (!local.starts_with(kLocal)) refuse(file, fmt::format("entry {} is not where the table says", shown));
  const uint64_t begin = entry.local + kLocalBytes + number_at(local, 26, 2) + number_at(local, 28, 2);
  if (begin > file.size() || entry.size > file.size() - begin) {
    refuse(file, fmt::format("entry {} of {} bytes ends behind the file's {}", shown, entry.size, file.size()));
  }
  return {begin, entry.size};
}

}  // namespace

bool is_zip(const FileBytes& file) {
  return file.read_at_most(0, kLocal.size()) == kLocal;
}

std::map<std::string, ZipEntry> read_zip(const FileBytes& file) {
  const Table where = find_table(file);
  const std::string bytes = file.read(where.begin, where.size);
  std::string_view table = bytes;
  std::map<std::string, ZipEntry> entries;
  uint64_t all = 0;
  for (uint64_t i = 0; i < where.entries; ++i) {
    const CentralEntry entry = take_entry(file, table);
    const ZipEntry place = place_of(file, entry);
    all += place.size;
    if (all > file.size()) refuse(file, "entries overlap");
    if (crc32(file, place) != entry.crc) {
      refuse(file, fmt::format("the checksum of entry {} is wrong", printable(entry.name)));
    }
    if (!entries.emplace(entry.name, place).second) {
      refuse(file, fmt::format("entry {} is there twice", printable(entry.name)));
    }
  }
  return entries;
}

}  // namespace spinenet::formats
