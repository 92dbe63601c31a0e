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

constexpr std::string_view kZipLocal = "PK\x03\x04", kZipCentral = "PK\x01\x02", kZipEnd = "PK\x05\x06",
                           kZipEnd64 = "PK\x06\x06", kZipLocator64 = "PK\x06\x07";
constexpr size_t kZipLocalBytes = 30, kZipCentralBytes = 46, kZipEndBytes = 22, kZipEnd64Bytes = 56,
                 kZipLocatorBytes = 20;
constexpr size_t kZipMaxComment = 65535;
constexpr uint64_t kZipMaxEntries = 1'000'000, kZipMaxTable = 256U << 20;
constexpr uint64_t kZipIn64 = 0xFFFFFFFF;  // stands where a number is in the ZIP64 field
constexpr uint64_t kZipPiece = 1U << 20;

[[noreturn]] void refuse_zip(const FileBytes& file, std::string_view what) {
  fail(ErrorKind::bad_data, fmt::format("ZIP: {}", what), file.place(), kDamagedFile);
}

uint64_t zip_number(std::string_view bytes, size_t at, size_t width) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, width);
  return value;
}

std::array<uint32_t, 256> zip_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0);
    table[i] = value;
  }
  return table;
}

uint32_t zip_crc(const FileBytes& file, const ZipEntry& entry) {
  static const std::array<uint32_t, 256> table = zip_crc_table();
  uint32_t crc = 0xFFFFFFFF;
  for (uint64_t done = 0; done < entry.size;) {
    const std::string piece = file.read(entry.begin + done, std::min(kZipPiece, entry.size - done));
    for (const char c : piece) crc = table[(crc ^ static_cast<uint8_t>(c)) & 0xFFU] ^ (crc >> 8);
    done += piece.size();
  }
  return ~crc;
}

struct ZipTable {
  uint64_t entries = 0, begin = 0, size = 0;
};

// The end of the file says where the table is; what is too large for it stands before, in ZIP64's form.
ZipTable find_table(const FileBytes& file) {
  const uint64_t tail_bytes = std::min<uint64_t>(file.size(), kZipEndBytes + kZipMaxComment + kZipLocatorBytes);
  const uint64_t tail_begin = file.size() - tail_bytes;
  const std::string tail = file.read(tail_begin, tail_bytes);
  const size_t at = tail.size() < kZipEndBytes ? std::string::npos : tail.rfind(kZipEnd, tail.size() - kZipEndBytes);
  if (at == std::string::npos) refuse_zip(file, "there is no table of contents at its end");
  ZipTable table{zip_number(tail, at + 10, 2), zip_number(tail, at + 16, 4), zip_number(tail, at + 12, 4)};
  const bool has_locator = at >= kZipLocatorBytes && tail.compare(at - kZipLocatorBytes, 4, kZipLocator64) == 0;
  if (has_locator) {
    const std::string end = file.read(zip_number(tail, at - kZipLocatorBytes + 8, 8), kZipEnd64Bytes);
    if (!end.starts_with(kZipEnd64))
      refuse_zip(file, "the ZIP64 end of the table of contents is not where it should be");
    table = {zip_number(end, 32, 8), zip_number(end, 48, 8), zip_number(end, 40, 8)};
  }
  if (table.entries > kZipMaxEntries || table.size > kZipMaxTable) {
    refuse_zip(file, fmt::format("a table of {} entries and {} bytes is too large", table.entries, table.size));
  }
  return table;
}

struct ZipCentralEntry {
  std::string name;
  uint64_t method = 0, flags = 0, crc = 0, packed = 0, size = 0, local = 0;
};

// ZIP64's field has those of size, packed size and position that the entry itself says kZipIn64 for, in this order.
void read_zip64_field(const FileBytes& file, std::string_view extra, ZipCentralEntry& entry) {
  while (extra.size() >= 4) {
    const uint64_t id = zip_number(extra, 0, 2), length = zip_number(extra, 2, 2);
    extra.remove_prefix(4);
    if (length > extra.size()) refuse_zip(file, "an extra field is longer than its entry");
    std::string_view field = extra.substr(0, length);
    extra.remove_prefix(length);
    if (id != 1) continue;
    for (uint64_t* value : {&entry.size, &entry.packed, &entry.local}) {
      if (*value != kZipIn64) continue;
      if (field.size() < 8) refuse_zip(file, "a ZIP64 field is too short");
      *value = zip_number(field, 0, 8);
      field.remove_prefix(8);
    }
  }
}

ZipCentralEntry take_entry(const FileBytes& file, std::string_view& table) {
  if (table.size() < kZipCentralBytes || !table.starts_with(kZipCentral)) {
    refuse_zip(file, "the table of contents is shorter than it says");
  }
  const uint64_t name = zip_number(table, 28, 2), extra = zip_number(table, 30, 2), comment = zip_number(table, 32, 2);
  if (table.size() - kZipCentralBytes < name + extra + comment) refuse_zip(file, "an entry is longer than the table");
  ZipCentralEntry entry;
  entry.name = table.substr(kZipCentralBytes, name);
  entry.flags = zip_number(table, 8, 2);
  entry.method = zip_number(table, 10, 2);
  entry.crc = zip_number(table, 16, 4);
  entry.packed = zip_number(table, 20, 4);
  entry.size = zip_number(table, 24, 4);
  entry.local = zip_number(table, 42, 4);
  read_zip64_field(file, table.substr(kZipCentralBytes + name, extra), entry);
  table.remove_prefix(kZipCentralBytes + name + extra + comment);
  return entry;
}

ZipEntry place_of(const FileBytes& file, const ZipCentralEntry& entry) {
  const std::string shown = printable(entry.name);
  if (entry.method != 0 && entry.name.find("/code/") != std::string::npos) {
    fail(ErrorKind::unsupported, fmt::format("a program of TorchScript (torch.jit.save) with its code in {}", shown),
         file.place(), "load it with torch.jit.load and save its state_dict() with torch.save");
  }
  if (entry.method != 0 || (entry.flags & 1U) != 0) {
    fail(ErrorKind::unsupported, fmt::format("ZIP: entry {} is compressed or encrypted", shown), file.place(),
         "PyTorch stores entries as they are: save it again with torch.save");
  }
  if (entry.packed != entry.size) refuse_zip(file, fmt::format("entry {} has two sizes", shown));
  const std::string local = file.read(entry.local, kZipLocalBytes);
  if (!local.starts_with(kZipLocal)) refuse_zip(file, fmt::format("entry {} is not where the table says", shown));
  const uint64_t begin = entry.local + kZipLocalBytes + zip_number(local, 26, 2) + zip_number(local, 28, 2);
  if (begin > file.size() || entry.size > file.size() - begin) {
    refuse_zip(file, fmt::format("entry {} of {} bytes ends behind the file's {}", shown, entry.size, file.size()));
  }
  return {begin, entry.size};
}

}  // namespace

bool is_zip(const FileBytes& file) {
  return file.read_at_most(0, kZipLocal.size()) == kZipLocal;
}

std::map<std::string, ZipEntry> read_zip(const FileBytes& file) {
  const ZipTable where = find_table(file);
  const std::string bytes = file.read(where.begin, where.size);
  std::string_view table = bytes;
  std::map<std::string, ZipEntry> entries;
  uint64_t all = 0;
  for (uint64_t i = 0; i < where.entries; ++i) {
    const ZipCentralEntry entry = take_entry(file, table);
    const ZipEntry place = place_of(file, entry);
    all += place.size;
    if (all > file.size()) refuse_zip(file, "entries overlap");
    if (zip_crc(file, place) != entry.crc) {
      refuse_zip(file, fmt::format("the checksum of entry {} is wrong", printable(entry.name)));
    }
    if (!entries.emplace(entry.name, place).second) {
      refuse_zip(file, fmt::format("entry {} is there twice", printable(entry.name)));
    }
  }
  return entries;
}

}  // namespace spinenet::formats
