#include "graph/fit_width.h"

#include <algorithm>
#include <cmath>

#include "graph/cost.h"

namespace spinenet::graph {
namespace {

constexpr double kStep = 0.0001;
constexpr double kMostWidth = 16;  // that validate accepts

// Below it some level, a squeeze or the stem is left without filters.
double narrowest_width(const arch::Architecture& a) {
  const auto [least, most] = std::minmax_element(a.scaling.level_filters.begin(), a.scaling.level_filters.end());
  double filters = *least;
  if (a.stem == arch::StemKind::inverted_bottlenecks) filters = std::min<double>(filters, a.scaling.stem_filters);
  if (a.resampling == arch::Resampling::squeezed) filters *= std::min(1.0, a.scaling.resample_alpha);
  if (const auto* hrnet = std::get_if<arch::HrNet>(&a.backbone)) {
    filters = std::min<double>(filters, std::min(hrnet->width, hrnet->first_filters));
  }
  if (const auto* mobile = std::get_if<arch::EfficientNetLite>(&a.backbone)) {
    for (const arch::MobileStage& stage : mobile->stages) filters = std::min<double>(filters, stage.filters);
  }
  if (const auto* permuted = std::get_if<arch::ScalePermuted>(&a.backbone)) {
    double width = 1;
    for (const arch::BlockSpec& block : permuted->blocks) width = std::min(width, block.width);
    filters *= width;
  }
  return std::ceil(1 / filters / kStep) * kStep;
}

int64_t price(arch::Architecture architecture, double width, const LowerOptions& options) {
  architecture.scaling.filter_size_scale = width;
  return cost(lower_detector(architecture, options)).multiply_adds;
}

}  // namespace

std::optional<double> fitting_width(const arch::Architecture& architecture, const LowerOptions& options,
                                    int64_t multiply_adds) {
  const auto width_of = [](int64_t steps) { return static_cast<double>(steps) * kStep; };
  const auto fits = [&](int64_t steps) { return price(architecture, width_of(steps), options) <= multiply_adds; };
  // The price of `first` steps is at most the limit, that of `end` steps above it, or wider than any network.
  auto first = std::llround(narrowest_width(architecture) / kStep), end = std::llround(kMostWidth / kStep) + 1;
  if (!fits(first)) return std::nullopt;
  while (end - first > 1) {
    const int64_t middle = first + (end - first) / 2;
    (fits(middle) ? first : end) = middle;
  }
  return width_of(first);
}

}  // namespace spinenet::graph
