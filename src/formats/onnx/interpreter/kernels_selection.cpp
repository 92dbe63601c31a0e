// TopK, NonMaxSuppression, and the gathering and scattering around them.
#include <algorithm>
#include <array>
#include <numeric>

#include "detect/box.h"
#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

using SelectionInts = std::vector<int64_t>;

// Along axis 1 of a matrix, largest first; of equal values the one with the lower index.
std::vector<OnnxTensor> top_k(const OnnxCall& call) {
  const OnnxTensor &x = floats(call, 0), &k = integers(call, 1);
  require(call,
          x.shape.size() == 2 && attribute(call, "axis", int64_t{-1}) == 1 &&
              attribute(call, "largest", int64_t{1}) == 1 && attribute(call, "sorted", int64_t{1}) == 1,
          "orders in a way that this program does not write");
  const int64_t columns = x.shape[1];
  require(call, k.ints.size() == 1 && k.ints[0] >= 0 && k.ints[0] <= columns, "takes more values than there are");
  const int64_t count = k.ints[0];
  OnnxTensor values = make_onnx_tensor(call, OnnxType::f32, {x.shape[0], count});
  OnnxTensor indices = make_onnx_tensor(call, OnnxType::i64, {x.shape[0], count});
  SelectionInts order(static_cast<size_t>(columns));
  for (int64_t row = 0; row < x.shape[0]; ++row) {
    const float* from = x.floats.data() + row * columns;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + count, order.end(),
                      [&](int64_t a, int64_t b) { return from[a] != from[b] ? from[a] > from[b] : a < b; });
    for (int64_t i = 0; i < count; ++i) {
      values.floats[static_cast<size_t>(row * count + i)] = from[order[static_cast<size_t>(i)]];
      indices.ints[static_cast<size_t>(row * count + i)] = order[static_cast<size_t>(i)];
    }
  }
  return {std::move(values), std::move(indices)};
}

// Any two opposite corners.
detect::Box box_of(const float* corners) {
  return {std::min(corners[0], corners[2]), std::min(corners[1], corners[3]), std::max(corners[0], corners[2]),
          std::max(corners[1], corners[3])};
}

struct Suppression {
  int64_t most;
  float iou, least_score;
};

// Indices of what is kept of one class of one image.
SelectionInts suppress(const float* boxes, std::span<const float> scores, const Suppression& options) {
  SelectionInts order;
  for (int64_t i = 0; i < static_cast<int64_t>(scores.size()); ++i) {
    if (scores[static_cast<size_t>(i)] > options.least_score) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  SelectionInts kept;
  for (const int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= options.most) break;
    const detect::Box box = box_of(boxes + candidate * 4);
    const bool covered = std::any_of(kept.begin(), kept.end(),
                                     [&](int64_t other) { return iou(box_of(boxes + other * 4), box) > options.iou; });
    if (!covered) kept.push_back(candidate);
  }
  return kept;
}

std::vector<OnnxTensor> non_max_suppression(const OnnxCall& call) {
  const OnnxTensor &boxes = floats(call, 0), &scores = floats(call, 1);
  require(call,
          boxes.shape.size() == 3 && boxes.shape[2] == 4 && scores.shape.size() == 3 &&
              scores.shape[0] == boxes.shape[0] && scores.shape[2] == boxes.shape[1],
          "has boxes and scores that do not fit");
  require(call, attribute(call, "center_point_box", int64_t{0}) == 0, "takes boxes as centre and size");
  const auto one = [&](const OnnxTensor& x) { return element_count(x) == 1; };
  require(call, one(integers(call, 2)) && one(floats(call, 3)) && one(floats(call, 4)), "needs single numbers");
  const Suppression options{integers(call, 2).ints[0], floats(call, 3).floats[0], floats(call, 4).floats[0]};
  const int64_t images = scores.shape[0], classes = scores.shape[1], places = scores.shape[2];
  OnnxTensor y{OnnxType::i64, {0, 3}, {}, {}};
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t c = 0; c < classes; ++c) {
      const std::span of_class(scores.floats.data() + (n * classes + c) * places, static_cast<size_t>(places));
      for (const int64_t i : suppress(boxes.floats.data() + n * places * 4, of_class, options)) {
        y.ints.insert(y.ints.end(), {n, c, i});
        ++y.shape[0];
      }
    }
  }
  return {std::move(y)};
}

// Along axis 1.
std::vector<OnnxTensor> gather_elements(const OnnxCall& call) {
  const OnnxTensor &x = input(call, 0), &at = integers(call, 1);
  require(call, attribute(call, "axis", int64_t{0}) == 1 && x.shape.size() >= 2 && at.shape.size() == x.shape.size(),
          "gathers in a way that this program does not write");
  for (size_t axis = 0; axis < x.shape.size(); ++axis) {
    require(call, axis == 1 || at.shape[axis] == x.shape[axis], "has indices for another shape");
  }
  for (const int64_t i : at.ints) require(call, i >= 0 && i < x.shape[1], "has an index beyond its input");
  const int64_t inner = element_count(std::span<const int64_t>(x.shape).subspan(2));
  const int64_t whole = at.shape[1] * inner;
  return {pick(call, x, at.shape, [&](int64_t i) {
    return (i / whole * x.shape[1] + at.ints[static_cast<size_t>(i)]) * inner + i % inner;
  })};
}

// Which of the rows [rows, columns, ..] of x each of the places [n, 2] names.
SelectionInts matrix_places(const OnnxCall& call, const OnnxTensor& x, const OnnxTensor& places) {
  require(call, x.shape.size() >= 2 && places.shape.size() == 2 && places.shape[1] == 2, "needs places in a matrix");
  SelectionInts offsets;
  for (size_t i = 0; i < places.ints.size(); i += 2) {
    const int64_t row = places.ints[i], column = places.ints[i + 1];
    require(call, row >= 0 && row < x.shape[0] && column >= 0 && column < x.shape[1], "has a place beyond its input");
    offsets.push_back(row * x.shape[1] + column);
  }
  return offsets;
}

std::vector<OnnxTensor> gather_nd(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  require(call, attribute(call, "batch_dims", int64_t{0}) == 0, "has a batch of its own");
  const SelectionInts offsets = matrix_places(call, x, integers(call, 1));
  SelectionInts shape{static_cast<int64_t>(offsets.size())};
  shape.insert(shape.end(), x.shape.begin() + 2, x.shape.end());
  const int64_t inner = element_count(std::span<const int64_t>(x.shape).subspan(2));
  return {pick(call, x, std::move(shape),
               [&](int64_t i) { return offsets[static_cast<size_t>(i / inner)] * inner + i % inner; })};
}

// The places of a row that hold true, [1, n].
std::vector<OnnxTensor> non_zero(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  require(call, x.type == OnnxType::boolean && x.shape.size() == 1, "looks for what this program does not write");
  OnnxTensor y{OnnxType::i64, {1, 0}, {}, {}};
  for (size_t i = 0; i < x.ints.size(); ++i) {
    if (x.ints[i] != 0) y.ints.push_back(static_cast<int64_t>(i));
  }
  y.shape[1] = static_cast<int64_t>(y.ints.size());
  return {std::move(y)};
}

std::vector<OnnxTensor> scatter_nd(const OnnxCall& call) {
  OnnxTensor y = floats(call, 0);
  require(call, y.shape.size() == 2, "needs places in a matrix");
  const OnnxTensor& updates = floats(call, 2);
  const SelectionInts offsets = matrix_places(call, y, integers(call, 1));
  require(call, updates.shape == SelectionInts{static_cast<int64_t>(offsets.size())}, "has another number of places");
  for (size_t i = 0; i < offsets.size(); ++i) y.floats[static_cast<size_t>(offsets[i])] = updates.floats[i];
  return {std::move(y)};
}

}  // namespace

std::span<const NamedKernel> selection_kernels() {
  static constexpr std::array kKernels{NamedKernel{"TopK", top_k},
                                       NamedKernel{"NonMaxSuppression", non_max_suppression},
                                       NamedKernel{"GatherElements", gather_elements},
                                       NamedKernel{"GatherND", gather_nd},
                                       NamedKernel{"ScatterND", scatter_nd},
                                       NamedKernel{"NonZero", non_zero}};
  return kKernels;
}

}  // namespace spinenet::formats
