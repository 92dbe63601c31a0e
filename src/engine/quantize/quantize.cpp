#include "engine/quantize/quantize.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::engine {
namespace {

// Sums of more terms go in rounds, which need floats between.
constexpr size_t kMostTerms = 8;

size_t at(int value) {
  return static_cast<size_t>(value);
}

class Quantizer {
 public:
  Quantizer(Network& network, const Calibration& calibration, bool crops, const std::string& place)
      : network_(network), calibration_(calibration), crops_(crops), place_(place) {}

  void run() {
    check_kept();
    const bool has_range = calibration_.ranges.contains(std::string(kInputName));
    crops_become_bytes_ = crops_ && has_range;
    image_is_bytes_ = !crops_ && has_range && only_convolutions_read_image();
    choose_convolutions();
    if (image_is_bytes_ && !all_readers_of_image_take_bytes()) {
      image_is_bytes_ = false;
      choose_convolutions();
    }
    choose_values();
    insert_conversions();
  }

 private:
  void check_kept() const {
    for (const std::string& name : calibration_.kept) {
      if (std::ranges::any_of(network_.nodes, [&](const Node& node) { return node.name == name; })) continue;
      fail(ErrorKind::bad_data, fmt::format("the calibration keeps {} in floats, which the network has not", name),
           place_, "run spinenet calibrate again");
    }
  }

  // Whether no sum of the products of bytes can leave 32 bits. A tap of a transposed convolution is a sum of its own.
  bool adds_up(const Node& node) const {
    constexpr int64_t kMostProduct = 255 * 127;
    const ConvWork* work = as_convolution(node);
    const int64_t kernel = work != nullptr ? work->conv.kernel : 1;
    const int64_t products = network_.values[at(node.inputs[0].value)].channels * kernel * kernel;
    return products <= std::numeric_limits<int32_t>::max() / kMostProduct;
  }

  bool is_kept(const Node& node) const {
    return std::find(calibration_.kept.begin(), calibration_.kept.end(), node.name) != calibration_.kept.end();
  }

  static bool reads_image(const Node& node) {
    return std::ranges::any_of(node.inputs, [](const Term& term) { return term.value == 0; });
  }

  bool only_convolutions_read_image() const {
    return std::ranges::all_of(network_.nodes,
                               [](const Node& node) {
                                 if (!reads_image(node)) return true;
                                 const bool at_first =
                                     std::ranges::none_of(node.inputs.begin() + 1, node.inputs.end(),
                                                          [](const Term& term) { return term.value == 0; });
                                 return may_multiply_bytes(node) && at_first;
                               }) &&
           std::ranges::none_of(network_.outputs, [](const graph::Output& output) { return output.value == 0; });
  }

  bool all_readers_of_image_take_bytes() const {
    return std::ranges::all_of(network_.nodes,
                               [&](const Node& node) { return !reads_image(node) || takes_bytes(node); });
  }

  bool may_here(const Node& node) const {
    return may_multiply_bytes(node) && (node.inputs[0].value != 0 || image_is_bytes_ || crops_become_bytes_);
  }

  // All uses of the same weights or none.
  void choose_convolutions() {
    for (const Node& node : network_.nodes) {
      const std::optional<graph::ParameterId> weight = weight_of_bytes(node);
      if (weight && (!may_here(node) || !adds_up(node) || is_kept(node))) in_floats_.insert(*weight);
    }
  }

  bool takes_bytes(const Node& node) const {
    const std::optional<graph::ParameterId> weight = weight_of_bytes(node);
    return weight && !in_floats_.contains(*weight);
  }

  static bool is_short(const Node& sum) { return sum.inputs.size() <= kMostTerms; }

  // Whether the node reads the term as it is, bytes or floats.
  bool reads_either(const Node& node, size_t term) const {
    return std::visit(graph::Overloaded{[&](const ConvWork&) { return takes_bytes(node) && term > 0; },
                                        [&](const SumWork&) { return is_short(node); },
                                        [](const graph::OneOf<PoolWork, SliceWork> auto&) { return true; },
                                        [](const graph::OneOf<DeconvWork, AveragePoolWork, GlobalPoolWork, BilinearWork,
                                                              GateWork, ConcatWork> auto&) { return false; }},
                      node.work);
  }

  // Values that an int8 convolution reads, at once or by way of sums, pools and slices.
  std::vector<char> useful_values() const {
    std::vector<char> useful(network_.values.size(), 0);
    for (auto node = network_.nodes.rbegin(); node != network_.nodes.rend(); ++node) {
      for (size_t t = 0; t < node->inputs.size(); ++t) {
        const bool passes = reads_either(*node, t) && useful[at(node->output)] != 0;
        if (takes_bytes(*node) || passes) useful[at(node->inputs[t].value)] = 1;
      }
    }
    return useful;
  }

  void choose_values() {
    const std::vector<char> useful = useful_values();
    network_.formats.assign(network_.values.size(), {});
    if (image_is_bytes_) {
      network_.formats[0] = quantization_of(calibration_.ranges.at(std::string(kInputName)));
    }
    for (const Node& node : network_.nodes) {
      network_.formats[at(node.output)] = written_format(node, useful[at(node.output)] != 0);
    }
  }

  // What the node writes where bytes are `useful`.
  Quantization written_format(const Node& node, bool useful) const {
    const auto bytes_if = [&](bool able) { return useful && able ? range_of(node) : Quantization{}; };
    return std::visit(
        graph::Overloaded{
            [&](const graph::OneOf<ConvWork, DeconvWork> auto&) { return bytes_if(takes_bytes(node)); },
            [&](const SumWork&) { return bytes_if(is_short(node)); },
            [&](const graph::OneOf<PoolWork, SliceWork> auto&) { return network_.formats[at(node.inputs[0].value)]; },
            [](const graph::OneOf<AveragePoolWork, GlobalPoolWork, BilinearWork, GateWork, ConcatWork> auto&) {
              return Quantization{};
            }},
        node.work);
  }

  Quantization range_of(const Node& node) const {
    const auto found = calibration_.ranges.find(node.name);
    if (found != calibration_.ranges.end()) return quantization_of(found->second);
    fail(ErrorKind::bad_data, fmt::format("the calibration has no range for {}", node.name), place_,
         "run spinenet calibrate again, and skip no pass");
  }

  // The value as the other kind, written right after it.
  int converted(int value, const Node& writer, std::vector<Node>& after) {
    const auto known = other_.find(value);
    if (known != other_.end()) return known->second;
    const bool bytes = is_bytes(network_.formats[at(value)]);
    const int made = static_cast<int>(network_.values.size());
    network_.values.push_back(network_.values[at(value)]);
    network_.formats.push_back(bytes ? Quantization{} : range_of(writer));
    after.push_back({fmt::format("{}.{}", writer.name, bytes ? "floats" : "bytes"),
                     SumWork{},
                     {{value, 1}},
                     {},
                     {},
                     kernels::EpilogueActivation::none,
                     made});
    other_[value] = made;
    return made;
  }

  // What `term` of a node must be where it is not what it is.
  bool wants_other(const Node& node, size_t term) const {
    const bool bytes = is_bytes(network_.formats[at(node.inputs[term].value)]);
    if (takes_bytes(node) && term == 0) return !bytes;
    return bytes && !reads_either(node, term);
  }

  // Puts what readers of `writer` need in its place; gives the conversions.
  std::vector<Node> convert_output(const Node& writer) {
    std::vector<Node> made;
    for (Node& node : network_.nodes) {
      for (size_t t = 0; t < node.inputs.size(); ++t) {
        if (node.inputs[t].value != writer.output || !wants_other(node, t)) continue;
        node.inputs[t].value = converted(writer.output, writer, made);
      }
    }
    for (graph::Output& output : network_.outputs) {
      if (output.value != writer.output || !is_bytes(network_.formats[at(output.value)])) continue;
      output.value = converted(writer.output, writer, made);
    }
    return made;
  }

  // What the network is given, as if a node had written it.
  static Node input_writer() {
    Node writer;
    writer.name = std::string(kInputName);
    writer.output = 0;
    return writer;
  }

  void insert_conversions() {
    std::vector<Node> nodes = convert_output(input_writer());
    std::vector<std::vector<Node>> made;
    made.reserve(network_.nodes.size());
    for (const Node& writer : network_.nodes) made.push_back(convert_output(writer));
    for (size_t i = 0; i < made.size(); ++i) {
      nodes.push_back(std::move(network_.nodes[i]));
      for (Node& node : made[i]) nodes.push_back(std::move(node));
    }
    network_.nodes = std::move(nodes);
  }

  Network& network_;
  const Calibration& calibration_;
  const bool crops_;
  const std::string& place_;
  bool image_is_bytes_ = false, crops_become_bytes_ = false;
  std::set<graph::ParameterId> in_floats_;
  std::map<int, int> other_;  // value -> the same as the other kind
};

}  // namespace

std::optional<graph::ParameterId> weight_of_bytes(const Node& node) {
  if (const auto* deconv = std::get_if<DeconvWork>(&node.work)) return deconv->weight;
  if (is_dense_convolution(node)) return as_convolution(node)->weight;
  return std::nullopt;
}

bool may_multiply_bytes(const Node& node) {
  return weight_of_bytes(node).has_value();
}

bool multiplies_bytes(const Network& network, const Node& node) {
  return may_multiply_bytes(node) && is_bytes(format_of(network, node.inputs[0].value));
}

void quantize(Network& network, const Calibration& calibration, bool crops, const std::string& place) {
  Quantizer(network, calibration, crops, place).run();
}

}  // namespace spinenet::engine
