#include "engine/compile/schedule.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "engine/plan/memory_plan.h"

namespace spinenet::engine {
namespace {

using Groups = std::vector<std::vector<int>>;

// Memory for a value, in floats.
int64_t size_of(const Network& network, int value) {
  const graph::Shape& s = shape_of(network, value);
  const int64_t numbers = s.channels * s.height * s.width;
  constexpr int64_t kFloat = sizeof(float);
  return (numbers * number_bytes(format_of(network, value)) + kFloat - 1) / kFloat;
}

std::vector<int> writers(const Network& network) {
  std::vector<int> writer(network.values.size(), -1);
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    writer[static_cast<size_t>(network.nodes[i].output)] = static_cast<int>(i);
  }
  return writer;
}

// below[i][j]: node i needs node j, directly or not.
std::vector<std::vector<bool>> dependencies(const Network& network) {
  const std::vector<int> writer = writers(network);
  std::vector<std::vector<bool>> below(network.nodes.size());
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    below[i].resize(network.nodes.size());
    for (const Term& term : network.nodes[i].inputs) {
      const int before = writer[static_cast<size_t>(term.value)];
      if (before < 0) continue;
      const auto b = static_cast<size_t>(before);
      below[i][b] = true;
      for (size_t j = 0; j < b; ++j) below[i][j] = below[i][j] || below[b][j];
    }
  }
  return below;
}

bool same_work(const Node& a, const Node& b) {
  const ConvWork *x = as_convolution(a), *y = as_convolution(b);
  return x != nullptr && y != nullptr && x->weight == y->weight && x->conv.kernel == y->conv.kernel &&
         (a.inputs[0].value == 0) == (b.inputs[0].value == 0) &&  // the image's pixels may lie closer
         x->conv.groups == 1 && y->conv.groups == 1 && x->conv.stride == y->conv.stride &&
         x->conv.dilation == y->conv.dilation && x->conv.pad_before == y->conv.pad_before &&
         x->conv.pad_after == y->conv.pad_after;
}

Groups groups_of(const Network& network, bool share_weights) {
  const auto below = dependencies(network);
  Groups groups;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const auto fits = [&](const std::vector<int>& group) {
      return share_weights && std::all_of(group.begin(), group.end(), [&](int j) {
               return same_work(network.nodes[static_cast<size_t>(j)], network.nodes[i]) &&
                      !below[i][static_cast<size_t>(j)];
             });
    };
    const auto home = std::find_if(groups.begin(), groups.end(), fits);
    if (home == groups.end()) {
      groups.push_back({static_cast<int>(i)});
    } else {
      home->push_back(static_cast<int>(i));
    }
  }
  return groups;
}

// Lists groups one by one. With `thrifty`, of those that could be next the one after which least memory is taken.
class Listing {
 public:
  Listing(const Network& network, const Groups& groups)
      : network_(network), groups_(groups), uses_(count_uses(network)) {
    written_.resize(network.values.size(), 0);
    written_[0] = 1;
  }

  // Nothing when groups wait for each other.
  std::optional<Schedule> list(bool thrifty) {
    Schedule steps;
    std::vector<char> done(groups_.size(), 0);
    while (steps.size() < groups_.size()) {
      size_t best = groups_.size();
      int64_t best_growth = std::numeric_limits<int64_t>::max();
      for (size_t g = 0; g < groups_.size(); ++g) {
        if (done[g] != 0 || !is_ready(groups_[g])) continue;
        const int64_t growth = thrifty ? growth_of(groups_[g]) : static_cast<int64_t>(g);
        if (growth >= best_growth) continue;
        best = g;
        best_growth = growth;
      }
      if (best == groups_.size()) return std::nullopt;
      done[best] = 1;
      run(groups_[best]);
      steps.push_back(groups_[best]);
    }
    return steps;
  }

 private:
  bool is_ready(const std::vector<int>& group) const {
    return std::all_of(group.begin(), group.end(), [&](int i) {
      const auto& inputs = network_.nodes[static_cast<size_t>(i)].inputs;
      return std::all_of(inputs.begin(), inputs.end(),
                         [&](const Term& term) { return written_[static_cast<size_t>(term.value)] != 0; });
    });
  }
  int64_t growth_of(const std::vector<int>& group) const {
    int64_t growth = 0;
    for (const int i : group) {
      const Node& node = network_.nodes[static_cast<size_t>(i)];
      growth += size_of(network_, node.output);
      for (const Term& term : node.inputs) {
        if (uses_[static_cast<size_t>(term.value)] == 1) growth -= size_of(network_, term.value);
      }
    }
    return growth;
  }
  void run(const std::vector<int>& group) {
    for (const int i : group) {
      const Node& node = network_.nodes[static_cast<size_t>(i)];
      written_[static_cast<size_t>(node.output)] = 1;
      for (const Term& term : node.inputs) --uses_[static_cast<size_t>(term.value)];
    }
  }

  const Network& network_;
  const Groups& groups_;
  std::vector<int> uses_;  // still to come
  std::vector<char> written_;
};

struct Range {
  size_t first = 0, end = 0;
};

// The inputs of which each element is read just where the output's element is written.
Range terms_read_in_place(const Node& node) {
  const size_t all = node.inputs.size();
  return std::visit(
      graph::Overloaded{[&](const ConvWork&) {
                          return Range{1, all};
                        },
                        [](const GateWork&) {
                          return Range{0, 1};
                        },
                        [&](const SumWork&) {
                          return Range{0, all};
                        },
                        [](const graph::OneOf<DeconvWork, PoolWork, AveragePoolWork, GlobalPoolWork, BilinearWork,
                                              ConcatWork, SliceWork> auto&) { return Range{}; }},
      node.work);
}

int64_t memory_of(const Network& network, const Schedule& schedule) {
  const Liveness alive = liveness(network, schedule);
  std::vector<Lifetime> buffers(alive.first.size());
  for (size_t v = 0; v < network.values.size(); ++v) {
    if (alive.buffer_of[v] < 0) continue;
    const auto b = static_cast<size_t>(alive.buffer_of[v]);
    buffers[b] = {size_of(network, static_cast<int>(v)), alive.first[b], alive.last[b]};
  }
  return least_memory(buffers);
}

}  // namespace

Schedule schedule(const Network& network, bool share_weights) {
  for (const bool share : {share_weights, false}) {
    const Groups groups = groups_of(network, share);
    std::optional<Schedule> best = Listing(network, groups).list(false);
    if (!best) continue;
    std::optional<Schedule> thrifty = Listing(network, groups).list(true);
    return memory_of(network, *thrifty) < memory_of(network, *best) ? *thrifty : *best;
  }
  return {};
}

Liveness liveness(const Network& network, const Schedule& schedule) {
  const size_t values = network.values.size();
  std::vector<int> last_read(values, 0);
  for (size_t s = 0; s < schedule.size(); ++s) {
    for (const int i : schedule[s]) {
      for (const Term& term : network.nodes[static_cast<size_t>(i)].inputs) {
        last_read[static_cast<size_t>(term.value)] = static_cast<int>(s);
      }
    }
  }
  const auto steps = static_cast<int>(schedule.size());
  for (const graph::Output& output : network.outputs) last_read[static_cast<size_t>(output.value)] = steps;
  last_read[0] = std::max(last_read[0], 0);

  Liveness alive{std::vector<int>(values, -1), {0}, {last_read[0]}};
  alive.buffer_of[0] = 0;
  for (size_t s = 0; s < schedule.size(); ++s) {
    for (const int i : schedule[s]) {
      const Node& node = network.nodes[static_cast<size_t>(i)];
      const auto output = static_cast<size_t>(node.output);
      const bool is_conv = as_convolution(node) != nullptr;
      const Range terms = terms_read_in_place(node);
      for (size_t t = terms.first; t < terms.end && alive.buffer_of[output] < 0; ++t) {
        const auto value = static_cast<size_t>(node.inputs[t].value);
        if (value == 0 || node.inputs[t].factor != 1 || last_read[value] != static_cast<int>(s)) continue;
        if (shape_of(network, node.output) != network.values[value]) continue;
        const Quantization written = format_of(network, node.output), read = format_of(network, node.inputs[t].value);
        if (number_bytes(written) != number_bytes(read)) continue;
        const bool shared = is_conv && node.inputs[0].value == node.inputs[t].value;
        const bool read_elsewhere = schedule[s].size() > 1;
        if (!shared && !read_elsewhere) alive.buffer_of[output] = alive.buffer_of[value];
      }
      if (alive.buffer_of[output] < 0) {
        alive.buffer_of[output] = static_cast<int>(alive.first.size());
        alive.first.push_back(static_cast<int>(s));
        alive.last.push_back(0);
      }
      int& last = alive.last[static_cast<size_t>(alive.buffer_of[output])];
      last = std::max({last, last_read[output], static_cast<int>(s)});
    }
  }
  return alive;
}

}  // namespace spinenet::engine
