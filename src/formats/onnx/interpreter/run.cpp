#include "formats/onnx/interpreter/run.h"

#include <set>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

// The nodes that `wanted` needs, in their order.
std::vector<const OnnxNode*> needed_nodes(const OnnxFile& file, const OnnxValues& given,
                                          std::span<const std::string> wanted) {
  std::set<std::string_view> needed(wanted.begin(), wanted.end());
  std::vector<const OnnxNode*> nodes;
  for (auto node = file.nodes.rbegin(); node != file.nodes.rend(); ++node) {
    bool is_needed = false;
    for (const std::string& output : node->outputs) {
      is_needed = is_needed || (needed.contains(output) && !given.contains(output));
    }
    if (!is_needed) continue;
    nodes.push_back(&*node);
    for (const std::string& input : node->inputs) needed.insert(input);
  }
  return {nodes.rbegin(), nodes.rend()};
}

// How often each value is still read: what nobody reads any more is dropped.
std::unordered_map<std::string_view, int> count_readers(const std::vector<const OnnxNode*>& nodes,
                                                        std::span<const std::string> wanted) {
  std::unordered_map<std::string_view, int> readers;
  for (const OnnxNode* node : nodes) {
    for (const std::string& input : node->inputs) ++readers[input];
  }
  for (const std::string& name : wanted) ++readers[name];
  return readers;
}

}  // namespace

OnnxValues run_onnx(const OnnxFile& file, const OnnxValues& given, std::span<const std::string> wanted, int threads) {
  const std::vector<const OnnxNode*> nodes = needed_nodes(file, given, wanted);
  std::unordered_map<std::string_view, int> readers = count_readers(nodes, wanted);
  ThreadPool pool(threads);
  OnnxValues values;
  const auto find = [&](const std::string& name) -> const OnnxTensor* {
    for (const OnnxValues* place : {&given, &std::as_const(values), &file.initialisers}) {
      if (const auto at = place->find(name); at != place->end()) return &at->second;
    }
    fail(ErrorKind::bad_data, fmt::format("nothing gives the value \"{}\"", name), "ONNX graph");
  };
  for (const OnnxNode* node : nodes) {
    OnnxCall call{*node, {}, pool};
    for (const std::string& input : node->inputs) call.inputs.push_back(input.empty() ? nullptr : find(input));
    std::vector<OnnxTensor> results = run_node(call);
    if (results.size() < node->outputs.size()) refuse(call, "has too many outputs");
    for (size_t i = 0; i < node->outputs.size(); ++i) values[node->outputs[i]] = std::move(results[i]);
    for (const std::string& input : node->inputs) {
      if (--readers[input] == 0) values.erase(input);
    }
  }
  OnnxValues results;
  for (const std::string& name : wanted) results[name] = *find(name);
  return results;
}

}  // namespace spinenet::formats
