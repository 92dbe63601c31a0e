#include "kernels/tiles.h"

#include <array>

#include <hwy/highway.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/processor.h"

HWY_PUSH_ATTRIBUTES("amx-tile,amx-bf16,amx-int8")
namespace spinenet::kernels {
namespace {

#include "kernels/tile_multiply.inc"

// The instructions, written out: compilers of Debian 12 give their functions no way to tell a tile by a number that a
// template has.
struct AmxTiles {
  template <int kTile>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }
  template <int kTile>
  static void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kC, int kA, int kB>
  static void add_bf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
  template <int kC, int kA, int kB>
  static void add_int8() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
};

// What LDTILECFG reads.
struct alignas(kTileBytes) TileConfig {
  uint8_t palette = 1, start_row = 0;
  std::array<uint8_t, 14> reserved{};
  std::array<uint16_t, 16> row_bytes{};
  std::array<uint8_t, 16> rows{};
};
static_assert(sizeof(TileConfig) == kTileBytes);

constexpr TileConfig whole_tiles() {
  constexpr size_t kTiles = 8;
  TileConfig config;
  for (size_t i = 0; i < kTiles; ++i) {
    config.row_bytes[i] = kTileBytes;
    config.rows[i] = kTileRows;
  }
  return config;
}

void begin() {
  static constexpr TileConfig kConfig = whole_tiles();
  asm volatile("ldtilecfg %0" ::"m"(kConfig));
}

// Tiles that are in use cost every switch of the thread their 8 kB.
void end() {
  asm volatile("tilerelease");
}

template <class Numbers>
void multiply(const TileProduct& p) {
  AmxTiles tiles;
  multiply_in_tiles<Numbers>(tiles, p);
}

}  // namespace
}  // namespace spinenet::kernels
HWY_POP_ATTRIBUTES

namespace spinenet::kernels {
namespace {

// Of the kernel's asm/prctl.h, which Debian's headers do not have all of.
constexpr long kGetSupported = 0x1021, kRequestPermission = 0x1023;
constexpr unsigned long kTileData = 18;

bool has_tiles() {
  if (!instruction_sets().amx) return false;
  uint64_t supported = 0;
  return syscall(SYS_arch_prctl, kGetSupported, &supported) == 0 && (supported >> kTileData & 1U) != 0;
}

bool permit() {
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}

}  // namespace

const TileKernels* find_tile_kernels() {
  static const TileKernels amx{permit, begin, end, multiply<Bf16Tiles>, multiply<ByteTiles>, find_to_bf16()};
  static const bool found = has_tiles() && amx.to_bf16 != nullptr;
  return found ? &amx : nullptr;
}

}  // namespace spinenet::kernels
