// A LevelDB table: sorted pairs of key and value in checked blocks. The index file of a TensorFlow checkpoint is one.
//
// Invariant of what parse_leveldb_table gives: keys strictly ascend; every block's checksum was right. Values stay in
// the bytes that were parsed, which outlive them.
// Thread contract: pure functions.
// Source: LevelDB, doc/table_format.md; TensorFlow, core/lib/io/format.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spinenet::formats {

struct TableEntry {
  std::string key;
  std::string_view value;
};

// ErrorKind::bad_data naming `place` and what is wrong; ErrorKind::unsupported for compressed blocks.
std::vector<TableEntry> parse_leveldb_table(std::string_view bytes, std::string_view place);

}  // namespace spinenet::formats
