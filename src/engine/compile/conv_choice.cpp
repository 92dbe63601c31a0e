#include "engine/compile/conv_choice.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/format.h"
#include "engine/plan/conv_layout.h"
#include "engine/plan/tile_layout.h"

namespace spinenet::engine {
namespace {

// Tiles and rows of a task: what a core's second-level cache holds together with the weights of a panel.
constexpr int64_t kTaskTiles = 56, kTaskSmallTiles = 112, kTaskRows = 112;
// Pixels of a strip, which are fewer where their bytes would fill more of that cache.
constexpr int64_t kStripRows = 320, kStripBytes = int64_t{384} << 10;

constexpr std::array kAlgorithms{ConvAlgorithm::direct,         ConvAlgorithm::gathered,  ConvAlgorithm::winograd,
                                 ConvAlgorithm::small_winograd, ConvAlgorithm::tile_rows, ConvAlgorithm::tile_strips};
constexpr std::array kShares{Share::rows, Share::columns};

std::string_view name_of(Share share) {
  switch (share) {
    case Share::rows:
      return "rows";
    case Share::columns:
      return "columns";
  }
  return "";
}

template <class Names>
std::optional<typename Names::value_type> named(const Names& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](auto one) { return name_of(one) == name; });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

bool is_aligned(const ConvStep& step) {
  return std::all_of(step.sites.begin(), step.sites.end(),
                     [](const ConvSite& site) { return site.in.stride % kernels::kChannelBlock == 0; });
}

// Each row of the product is a stretch of the input map as it lies.
bool rows_lie_ready(const ConvStep& step) {
  const graph::Conv& c = step.conv;
  if (!is_aligned(step) || c.pad_before != 0 || c.pad_after != 0) return false;
  if (c.kernel == 1 && c.stride == 1) return true;
  return std::all_of(step.sites.begin(), step.sites.end(), [&](const ConvSite& site) {
    return site.in.shape.height == c.kernel && site.in.shape.width == c.kernel;
  });
}

bool is_for_winograd(const ConvStep& step, const ChoiceScope& scope) {
  const graph::Conv& c = step.conv;
  return scope.winograd && is_aligned(step) && c.kernel == 3 && c.stride == 1 && c.pad_before == c.dilation &&
         c.pad_after == c.dilation;
}

// A tile that mostly hangs over the edge saves nothing, and few tiles do not make up for the larger weights.
bool is_worth(ConvAlgorithm algorithm, const ConvStep& step, const ChoiceScope& scope) {
  const int side = tile_of(algorithm);
  const int64_t tiles = tile_count(step, side), least_tiles = side == kernels::kWinogradTile ? 8 : 12;
  int64_t pixels = 0;
  for (const ConvSite& site : step.sites) pixels += site.out.shape.height * site.out.shape.width;
  return products_of(algorithm) * tiles * 4 < 9 * pixels * 3 && tiles * scope.images >= least_tiles;
}

// Few tiles do not make up for eight times the weights of an int8 product, nor few channels for the transforms.
bool suits_int8_winograd(const ConvStep& step, const ChoiceScope& scope) {
  constexpr int64_t kLeastTiles = 64, kLeastChannels = 64;
  const int64_t tiles = tile_count(step, kernels::kWinogradTile);
  return tiles * scope.images >= kLeastTiles && step.sites.front().in.stride >= kLeastChannels &&
         step.columns >= kLeastChannels;
}

bool uses_tiles(const ConvStep& step, const ChoiceScope& scope) {
  return scope.tiles && step.format != NumberFormat::fp32 &&
         (rows_lie_ready(step) || fits_tile_strips(step.conv, step.sites.front().in.stride));
}

ConvAlgorithm tile_algorithm(const ConvStep& step) {
  return rows_lie_ready(step) ? ConvAlgorithm::tile_rows : ConvAlgorithm::tile_strips;
}

int64_t row_length(const ConvStep& step, ConvAlgorithm algorithm) {
  if (multiplies_tiles(algorithm)) return tile_row_length(step, algorithm);
  const int64_t taps = tile_of(algorithm) > 0 ? 1 : int64_t{step.conv.kernel} * step.conv.kernel;
  constexpr int64_t kFloatsAtOnce = 4;
  const int64_t multiple = step.format == NumberFormat::int8 ? kernels::kChannelBlock : kFloatsAtOnce;
  return rounded_up(taps * step.sites.front().in.stride, multiple);
}

// Rows of a product that are gathered before it: as many as the second-level cache holds of this many numbers.
int64_t cached_rows(const ConvStep& step, ConvAlgorithm algorithm) {
  const int64_t numbers = int64_t{1} << (step.format == NumberFormat::int8 ? 18 : 17);
  return std::clamp<int64_t>(numbers / row_length(step, algorithm), kernels::kRegisterRows, kTaskRows);
}

int64_t strip_rows(const ConvStep& step, ConvAlgorithm algorithm) {
  const int64_t pixel = tile_pixel_bytes(step, algorithm);
  return std::clamp<int64_t>(kStripBytes / pixel, kernels::kTileBlockRows, kStripRows);
}

int64_t usual_rows(const ConvStep& step, ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::winograd:
      return kTaskTiles;
    case ConvAlgorithm::small_winograd:
      return kTaskSmallTiles;
    case ConvAlgorithm::direct:
      return step.format == NumberFormat::int8 ? cached_rows(step, algorithm) : kTaskRows;
    case ConvAlgorithm::tile_rows:
    case ConvAlgorithm::tile_strips:
      return strip_rows(step, algorithm);
    case ConvAlgorithm::gathered:
      break;
  }
  return cached_rows(step, algorithm);
}

// Winograd's algorithms that there are in a number format, the larger tiles first.
std::vector<ConvAlgorithm> tiled_algorithms(NumberFormat format) {
  switch (format) {
    case NumberFormat::fp32:
    case NumberFormat::bf16:
      break;
    case NumberFormat::int8:
      return {ConvAlgorithm::winograd};
  }
  return {ConvAlgorithm::winograd, ConvAlgorithm::small_winograd};
}

std::vector<ConvAlgorithm> algorithms_on_vectors(const ConvStep& step, const ChoiceScope& scope) {
  if (rows_lie_ready(step)) return {ConvAlgorithm::direct};
  if (!is_for_winograd(step, scope)) return {ConvAlgorithm::gathered};
  std::vector<ConvAlgorithm> algorithms = tiled_algorithms(step.format);
  algorithms.push_back(ConvAlgorithm::gathered);
  return algorithms;
}

// In bf16, tiles alone: there may be no vector instructions, and maps may hold bf16 values.
std::vector<ConvAlgorithm> possible_algorithms(const ConvStep& step, const ChoiceScope& scope) {
  if (!uses_tiles(step, scope)) return algorithms_on_vectors(step, scope);
  std::vector<ConvAlgorithm> algorithms{tile_algorithm(step)};
  if (step.format == NumberFormat::bf16) return algorithms;
  const std::vector<ConvAlgorithm> others = algorithms_on_vectors(step, scope);
  algorithms.insert(algorithms.end(), others.begin(), others.end());
  return algorithms;
}

// The algorithm that is fastest on most machines.
ConvAlgorithm usual_algorithm(const ConvStep& step, const ChoiceScope& scope) {
  if (uses_tiles(step, scope)) return tile_algorithm(step);
  if (rows_lie_ready(step)) return ConvAlgorithm::direct;
  if (!is_for_winograd(step, scope)) return ConvAlgorithm::gathered;
  if (step.format == NumberFormat::int8 && !suits_int8_winograd(step, scope)) return ConvAlgorithm::gathered;
  for (const ConvAlgorithm tiled : tiled_algorithms(step.format)) {
    if (is_worth(tiled, step, scope)) return tiled;
  }
  return ConvAlgorithm::gathered;
}

// Of what a step reads and writes, what its time depends on.
std::string site_text(const ConvStep& step, const ConvSite& site) {
  std::string text = fmt::format(" {}x{}", site.in.shape.height, site.in.shape.width);
  if (site.residual_factor > 0) text += fmt::format("+{}", site.residual_factor);
  if (step.format == NumberFormat::int8 && !is_bytes(site.out.quantization)) text += " to fp32";
  if (step.format == NumberFormat::bf16) {
    if (site.in.quantization.is_bf16) text += " from bf16";
    if (site.out.quantization.is_bf16) text += " to bf16";
  }
  return text;
}

}  // namespace

ConvChoice rule_choice(const ConvStep& step, const ChoiceScope& scope) {
  const ConvAlgorithm algorithm = usual_algorithm(step, scope);
  return {algorithm, usual_rows(step, algorithm), Share::rows};
}

std::vector<ConvChoice> candidate_choices(const ConvStep& step, const ChoiceScope& scope) {
  std::vector<ConvChoice> found{rule_choice(step, scope)};
  for (const ConvAlgorithm algorithm : possible_algorithms(step, scope)) {
    const int64_t usual = usual_rows(step, algorithm);
    for (const int64_t rows : {usual, usual / 2, usual * 2}) {
      for (const Share share : kShares) {
        const ConvChoice choice{algorithm, rows, share};
        if (rows > kMaxTaskRows || (share == Share::columns && scope.threads == 1) || choice == found.front()) continue;
        found.push_back(choice);
      }
    }
  }
  return found;
}

void take_choice(ConvStep& step, const ConvChoice& choice) {
  step.choice = choice;
  step.k = row_length(step, choice.algorithm);
  step.tiles = has_tiles(step) ? tiles_of(step) : std::vector<WinogradTile>();
}

std::string_view name_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::gathered:
      return "gathered";
    case ConvAlgorithm::winograd:
      return "winograd";
    case ConvAlgorithm::small_winograd:
      return "winograd 2x2";
    case ConvAlgorithm::tile_rows:
      return "tile rows";
    case ConvAlgorithm::tile_strips:
      return "tile strips";
  }
  return "";
}

std::string_view name_of(NumberFormat format) {
  switch (format) {
    case NumberFormat::fp32:
      return "fp32";
    case NumberFormat::bf16:
      return "bf16";
    case NumberFormat::int8:
      return "int8";
  }
  return "";
}

std::string to_text(const ConvChoice& choice) {
  return fmt::format("{}, {}, {}", name_of(choice.algorithm), choice.rows, name_of(choice.share));
}

std::optional<ConvChoice> parse_choice(std::string_view text) {
  const size_t first = text.find(", "), last = text.rfind(", ");
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string_view rows = text.substr(first + 2, last - first - 2);
  const auto algorithm = named(kAlgorithms, text.substr(0, first));
  const auto share = named(kShares, text.substr(last + 2));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(rows.data(), rows.data() + rows.size(), number);
  if (!algorithm || !share || error != std::errc() || end != rows.data() + rows.size()) return std::nullopt;
  if (number < 1 || number > kMaxTaskRows) return std::nullopt;
  return ConvChoice{*algorithm, number, *share};
}

std::string shape_text(const ConvStep& step, const ChoiceScope& scope) {
  const graph::Conv& c = step.conv;
  std::string text = fmt::format("{} threads, batch {}, {}, {}x{} stride {} pad {} {}, {} to {},", scope.threads,
                                 scope.images, name_of(step.format), c.kernel, c.kernel, c.stride, c.pad_before,
                                 c.pad_after, step.sites.front().in.stride, step.columns);
  if (c.dilation > 1) text += fmt::format(" dilation {},", c.dilation);
  for (const ConvSite& site : step.sites) text += site_text(step, site);
  return text + (scope.winograd ? "" : ", no winograd");
}

}  // namespace spinenet::engine
