// Products in matrix tiles: sixteen rows of 64 bytes each, multiplied by one instruction (AMX). The tile is a small
// type with two bodies, the instructions and plain C++ of the same layout and rounding, so that whatever is built on it
// is tested on every machine.
//
// Layout: the rows of A lie anywhere, each in one stretch for each tap of a convolution, so that the pixels of a strip
// of a map are multiplied where they are and no window is copied. Packed weights are those of bf16.h and quantized.h:
// [panel][k / 2][column][2] and [panel][k / 4][column][4]. Bf16: pairs are multiplied and summed in floats, even and
// odd members apart, then added to the sum; rounding is to nearest even, and denormal numbers count as zero. Bytes:
// exact. Thread contract: as kernels.h; between begin() and end() a thread keeps its tiles. Source: Intel 64 and IA-32
// Architectures Software Developer's Manual, volume 2 (TDPBF16PS, TDPBUSD, LDTILECFG).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/bf16.h"

namespace spinenet::kernels {

// The rows of a tile, and the bytes of each: 32 bf16 values or 64 bytes of k.
constexpr int64_t kTileRows = 16, kTileBytes = 64;
// Rows that are multiplied together: two tiles beside two of columns.
constexpr int64_t kTileBlockRows = 2 * kTileRows;

// C = A * B, where row r of A is, for each tap, the tap_bytes at a + r * row_bytes + tap.
struct TileProduct {
  const void* a = nullptr;
  int64_t row_bytes = 0;
  std::span<const int64_t> taps = {};
  int64_t tap_bytes = 0;  // a multiple of kTileBytes
  int64_t rows = 0;       // A is read, and C written, up to the next multiple of kTileRows
  const void* b = nullptr;
  int64_t b_stride = 0;  // bytes from panel to panel
  int64_t panel = 0;     // columns of a panel: 16 or 32
  void* c = nullptr;     // floats, or 32-bit integers
  int64_t c_stride = 0;  // numbers from row to row
  int64_t columns = 0;   // from a panel's first; a multiple of kChannelBlock
};

struct TileKernels {
  // Asks the system for the tiles' registers, once for the whole process; false where it refuses.
  bool (*permit)() = nullptr;
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
  void (*multiply_bf16)(const TileProduct&) = nullptr;
  void (*multiply_int8)(const TileProduct&) = nullptr;
  ToBf16 to_bf16 = nullptr;
};

// The instructions; null where the processor or the system has none.
const TileKernels* find_tile_kernels();
// The plain body, on every machine.
const TileKernels& plain_tile_kernels();

}  // namespace spinenet::kernels
