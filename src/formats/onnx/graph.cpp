#include "formats/onnx/graph.h"

#include "base/error.h"
#include "base/format.h"

namespace spinenet::formats {

std::string OnnxGraph::node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                            Attributes attributes) {
  file_.nodes.push_back({name, op, std::move(inputs), {name}, std::move(attributes)});
  return name;
}

std::pair<std::string, std::string> OnnxGraph::top_k(const std::string& name, const std::string& x,
                                                     const std::string& k) {
  const std::string indices = name + ".indices";
  file_.nodes.push_back(
      {name, "TopK", {x, k}, {name, indices}, {{"axis", int64_t{1}}, {"largest", int64_t{1}}, {"sorted", int64_t{1}}}});
  return {name, indices};
}

std::string OnnxGraph::constant(const std::string& name, OnnxTensor value) {
  const auto [at, is_new] = file_.initialisers.emplace(name, std::move(value));
  if (!is_new && at->second != value) fail(ErrorKind::failed, "two constants have the name " + name, "ONNX graph");
  return name;
}

std::string OnnxGraph::numbers(const std::string& name, std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return constant(name, {OnnxType::i64, {count}, {}, std::move(values)});
}

std::string OnnxGraph::number(const std::string& name, float value) {
  return constant(name, {OnnxType::f32, {}, {value}, {}});
}

std::string OnnxGraph::reshape(const std::string& name, const std::string& x, std::vector<int64_t> shape) {
  return node("Reshape", name, {x, numbers(name + ".shape", std::move(shape))});
}

std::string OnnxGraph::transpose(const std::string& name, const std::string& x, std::vector<int64_t> order) {
  return node("Transpose", name, {x}, {{"perm", std::move(order)}});
}

std::string OnnxGraph::concat(const std::string& name, std::vector<std::string> parts, int64_t axis) {
  return node("Concat", name, std::move(parts), {{"axis", axis}});
}

std::string OnnxGraph::unsqueeze(const std::string& name, const std::string& x, std::vector<int64_t> axes) {
  return node("Unsqueeze", name, {x, numbers(name + ".axes", std::move(axes))});
}

std::string OnnxGraph::gather(const std::string& name, const std::string& x, std::vector<int64_t> at, int64_t axis) {
  return node("Gather", name, {x, numbers(name + ".at", std::move(at))}, {{"axis", axis}});
}

}  // namespace spinenet::formats
