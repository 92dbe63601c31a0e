// spinenet_cpp.Architecture: a network as data, what it costs, its drawing and its neighbours in the space of a search.
#include "arch/canonical.h"
#include "arch/families.h"
#include "arch/search_space.h"
#include "arch/task.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "graph/description.h"
#include "plot/architecture.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using arch::Architecture;
using OptionalInt = std::optional<int>;
using OptionalText = std::optional<std::string>;

Architecture parse_architecture(const std::string& text) {
  return arch::architecture_from_json(parse_json(text, "architecture"), "architecture");
}

bool begins_as_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Architecture open_architecture(const py::object& source) {
  if (py::isinstance<py::dict>(source)) {
    return parse_architecture(py::cast<std::string>(py::module_::import("json").attr("dumps")(source)));
  }
  const std::string text = path_of(source);
  if (py::isinstance<py::str>(source) && begins_as_json(text)) return parse_architecture(text);
  return arch::find_architecture(text);
}

graph::DescribeOptions options_of(const Architecture& architecture, OptionalInt image_size, const OptionalText& task,
                                  OptionalInt classes) {
  graph::DescribeOptions options =
      graph::default_describe_options(task ? arch::task_named(*task) : arch::default_task(architecture));
  options.image_size = image_size.value_or(options.image_size);
  options.classes = classes.value_or(options.classes);
  if (options.image_size < 1 || options.image_size > 65536) {
    fail(ErrorKind::usage, fmt::format("an image size of {}", options.image_size), "image_size", "use 1 to 65536");
  }
  if (options.classes < 1 || options.classes > 100'000) {
    fail(ErrorKind::usage, fmt::format("{} classes", options.classes), "classes", "use 1 to 100000");
  }
  return options;
}

graph::Description describe(const Architecture& architecture, OptionalInt image_size, const OptionalText& task,
                            OptionalInt classes) {
  const WithoutLock without_lock;
  return graph::describe(architecture, options_of(architecture, image_size, task, classes));
}

std::string svg(const Architecture& architecture, OptionalInt image_size, const OptionalText& task,
                OptionalInt classes) {
  const WithoutLock without_lock;
  const graph::DescribeOptions options = options_of(architecture, image_size, task, classes);
  const int side = graph::describe(architecture, options).input_size;
  return plot::architecture_svg(architecture, options.task,
                                {.height = side, .width = side, .classes = options.classes});
}

Architecture mutate(const Architecture& architecture, uint64_t seed, const std::string& space) {
  const auto* backbone = std::get_if<arch::ScalePermuted>(&architecture.backbone);
  if (backbone == nullptr) {
    fail(ErrorKind::usage, "only scale-permuted backbones are mutated", architecture.name,
         "begin with a SpineNet, such as spinenet-49");
  }
  if (architecture.edges != arch::Edges::all) {
    fail(ErrorKind::usage, fmt::format("an architecture with edges {} is not mutated", name_of(architecture.edges)),
         architecture.name, "leave edges out: it is for ablations of one graph");
  }
  const arch::SearchSpace wanted = arch::named_search_space(space);
  const std::string place = fmt::format("{} in the space {}", architecture.name, space);
  Random random(seed);
  Architecture mutated = architecture;
  mutated.backbone = arch::mutate(wanted, arch::choices_of(wanted, *backbone, place), random).backbone;
  mutated.name = fmt::format("mutated-{:016x}", arch::canonical_hash(std::get<arch::ScalePermuted>(mutated.backbone)));
  return mutated;
}

py::list known_names() {
  py::list names;
  for (const std::string& name : arch::architecture_names()) names.append(name);
  return names;
}

void bind_cost(py::module_& module) {
  py::class_<graph::Cost> cost(module, "Cost", py::is_final(), "What a network costs for one image.");
  cost.attr("__module__") = kPackage;
  cost.def_readonly("parameters", &graph::Cost::parameters, "Trainable numbers.")
      .def_readonly("multiply_adds", &graph::Cost::multiply_adds, "Of the convolutions, for one image.")
      .def("__repr__", [](const graph::Cost& one) {
        return fmt::format("Cost(parameters={}, multiply_adds={})", one.parameters, one.multiply_adds);
      });
}

}  // namespace

void bind_architecture(py::module_& module) {
  bind_cost(module);
  module.def("architectures", &known_names, "The names that Architecture knows.");
  const py::arg_v size("image_size", py::none()), task("task", py::none()), classes("classes", py::none());
  py::class_<Architecture> type(module, "Architecture", "A network as data.");
  type.attr("__module__") = kPackage;
  type.def(py::init(&open_architecture), py::arg("source"))
      .def_static("from_json", &parse_architecture, "Of the text of an architecture JSON.", py::arg("text"))
      .def_property_readonly("name", [](const Architecture& a) { return text_to_python(a.name); })
      .def_property_readonly(
          "task", [](const Architecture& a) { return name_of(arch::default_task(a)); }, "Its usual task.")
      .def(
          "to_json", [](const Architecture& a) { return to_text(arch::to_json(a)); }, "As text that from_json reads.")
      .def(
          "cost",
          [](const Architecture& a, OptionalInt image_size, const OptionalText& for_task, OptionalInt count) {
            return describe(a, image_size, for_task, count).total;
          },
          "Parameters and multiply-adds with the head of a task.", size, task, classes)
      .def(
          "describe",
          [](const Architecture& a, OptionalInt image_size, const OptionalText& for_task, OptionalInt count) {
            return json_to_python(to_json(describe(a, image_size, for_task, count)));
          },
          "What `spinenet describe --json` writes.", size, task, classes)
      .def("mutate", &mutate, "The architecture with one decision of a search changed.", py::arg("seed"),
           py::arg("space") = "spinenet-49")
      .def("svg", &svg, "The drawing that `spinenet describe --svg` writes.", size, task, classes)
      .def("_repr_svg_", [](const Architecture& a) { return svg(a, {}, {}, {}); })
      .def(
          "__eq__", [](const Architecture& a, const Architecture& b) { return a == b; }, py::is_operator())
      .def("__repr__", [](const Architecture& a) { return text_to_python(fmt::format("<Architecture {}>", a.name)); })
      .def(py::pickle([](const Architecture& a) { return py::str(to_text(arch::to_json(a))); },
                      [](const py::str& text) { return parse_architecture(text); }));
}

}  // namespace spinenet::python
