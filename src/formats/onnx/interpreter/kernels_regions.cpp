// RoiAlign: the means of a few bilinear points in each cell of a grid laid over a region.
#include <algorithm>
#include <array>
#include <cmath>

#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

struct Grid {
  int64_t height, width, samples;
  float scale;
};

Grid grid_of(const OnnxCall& call) {
  const Grid grid{attribute(call, "output_height", int64_t{1}), attribute(call, "output_width", int64_t{1}),
                  attribute(call, "sampling_ratio", int64_t{0}), attribute(call, "spatial_scale", 1.0F)};
  require(call,
          attribute(call, "mode", std::string("avg")) == "avg" &&
              attribute(call, "coordinate_transformation_mode", std::string("half_pixel")) == "half_pixel",
          "reads regions in a way that this program does not write");
  constexpr int64_t kMost = 1024;
  for (const int64_t count : {grid.height, grid.width, grid.samples}) {
    require(call, count >= 1 && count <= kMost, "has a grid of no such size");
  }
  return grid;
}

// The value of a map between its cells: beyond the outer cells that of the border, farther than one cell out nothing.
double read_map(const float* map, int64_t height, int64_t width, float y, float x) {
  if (!(y >= -1 && y <= static_cast<float>(height) && x >= -1 && x <= static_cast<float>(width))) return 0;
  y = std::clamp(y, 0.0F, static_cast<float>(height - 1));
  x = std::clamp(x, 0.0F, static_cast<float>(width - 1));
  const auto top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
  const int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
  const double down = static_cast<double>(y) - static_cast<double>(top);
  const double over = static_cast<double>(x) - static_cast<double>(left);
  const auto at = [&](int64_t row, int64_t column) { return static_cast<double>(map[row * width + column]); };
  return (1 - down) * ((1 - over) * at(top, left) + over * at(top, right)) +
         down * ((1 - over) * at(bottom, left) + over * at(bottom, right));
}

// Inputs: maps [N, C, H, W], regions [n, 4] as x1, y1, x2, y2, the map of each [n].
std::vector<OnnxTensor> roi_align(const OnnxCall& call) {
  const OnnxTensor &x = floats(call, 0), &regions = floats(call, 1), &images = integers(call, 2);
  const Grid grid = grid_of(call);
  require(call, x.shape.size() == 4 && x.shape[2] > 0 && x.shape[3] > 0, "needs maps of four extents");
  require(call,
          regions.shape.size() == 2 && regions.shape[1] == 4 && images.shape.size() == 1 &&
              images.shape[0] == regions.shape[0],
          "has regions that do not fit");
  for (const int64_t image : images.ints) require(call, image >= 0 && image < x.shape[0], "has no such image");
  const int64_t channels = x.shape[1], height = x.shape[2], width = x.shape[3];
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32, {regions.shape[0], channels, grid.height, grid.width});
  call.pool.parallel_for(regions.shape[0] * channels, [&](int64_t plane) {
    const int64_t r = plane / channels, image = images.ints[static_cast<size_t>(r)];
    const float* map = x.floats.data() + (image * channels + plane % channels) * height * width;
    const float* region = regions.floats.data() + r * 4;
    const float left = region[0] * grid.scale - 0.5F, top = region[1] * grid.scale - 0.5F;
    const float cell_w = (region[2] - region[0]) * grid.scale / static_cast<float>(grid.width);
    const float cell_h = (region[3] - region[1]) * grid.scale / static_cast<float>(grid.height);
    const auto point = [&](float from, float cell, int64_t place) {
      return from + cell * (static_cast<float>(place) + 0.5F) / static_cast<float>(grid.samples);
    };
    float* to = y.floats.data() + plane * grid.height * grid.width;
    for (int64_t i = 0; i < grid.height; ++i) {
      for (int64_t j = 0; j < grid.width; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < grid.samples * grid.samples; ++k) {
          sum += read_map(map, height, width, point(top, cell_h, i * grid.samples + k / grid.samples),
                          point(left, cell_w, j * grid.samples + k % grid.samples));
        }
        *to++ = static_cast<float>(sum / static_cast<double>(grid.samples * grid.samples));
      }
    }
  });
  return {std::move(y)};
}

}  // namespace

std::span<const NamedKernel> region_kernels() {
  static constexpr std::array kKernels{NamedKernel{"RoiAlign", roi_align}};
  return kKernels;
}

}  // namespace spinenet::formats
