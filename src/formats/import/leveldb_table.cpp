#include "formats/import/leveldb_table.h"

#include <cstdint>
#include <utility>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/format.h"
#include "formats/import/wire_reader.h"

namespace spinenet::formats {
namespace {

constexpr size_t kTableFooter = 48, kTableMagic = 8, kBlockTrailer = 5, kBlockRestart = 4;
constexpr uint64_t kTableMagicNumber = 0xdb4775248b80fb57;
// A key says the path of a variable. Each key repeats what it shares with the one before it, so that without a limit a
// small file could ask for any amount of memory.
constexpr size_t kMaxTableKey = 4096;
// So is the sum of all keys, of so many bytes for each byte of the file beyond the first million. TensorFlow's have
// about two.
constexpr size_t kKeysForEachByte = 16, kMinKeyBytes = 1'000'000;

class LevelDbTable {
 public:
  LevelDbTable(std::string_view bytes, std::string_view place) : bytes_(bytes), place_(place) {}

  std::vector<TableEntry> read() {
    std::vector<TableEntry> entries;
    for (const TableEntry& part : block_entries(block(index_handle()))) {
      std::vector<TableEntry> own = block_entries(block(part.value));
      if (own.empty()) refuse("a block is empty");
      for (TableEntry& entry : own) {
        if (!entries.empty() && entry.key <= entries.back().key) refuse("its keys are not in ascending order");
        entries.push_back(std::move(entry));
      }
    }
    return entries;
  }

 private:
  // Of the index block: the second handle of the footer.
  std::string_view index_handle() const {
    if (bytes_.size() < kTableFooter) refuse(fmt::format("{} bytes are too few for a table", bytes_.size()));
    std::string_view footer = bytes_.substr(bytes_.size() - kTableFooter);
    if (little_endian(footer.substr(kTableFooter - kTableMagic)) != kTableMagicNumber) {
      fail(ErrorKind::bad_data, "not the index of a TensorFlow checkpoint: its last 8 bytes are not those of a table",
           place_, "name the file that ends in .index");
    }
    footer.remove_suffix(kTableMagic);
    uint64_t ignored = 0;
    if (!take_varint(footer, ignored) || !take_varint(footer, ignored)) refuse("its footer is broken");
    return footer;
  }

  // The contents of the block at this handle.
  std::string_view block(std::string_view handle) const {
    uint64_t offset = 0, size = 0;
    if (!take_varint(handle, offset) || !take_varint(handle, size)) refuse("a block has no place");
    const uint64_t end = bytes_.size() - kTableFooter;
    if (offset > end || size > end - offset || end - offset - size < kBlockTrailer) {
      refuse(fmt::format("a block of {} bytes at byte {} reaches beyond the file's {}", size, offset, bytes_.size()));
    }
    const std::string_view stored = bytes_.substr(offset, size + kBlockTrailer);
    const uint32_t sum = masked_crc32c(crc32c(stored.substr(0, size + 1)));
    if (little_endian(stored.substr(size + 1)) != sum) {
      refuse(fmt::format("the checksum of the block at byte {} is wrong", offset));
    }
    if (stored[size] != 0) {
      fail(ErrorKind::unsupported,
           fmt::format("the block at byte {} is compressed ({})", offset,
                       stored[size] == 1 ? "snappy" : fmt::format("kind {}", static_cast<int>(stored[size]))),
           place_, "write the checkpoint again with TensorFlow, which does not compress its index");
    }
    return stored.substr(0, size);
  }

  // Pairs, each as what its key shares with the one before and what is its own; then the restarts and their count.
  std::vector<TableEntry> block_entries(std::string_view block) {
    if (block.size() < kBlockRestart) refuse("a block is too short");
    const uint64_t restarts = little_endian(block.substr(block.size() - kBlockRestart));
    block.remove_suffix(kBlockRestart);
    if (restarts > block.size() / kBlockRestart) refuse(fmt::format("a block says that it has {} restarts", restarts));
    block.remove_suffix(restarts * kBlockRestart);
    std::vector<TableEntry> entries;
    std::string key;
    while (!block.empty()) {
      uint64_t shared = 0, own = 0, size = 0;
      const bool whole = take_varint(block, shared) && take_varint(block, own) && take_varint(block, size) &&
                         shared <= key.size() && own <= block.size() && size <= block.size() - own;
      if (!whole) refuse("an entry reaches beyond its block");
      if (shared + own > kMaxTableKey)
        refuse(fmt::format("a key of {} bytes is longer than {}", shared + own, kMaxTableKey));
      key_bytes_ += shared + own;
      if (key_bytes_ > kMinKeyBytes + kKeysForEachByte * bytes_.size()) {
        refuse(fmt::format("its keys are longer than {} times the file", kKeysForEachByte));
      }
      key.resize(shared);
      key += block.substr(0, own);
      entries.push_back({key, block.substr(own, size)});
      block.remove_prefix(own + size);
    }
    return entries;
  }

  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorKind::bad_data, what, place_, "the checkpoint is damaged or incomplete: use another copy");
  }

  std::string_view bytes_, place_;
  size_t key_bytes_ = 0;
};

}  // namespace

std::vector<TableEntry> parse_leveldb_table(std::string_view bytes, std::string_view place) {
  return LevelDbTable(bytes, place).read();
}

}  // namespace spinenet::formats
