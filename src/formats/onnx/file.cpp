#include "formats/onnx/file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>

#include <spinenet_onnx.pb.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "raw data of an ONNX file is little-endian");

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kOnnxName = "spinenet onnx";
constexpr std::string_view kOnnxRemedy = "the file is damaged: export it again";
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxBytes = 0x7fffffff;

int code(OnnxType type) {
  switch (type) {
    case OnnxType::f32:
      return 1;
    case OnnxType::i64:
      return 7;
    case OnnxType::boolean:
      return 9;
  }
  return 0;
}

std::optional<OnnxType> type_of(int code) {
  switch (code) {
    case 1:
      return OnnxType::f32;
    case 7:
      return OnnxType::i64;
    case 9:
      return OnnxType::boolean;
    default:
      return std::nullopt;
  }
}

size_t bytes_of(OnnxType type) {
  switch (type) {
    case OnnxType::f32:
      return sizeof(float);
    case OnnxType::i64:
      return sizeof(int64_t);
    case OnnxType::boolean:
      return 1;
  }
  return 0;
}

// Writing ------------------------------------------------------------------------------------------------------------

void write_attribute(const std::string& name, const OnnxAttribute& value, schema::Attribute& to) {
  to.set_name(name);
  if (const auto* i = std::get_if<int64_t>(&value)) {
    to.set_i(*i);
    to.set_type(2);
  } else if (const auto* f = std::get_if<float>(&value)) {
    to.set_f(*f);
    to.set_type(1);
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    to.set_s(*s);
    to.set_type(3);
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&value)) {
    to.mutable_ints()->Assign(ints->begin(), ints->end());
    to.set_type(7);
  } else {
    const auto& floats = std::get<std::vector<float>>(value);
    to.mutable_floats()->Assign(floats.begin(), floats.end());
    to.set_type(6);
  }
}

void write_node(const OnnxNode& node, schema::Node& to) {
  for (const std::string& input : node.inputs) to.add_input(input);
  for (const std::string& output : node.outputs) to.add_output(output);
  to.set_name(node.name);
  to.set_op_type(node.op);
  for (const auto& [name, value] : node.attributes) write_attribute(name, value, *to.add_attribute());
}

void write_tensor(const std::string& name, const OnnxTensor& tensor, schema::Tensor& to) {
  to.mutable_dims()->Assign(tensor.shape.begin(), tensor.shape.end());
  to.set_data_type(code(tensor.type));
  to.set_name(name);
  switch (tensor.type) {
    case OnnxType::f32:
      to.set_raw_data(tensor.floats.data(), tensor.floats.size() * sizeof(float));
      break;
    case OnnxType::i64:
      to.set_raw_data(tensor.ints.data(), tensor.ints.size() * sizeof(int64_t));
      break;
    case OnnxType::boolean:
      to.set_raw_data(std::string(tensor.ints.begin(), tensor.ints.end()));
      break;
  }
}

void write_value(const OnnxValue& value, schema::ValueInfo& to) {
  to.set_name(value.name);
  schema::TensorType& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(code(value.type));
  schema::Shape& shape = *type.mutable_shape();
  for (const OnnxExtent& extent : value.shape) {
    schema::Dimension& dim = *shape.add_dim();
    if (const auto* number = std::get_if<int64_t>(&extent)) {
      dim.set_dim_value(*number);
    } else {
      dim.set_dim_param(std::get<std::string>(extent));
    }
  }
}

int64_t ir_version_of(int64_t opset) {
  for (const auto& [known, ir] : kOnnxIrVersions) {
    if (known == opset) return ir;
  }
  fail(ErrorKind::failed, fmt::format("operator set {}", opset), "ONNX graph");
}

// Reading ------------------------------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::string_view place) : place_(place) {}

  OnnxFile read(const schema::Model& model) const {
    OnnxFile file;
    for (const schema::Entry& entry : model.metadata_props()) {
      if (!file.metadata.emplace(entry.key(), entry.value()).second) {
        refuse(fmt::format("metadata entry \"{}\" appears twice", entry.key()));
      }
    }
    check_origin(model, file);
    file.opset = model.opset_import(0).version();
    file.metadata.erase(std::string(kFormatKey));
    file.producer_version = model.producer_version();
    const schema::Graph& graph = model.graph();
    if (!model.functions().empty()) refuse("has functions");
    if (!graph.sparse_initializer().empty()) refuse("has sparse tensors");
    for (const schema::Tensor& tensor : graph.initializer()) {
      if (!file.initialisers.emplace(tensor.name(), read_tensor(tensor)).second) {
        refuse(fmt::format("tensor \"{}\" appears twice", tensor.name()));
      }
    }
    for (const schema::Node& node : graph.node()) file.nodes.push_back(read_node(node));
    for (const schema::ValueInfo& value : graph.input()) file.inputs.push_back(read_value(value));
    for (const schema::ValueInfo& value : graph.output()) file.outputs.push_back(read_value(value));
    check_names(file);
    return file;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const { fail(ErrorKind::bad_data, what, place_, kOnnxRemedy); }

  void check_origin(const schema::Model& model, const OnnxFile& file) const {
    const auto format = file.metadata.find(std::string(kFormatKey));
    if (format == file.metadata.end() || format->second != kOnnxName) {
      fail(ErrorKind::bad_data, "not an ONNX file that spinenet wrote: its metadata do not say so", place_,
           "give a file of `spinenet export`");
    }
    if (model.opset_import_size() != 1 || !model.opset_import(0).domain().empty()) {
      refuse("uses operators beyond the standard ones");
    }
    const std::pair versions{model.opset_import(0).version(), model.ir_version()};
    if (std::find(kOnnxIrVersions.begin(), kOnnxIrVersions.end(), versions) == kOnnxIrVersions.end()) {
      std::vector<std::string> known;
      for (const auto& [opset, ir] : kOnnxIrVersions) known.push_back(fmt::format("{} with {}", opset, ir));
      fail(ErrorKind::unsupported,
           fmt::format("operator set {} with IR version {}, but this program reads {}", versions.first, versions.second,
                       fmt::join(known, " and ")),
           place_, "export the model again");
    }
  }

  OnnxType read_type(int number, std::string_view name) const {
    const std::optional<OnnxType> type = type_of(number);
    if (!type) refuse(fmt::format("\"{}\" has element type {}", name, number));
    return *type;
  }

  OnnxTensor read_tensor(const schema::Tensor& tensor) const {
    if (!tensor.external_data().empty() || tensor.data_location() != 0) {
      refuse(fmt::format("tensor \"{}\" lies in another file", tensor.name()));
    }
    OnnxTensor to;
    to.type = read_type(tensor.data_type(), tensor.name());
    to.shape.assign(tensor.dims().begin(), tensor.dims().end());
    const std::string& raw = tensor.raw_data();
    int64_t bytes = static_cast<int64_t>(bytes_of(to.type));
    bool fits = to.shape.size() <= kMaxRank;
    for (const int64_t extent : to.shape) fits = fits && extent >= 0 && !__builtin_mul_overflow(bytes, extent, &bytes);
    if (!fits || static_cast<size_t>(bytes) != raw.size()) {
      refuse(fmt::format("tensor \"{}\" has {} bytes, which its shape [{}] does not hold", tensor.name(), raw.size(),
                         fmt::join(to.shape, ", ")));
    }
    read_elements(raw, to);
    return to;
  }

  static void read_elements(const std::string& raw, OnnxTensor& to) {
    const size_t count = raw.size() / bytes_of(to.type);
    switch (to.type) {
      case OnnxType::f32:
        to.floats.resize(count);
        if (count > 0) std::memcpy(to.floats.data(), raw.data(), raw.size());
        break;
      case OnnxType::i64:
        to.ints.resize(count);
        if (count > 0) std::memcpy(to.ints.data(), raw.data(), raw.size());
        break;
      case OnnxType::boolean:
        for (const char c : raw) to.ints.push_back(c != 0 ? 1 : 0);
        break;
    }
  }

  OnnxNode read_node(const schema::Node& node) const {
    if (!node.domain().empty()) refuse(fmt::format("node \"{}\" is of the domain {}", node.name(), node.domain()));
    OnnxNode to{node.name(), node.op_type(), {}, {}, {}};
    to.inputs.assign(node.input().begin(), node.input().end());
    to.outputs.assign(node.output().begin(), node.output().end());
    if (to.outputs.empty()) refuse(fmt::format("node \"{}\" gives nothing", node.name()));
    for (const schema::Attribute& attribute : node.attribute()) {
      if (!to.attributes.emplace(attribute.name(), read_attribute(attribute, node.name())).second) {
        refuse(fmt::format("node \"{}\" has the attribute {} twice", node.name(), attribute.name()));
      }
    }
    return to;
  }

  OnnxAttribute read_attribute(const schema::Attribute& attribute, std::string_view node) const {
    switch (attribute.type()) {
      case 1:
        return attribute.f();
      case 2:
        return attribute.i();
      case 3:
        return attribute.s();
      case 6:
        return std::vector<float>(attribute.floats().begin(), attribute.floats().end());
      case 7:
        return std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
      default:
        refuse(fmt::format("node \"{}\": the attribute {} is of kind {}", node, attribute.name(), attribute.type()));
    }
  }

  OnnxValue read_value(const schema::ValueInfo& value) const {
    const schema::TensorType& type = value.type().tensor_type();
    OnnxValue to{value.name(), read_type(type.elem_type(), value.name()), {}};
    for (const schema::Dimension& dim : type.shape().dim()) {
      if (dim.has_dim_value() == dim.has_dim_param() || (dim.has_dim_value() && dim.dim_value() < 1)) {
        refuse(fmt::format("\"{}\" has an extent that is neither a number nor a name", value.name()));
      }
      to.shape.push_back(dim.has_dim_value() ? OnnxExtent(dim.dim_value()) : OnnxExtent(dim.dim_param()));
    }
    if (to.shape.size() > kMaxRank) refuse(fmt::format("\"{}\" has {} extents", value.name(), to.shape.size()));
    return to;
  }

  // Every name is given once, and before it is used.
  void check_names(const OnnxFile& file) const {
    std::set<std::string_view> known;
    const auto give = [&](std::string_view name) {
      if (name.empty() || !known.insert(name).second) refuse(fmt::format("the name \"{}\" is given twice", name));
    };
    for (const OnnxValue& input : file.inputs) give(input.name);
    for (const auto& [name, tensor] : file.initialisers) give(name);
    for (const OnnxNode& node : file.nodes) {
      for (const std::string& input : node.inputs) {
        if (!input.empty() && !known.contains(input)) {
          refuse(fmt::format("node \"{}\" reads \"{}\", which nothing before it gives", node.name, input));
        }
      }
      for (const std::string& output : node.outputs) give(output);
    }
    std::set<std::string_view> outputs;
    for (const OnnxValue& output : file.outputs) {
      if (!known.contains(output.name)) refuse(fmt::format("output \"{}\" is never made", output.name));
      if (!outputs.insert(output.name).second) refuse(fmt::format("output \"{}\" appears twice", output.name));
    }
    if (file.inputs.empty() || file.outputs.empty()) refuse("has no input or no output");
  }

  std::string_view place_;
};

}  // namespace

int64_t element_count(const OnnxTensor& tensor) {
  return static_cast<int64_t>(tensor.type == OnnxType::f32 ? tensor.floats.size() : tensor.ints.size());
}

std::string to_bytes(const OnnxFile& file, std::string_view place) {
  schema::Model model;
  model.set_ir_version(ir_version_of(file.opset));
  model.set_producer_name("spinenet");
  model.set_producer_version(file.producer_version);
  schema::OperatorSet& operators = *model.add_opset_import();
  operators.set_domain("");
  operators.set_version(file.opset);
  schema::Graph& graph = *model.mutable_graph();
  graph.set_name("spinenet");
  for (const OnnxNode& node : file.nodes) write_node(node, *graph.add_node());
  for (const auto& [name, tensor] : file.initialisers) write_tensor(name, tensor, *graph.add_initializer());
  for (const OnnxValue& value : file.inputs) write_value(value, *graph.add_input());
  for (const OnnxValue& value : file.outputs) write_value(value, *graph.add_output());
  const auto add_entry = [&model](std::string_view key, std::string_view value) {
    schema::Entry& entry = *model.add_metadata_props();
    entry.set_key(std::string(key));
    entry.set_value(std::string(value));
  };
  for (const auto& [key, value] : file.metadata) add_entry(key, value);
  add_entry(kFormatKey, kOnnxName);  // the last bytes of the file: a cut one is never taken for a whole one
  if (model.ByteSizeLong() > kMaxBytes) {
    fail(ErrorKind::unsupported,
         fmt::format("the model takes {} bytes, and an ONNX file holds 2 GiB at most", model.ByteSizeLong()), place);
  }
  return model.SerializeAsString();
}

OnnxFile parse_onnx(std::span<const char> bytes, std::string_view place) {
  schema::Model model;
  if (bytes.size() > kMaxBytes || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    fail(ErrorKind::bad_data, "not an ONNX file, or a cut one", place, "export the model again");
  }
  return Reader(place).read(model);
}

}  // namespace spinenet::formats
