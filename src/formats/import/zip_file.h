// The table of contents of a ZIP file, as far as PyTorch writes them: entries that are stored as they are.
//
// Invariant: every entry lies inside the file and its bytes have the CRC-32 that the table says.
// Thread contract: pure functions.
// Source: PKWARE's .ZIP File Format Specification, sections 4.3 (layout, ZIP64) and 4.4 (fields).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "formats/import/file_bytes.h"

namespace spinenet::formats {

struct ZipEntry {
  uint64_t begin = 0, size = 0;  // of its bytes in the file
};

bool is_zip(const FileBytes& file);

// By name. ErrorKind::bad_data for what breaks the invariant, ErrorKind::unsupported for compressed and encrypted
// entries; both name the file.
std::map<std::string, ZipEntry> read_zip(const FileBytes& file);

}  // namespace spinenet::formats
