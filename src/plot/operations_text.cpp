#include "plot/operations_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"

namespace spinenet::plot {
namespace {

const char* word_of_convolution(const graph::Conv& conv) {
  if (conv.groups > 1) return conv.dilation > 1 ? "dilated depthwise convolution" : "depthwise convolution";
  return conv.dilation > 1 ? "dilated convolution" : "convolution";
}

// For "1 sum" and "2 sums".
std::string_view word_of(const graph::OpKind& kind) {
  using namespace graph;
  return std::visit(Overloaded{
                        [](const Conv& conv) { return word_of_convolution(conv); },
                        [](const Deconv&) { return "transposed convolution"; },
                        [](const BatchNorm&) { return "batch norm"; },
                        [](const Activate&) { return "activation"; },
                        [](const MaxPool&) { return "max pool"; },
                        [](const AveragePool&) { return "average pool"; },
                        [](const GlobalPool&) { return "global pool"; },
                        [](const Upsample&) { return "upsampling"; },
                        [](const BilinearUpsample&) { return "bilinear upsampling"; },
                        [](const Add&) { return "sum"; },
                        [](const Mean&) { return "mean"; },
                        [](const Concat&) { return "concatenation"; },
                        [](const Slice&) { return "channel slice"; },
                        [](const Scale&) { return "scaling"; },
                        [](const Sigmoid&) { return "sigmoid"; },
                        [](const DropPath&) { return "drop path"; },
                    },
                    kind);
}

}  // namespace

std::string operations_text(const graph::Program& program, std::string_view prefix) {
  std::vector<std::pair<std::string_view, int>> counts;
  for (const graph::Op& op : program.ops) {
    if (!op.name.starts_with(prefix)) continue;
    const std::string_view word = word_of(op.kind);
    const auto same = std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == word; });
    if (same == counts.end()) {
      counts.emplace_back(word, 1);
    } else {
      ++same->second;
    }
  }
  std::string text;
  for (const auto& [word, count] : counts) {
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, word, count > 1 ? "s" : "");
  }
  return text;
}

}  // namespace spinenet::plot
