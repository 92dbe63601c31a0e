// Compiles the inner loops for AVX-512, AVX2 and what every machine has, and finds which of them this machine can run.
#include "kernels/kernels.h"

#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "kernels/compiled_sets.h"
#include "kernels/processor.h"
#include "kernels/vnni.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/int8_winograd_inl.h"
#include "kernels/multiply_inl.h"
#include "kernels/pair_multiply_inl.h"
#include "kernels/pointwise_inl.h"
#include "kernels/quantized_multiply_inl.h"
#include "kernels/requantize_inl.h"
#include "kernels/winograd_inl.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

Kernels table() {
  constexpr std::string_view kName = HWY_TARGET == HWY_AVX3 ? "avx512" : HWY_TARGET == HWY_AVX2 ? "avx2" : "portable";
  return {.name = kName,
          .panel = static_cast<int>(panel_columns()),
          .multiply = multiply,
          .winograd_input = winograd_input,
          .winograd_output = winograd_output,
          .sum_row = sum_row,
          .max_window = max_window,
          .depthwise_window = depthwise_window,
          .weigh_pixels = weigh_pixels,
          .quantized_multiply = quantized_multiply,
          .pair_multiply = pair_multiply,
          .int8_winograd_input = int8_winograd_input,
          .int8_winograd_output = int8_winograd_output,
          .finish_pixel = finish_pixel,
          .finish_pixels = finish_pixels,
          .image_row = image_row,
          .mixed_row = mixed_row,
          .max_byte_window = max_byte_window,
          .max_bf16_window = max_bf16_window,
          .multiply_add_rounds = multiply_add_rounds};
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spinenet::kernels {
namespace {

std::vector<Kernels> supported_kernels() {
  std::vector<Kernels> found;
  [[maybe_unused]] const InstructionSets& supported = instruction_sets();  // unused where only one set is compiled
#if HWY_TARGETS & HWY_AVX3
  if (supported.avx512) {
    const Kernels avx512 = N_AVX3::table();
    if (const QuantizedMultiply vnni = find_vnni_multiply()) {
      found.push_back(avx512);
      found.back().name = "avx512_vnni";
      found.back().quantized_multiply = vnni;
      found.back().pair_multiply = find_vnni_pair_multiply();
      found.back().bf16_multiply = find_bf16_multiply();
      found.back().to_bf16 = find_to_bf16();
      if (const TileKernels* tiles = find_tile_kernels()) {
        found.insert(found.begin(), found.back());
        found.front().name = "amx";
        found.front().tiles = tiles;
      }
    }
    found.push_back(avx512);
  }
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported.avx2) found.push_back(N_AVX2::table());
#endif
  if (!found.empty()) {
    Kernels plain = found.back();
    plain.name = "plain_tiles";
    plain.tiles = &plain_tile_kernels();
    found.push_back(plain);
  }
  const Kernels portable = HWY_NAMESPACE::table();
  if (found.empty() || found.back().name != portable.name) found.push_back(portable);
  return found;
}

}  // namespace

std::span<const Kernels> all_kernels() {
  static const std::vector<Kernels> all = supported_kernels();
  return all;
}

const Kernels& find_kernels(std::string_view name, Tiles tiles) {
  std::string known;
  for (const Kernels& kernels : all_kernels()) {
    const bool has_tiles = kernels.tiles != nullptr;
    const bool usable = tiles == Tiles::unwanted ? !name.empty() || !has_tiles : !has_tiles || kernels.tiles->permit();
    if (usable && (name.empty() || kernels.name == name)) return kernels;
    if (!usable && kernels.name == name) {
      fail(ErrorKind::unsupported, fmt::format("the system refuses the registers of \"{}\" to this process", name),
           "engine", "leave out the instruction set; the next best is taken");
    }
    if (kernels.tiles != &plain_tile_kernels()) known += fmt::format("{}{}", known.empty() ? "" : ", ", kernels.name);
  }
  fail(ErrorKind::unsupported, fmt::format("this machine has no instruction set \"{}\"", name), "engine",
       "use one of " + known);
}

}  // namespace spinenet::kernels
#endif
