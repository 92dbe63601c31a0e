// Writes the graph of an OnnxFile one node at a time: each call appends a node or a constant and returns the name under
// which its value is read.
//
// Invariant: a node stands behind those it reads, and has the name of its first output.
// Thread contract: a graph under construction belongs to one thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/file.h"

namespace spinenet::formats {

class OnnxGraph {
 public:
  using Attributes = std::map<std::string, OnnxAttribute>;

  void input(OnnxValue value) { file_.inputs.push_back(std::move(value)); }
  void output(OnnxValue value) { file_.outputs.push_back(std::move(value)); }

  std::string node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                   Attributes attributes = {});
  // The names of the two outputs: `name` and name.indices.
  std::pair<std::string, std::string> top_k(const std::string& name, const std::string& x, const std::string& k);

  // Constants. A name that was given before must have the same value, and is then shared.
  std::string constant(const std::string& name, OnnxTensor value);
  std::string numbers(const std::string& name, std::vector<int64_t> values);  // [n]
  std::string number(const std::string& name, float value);                   // a scalar

  // Shapes with 0 (as it was) and -1 (what is left), as Reshape takes them.
  std::string reshape(const std::string& name, const std::string& x, std::vector<int64_t> shape);
  std::string transpose(const std::string& name, const std::string& x, std::vector<int64_t> order);
  std::string concat(const std::string& name, std::vector<std::string> parts, int64_t axis);
  std::string unsqueeze(const std::string& name, const std::string& x, std::vector<int64_t> axes);
  std::string gather(const std::string& name, const std::string& x, std::vector<int64_t> at, int64_t axis);

  OnnxFile finish() { return std::move(file_); }

 private:
  OnnxFile file_;
};

}  // namespace spinenet::formats
