// Networks as plain data for other frameworks: the operations of a Program with their attributes, the first values of
// its parameters, and what the reference interpreter computes with it.
#include <utility>

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "networks.h"
#include "text.h"
#include "weights.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

// A kind's name, and what an operation of the kind says beside its inputs and parameters. Each kind has its own two
// functions, so that a new one does not compile without them.
constexpr const char* kind_name(const graph::Conv&) {
  return "conv";
}
constexpr const char* kind_name(const graph::Deconv&) {
  return "deconv";
}
constexpr const char* kind_name(const graph::BatchNorm&) {
  return "batch_norm";
}
constexpr const char* kind_name(const graph::Activate&) {
  return "activate";
}
constexpr const char* kind_name(const graph::MaxPool&) {
  return "max_pool";
}
constexpr const char* kind_name(const graph::AveragePool&) {
  return "average_pool";
}
constexpr const char* kind_name(const graph::GlobalPool&) {
  return "global_pool";
}
constexpr const char* kind_name(const graph::Upsample&) {
  return "upsample";
}
constexpr const char* kind_name(const graph::BilinearUpsample&) {
  return "bilinear_upsample";
}
constexpr const char* kind_name(const graph::Add&) {
  return "add";
}
constexpr const char* kind_name(const graph::Mean&) {
  return "mean";
}
constexpr const char* kind_name(const graph::Concat&) {
  return "concat";
}
constexpr const char* kind_name(const graph::Slice&) {
  return "slice";
}
constexpr const char* kind_name(const graph::Scale&) {
  return "scale";
}
constexpr const char* kind_name(const graph::Sigmoid&) {
  return "sigmoid";
}
constexpr const char* kind_name(const graph::DropPath&) {
  return "drop_path";
}

py::dict attributes(const graph::Conv& conv) {
  using namespace py::literals;
  return py::dict("kernel"_a = conv.kernel, "stride"_a = conv.stride, "pad_before"_a = conv.pad_before,
                  "pad_after"_a = conv.pad_after, "groups"_a = conv.groups, "dilation"_a = conv.dilation);
}
py::dict attributes(const graph::Deconv& deconv) {
  using namespace py::literals;
  return py::dict("kernel"_a = deconv.kernel, "stride"_a = deconv.stride);
}
py::dict attributes(const graph::BatchNorm& norm) {
  using namespace py::literals;
  return py::dict("momentum"_a = norm.momentum, "epsilon"_a = norm.epsilon);
}
py::dict attributes(const graph::Activate& activate) {
  using namespace py::literals;
  return py::dict("function"_a = name_of(activate.kind));
}
py::dict attributes(const graph::MaxPool& pool) {
  using namespace py::literals;
  return py::dict("kernel"_a = pool.kernel, "stride"_a = pool.stride, "pad_before"_a = pool.pad_before,
                  "pad_after"_a = pool.pad_after);
}
py::dict attributes(const graph::AveragePool& pool) {
  using namespace py::literals;
  return py::dict("kernel"_a = pool.kernel, "stride"_a = pool.stride);
}
py::dict attributes(const graph::GlobalPool& pool) {
  using namespace py::literals;
  return py::dict("maximum"_a = pool.kind == graph::PoolKind::maximum);
}
py::dict attributes(const graph::OneOf<graph::Upsample, graph::BilinearUpsample> auto& up) {
  using namespace py::literals;
  return py::dict("factor"_a = up.factor, "drop_rows"_a = up.drop_rows, "drop_columns"_a = up.drop_columns);
}
py::dict attributes(const graph::OneOf<graph::Add, graph::Mean, graph::Concat, graph::Scale> auto&) {
  return {};
}
py::dict attributes(const graph::Slice& slice) {
  using namespace py::literals;
  return py::dict("first"_a = slice.first, "count"_a = slice.count);
}
py::dict attributes(const graph::Sigmoid& sigmoid) {
  using namespace py::literals;
  return py::dict("hard"_a = sigmoid.hard);
}
py::dict attributes(const graph::DropPath& drop) {
  using namespace py::literals;
  return py::dict("rate"_a = drop.rate);
}

template <size_t... I>
std::vector<std::string> all_kind_names(std::index_sequence<I...>) {
  return {kind_name(std::variant_alternative_t<I, graph::OpKind>{})...};
}

std::vector<std::string> operation_kinds() {
  return all_kind_names(std::make_index_sequence<std::variant_size_v<graph::OpKind>>());
}

py::tuple operation_to_python(const graph::Op& op, const graph::Program& program) {
  py::list inputs, parameters;
  for (const graph::ValueId input : op.inputs) inputs.append(input);
  for (const graph::ParameterId id : op.parameters) {
    parameters.append(text_to_python(program.parameters[static_cast<size_t>(id)].name));
  }
  const auto kind = std::visit([](const auto& one) { return std::pair(kind_name(one), attributes(one)); }, op.kind);
  return py::make_tuple(text_to_python(op.name), kind.first, kind.second, inputs, parameters, op.output);
}

py::dict network_to_python(const Network& network) {
  using namespace py::literals;
  const graph::Program& program = network.program;
  py::list values, parameters, operations, outputs;
  for (const graph::Shape& shape : program.values)
    values.append(py::make_tuple(shape.channels, shape.height, shape.width));
  for (const graph::Parameter& parameter : program.parameters) {
    py::list shape;
    for (const int64_t extent : parameter.shape) shape.append(extent);
    parameters.append(py::make_tuple(text_to_python(parameter.name), shape, graph::is_trainable(parameter.role)));
  }
  for (const graph::Op& op : program.ops) operations.append(operation_to_python(op, program));
  for (const graph::Output& output : program.outputs) {
    outputs.append(py::make_tuple(text_to_python(output.name), output.value));
  }
  return py::dict("name"_a = network.name, "values"_a = values, "parameters"_a = parameters,
                  "operations"_a = operations, "outputs"_a = outputs);
}

std::vector<Network> lower_without_lock(const arch::Architecture& architecture, const NetworkOptions& options) {
  const WithoutLock without_lock;
  return lower_networks(architecture, options);
}

py::list programs_of(const arch::Architecture& architecture, const std::string& task, int image_size, int classes,
                     double stochastic_depth) {
  py::list all;
  for (const Network& network : lower_without_lock(architecture, {task, image_size, classes, stochastic_depth})) {
    all.append(network_to_python(network));
  }
  return all;
}

py::dict first_values(const arch::Architecture& architecture, const std::string& task, int image_size, int classes,
                      uint64_t seed, const graph::InitOptions& options) {
  Weights weights;
  {
    const WithoutLock without_lock;
    weights =
        graph::initial_weights(parameters_of(lower_networks(architecture, {task, image_size, classes})), options, seed);
  }
  return to_dict(std::move(weights));
}

py::list run_the_reference(const arch::Architecture& architecture, const std::string& task, int image_size, int classes,
                           const std::string& network, const py::dict& weights, const py::array& input) {
  const Weights all = weights_of(weights);
  const HostTensor x = tensor_of(input, "input");
  std::vector<HostTensor> found;
  {
    const WithoutLock without_lock;
    const std::vector<Network> networks = lower_networks(architecture, {task, image_size, classes});
    const auto wanted = std::ranges::find(networks, network, &Network::name);
    if (wanted == networks.end()) {
      fail(ErrorKind::usage, fmt::format("there is no network {}", network), "network", "see programs()");
    }
    graph::check_weights(parameters_of(networks), all, "weights");
    found = graph::run_reference(wanted->program, graph::own_weights(wanted->program, all), x);
  }
  py::list arrays;
  for (HostTensor& tensor : found) arrays.append(to_array(std::move(tensor)));
  return arrays;
}

}  // namespace

void bind_program(py::module_& module) {
  const graph::InitOptions usual;
  module.def("operation_kinds", &operation_kinds, "The kinds of operations that a network may have.");
  module.def("coarsest_stride", &arch::coarsest_stride, "Of what height and width of an input must be multiples.",
             py::arg("architecture"));
  module.def("programs", &programs_of, "The networks of a task, as lists of operations.", py::arg("architecture"),
             py::arg("task"), py::arg("image_size"), py::arg("classes"), py::arg("stochastic_depth") = 0.0);
  module.def(
      "first_values",
      [](const arch::Architecture& architecture, const std::string& task, int image_size, int classes, uint64_t seed,
         const std::string& kernel, double residual_norm_weight, double deeper_norm_weight, bool merge_identity,
         double merge_norm_bias, double predictor_deviation, double prior) {
        const auto rule = parse_enum<graph::KernelInit>(ErrorKind::usage, "rule for kernels", kernel, "kernel");
        return first_values(architecture, task, image_size, classes, seed,
                            {rule, residual_norm_weight, deeper_norm_weight, merge_identity, merge_norm_bias,
                             predictor_deviation, prior});
      },
      "What the parameters begin with.", py::arg("architecture"), py::arg("task"), py::arg("image_size"),
      py::arg("classes"), py::arg("seed") = 1, py::arg("kernel") = name_of(usual.kernel),
      py::arg("residual_norm_weight") = usual.residual_norm_weight,
      py::arg("deeper_norm_weight") = usual.deeper_norm_weight, py::arg("merge_identity") = usual.merge_identity,
      py::arg("merge_norm_bias") = usual.merge_norm_bias, py::arg("predictor_deviation") = usual.predictor_deviation,
      py::arg("prior") = usual.prior);
  module.def("reference", &run_the_reference, "What the reference interpreter computes.", py::arg("architecture"),
             py::arg("task"), py::arg("image_size"), py::arg("classes"), py::arg("network"), py::arg("weights"),
             py::arg("input"));
}

}  // namespace spinenet::python
