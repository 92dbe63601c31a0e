#include "runtime/import_model.h"

#include <algorithm>
#include <set>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"
#include "formats/first_values.h"
#include "formats/import/names.h"
#include "formats/import/pytorch.h"
#include "formats/import/source.h"
#include "formats/import/tensor_bundle.h"
#include "formats/safetensors.h"
#include "graph/description.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

using formats::Naming;
using formats::ParameterRule;
using formats::SourceTensor;
using formats::SourceTensors;

constexpr std::string_view kLastLayer = "head.dense.";
constexpr std::string_view kLastKernel = "head.dense.weight";
constexpr std::string_view kPredictor = ".predict.";  // of a YOLO head
constexpr int kUsualClasses = 1000;                   // of a file that does not say how many
constexpr int64_t kMaxClasses = 100'000;
constexpr uint64_t kHeaderFloats = 5;  // that the header of a Darknet file is long at most
constexpr size_t kNamed = 4;           // tensors that a message names

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::vector<int64_t> shape_of(const graph::Parameter& parameter) {
  return {parameter.shape.begin(), parameter.shape.end()};
}

std::vector<int64_t> without_ones(std::vector<int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

std::string shown(const std::vector<std::string>& names) {
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, names.size()));
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "), names.size() > kNamed ? ", ..." : "");
}

std::string class_name(int64_t id) {
  return fmt::format("class {}", id);
}

std::vector<formats::ModelClass> numbered_classes(int64_t count, int64_t first_id = 0) {
  std::vector<formats::ModelClass> classes;
  for (int64_t id = first_id; id < first_id + count; ++id) classes.push_back({id, class_name(id)});
  return classes;
}

// One import, step by step.
class Import {
 public:
  Import(const std::filesystem::path& path, const ImportOptions& options) : options_(options) {
    model_.architecture = arch::find_architecture(options.architecture);
    if (options.activation) model_.architecture.activation = *options.activation;
    task_ = options.task.value_or(arch::default_task(model_.architecture));
    arch::require_task(model_.architecture, task_);
    model_.path = path;
    model_.file.task = name_of(task_);
    model_.file.image_size = graph::default_describe_options(task_).image_size;
    if (options.image_size > 0) model_.file.image_size = options.image_size;
    model_.file.classes = options.classes.empty() ? numbered_classes(kUsualClasses) : options.classes;
    if (!formats::is_tensor_bundle(path)) file_ = formats::FileBytes::open(path);
  }

  ImportedModel run() {
    open_source();
    set_classes();
    set_pixels();
    // By now the architecture is that of the source, and the classes are known.
    parameters_ = parameters_of_network();
    for (const graph::Parameter& parameter : parameters_.parameters) take(parameter);
    // Before the faults, which may come of it.
    if (file_ != nullptr) file_->require_unchanged();
    refuse_faults();
    refuse_other_backbone();
    begin_rest();
    check_variances();
    account();
    model_.file.architecture = arch::to_json(model_.architecture);
    return {std::move(model_.file), std::move(report_)};
  }

 private:
  graph::Program parameters_of_network() const { return graph::parameters_of_all(lower_networks(model_)); }

  void open_source() {
    parameters_ = parameters_of_network();
    if (file_ == nullptr) {
      source_ = formats::read_tensor_bundle(model_.path);
      take_averages();
      return find_rules();
    }
    switch (formats::source_format(*file_)) {
      case formats::SourceFormat::pytorch:
        source_ = formats::read_pytorch(file_);
        break;
      case formats::SourceFormat::safetensors:
        source_ = formats::read_safetensors_source(file_);
        break;
      case formats::SourceFormat::darknet:
        require_no_averages();
        return open_darknet();
    }
    require_no_averages();
    find_rules();
  }

  // A weight without one stays as it is.
  void take_averages() {
    report_.averages = source_.averages.size();
    if (source_.averages.empty()) require_no_averages();
    if (!options_.averages) return;
    report_.averages_taken = true;
    for (auto& [name, average] : source_.averages) {
      const auto found = source_.tensors.find(name);
      if (found == source_.tensors.end()) continue;
      average.full_name = found->second.full_name;
      found->second = std::move(average);
    }
  }

  void require_no_averages() const {
    if (!options_.averages) return;
    fail(ErrorKind::usage, fmt::format("{} has no moving averages beside its weights", model_.path.string()),
         "--averages", "leave it out; of PyTorch's files averaged weights are taken where there are some");
  }

  void open_darknet() {
    if (task_ != arch::Task::detect || !formats::is_darknet_yolo(model_.architecture) || !open_darknet_yolo()) {
      open_darknet_backbone();
    }
    set_rules();
  }

  // A whole YOLO, or its first layers; false where it is something else.
  bool open_darknet_yolo() {
    const std::vector<graph::Parameter> all = formats::in_darknet_order(parameters_.parameters);
    const auto content = formats::darknet_yolo_content(all, static_cast<int64_t>(model_.file.classes.size()),
                                                       formats::darknet_floats(*file_));
    if (!content) return false;
    source_ = formats::read_darknet(file_, content->layers);
    naming_ = formats::darknet_naming({model_.architecture, all, source_});
    // The rules of layers that the file does not have find nothing.
    std::erase_if(naming_.rules, [&](const ParameterRule& rule) { return find(rule.sources.front()) == nullptr; });
    naming_.classes = content->classes;
    return true;
  }

  // Its layers are those of the network without its pyramid and head; a classifier's last one may be there, too.
  void open_darknet_backbone() {
    std::vector<graph::Parameter> own;
    for (const graph::Parameter& parameter : parameters_.parameters) {
      const bool is_backbone = parameter.name.starts_with("stem.") || parameter.name.starts_with("stages.");
      if (is_backbone || parameter.name.starts_with(kLastLayer)) own.push_back(parameter);
    }
    std::vector<formats::DarknetLayer> layers = formats::darknet_layers(own);
    const auto floats = static_cast<uint64_t>(formats::floats_of(layers));
    if (task_ != arch::Task::classify && !layers.empty() && file_->size() > (floats + kHeaderFloats) * sizeof(float)) {
      layers.push_back({kUsualClasses, layers.back().filters, 1, false});
    }
    source_ = formats::read_darknet(file_, layers);
    naming_ = formats::darknet_naming({model_.architecture, own, source_});
  }

  void find_rules() {
    const auto classes = static_cast<int64_t>(options_.classes.size());
    naming_ = formats::find_naming({model_.architecture, parameters_.parameters, source_, classes});
    set_rules();
  }

  void set_rules() {
    model_.architecture = naming_.architecture;
    set_activation();
    if (options_.epsilon) model_.architecture.batch_norm.epsilon = *options_.epsilon;
    for (const ParameterRule& rule : naming_.rules) rules_[rule.parameter] = &rule;
    report_.format = source_.format;
    report_.opened = source_.opened;
    report_.prefix = source_.prefix;
    report_.naming = naming_.name;
    report_.seed = options_.seed;
  }

  // Asked for where the source's program has several, it is one of them; elsewhere the source has decided it.
  void set_activation() {
    if (!options_.activation) return;
    if (!naming_.any_activation && *options_.activation != naming_.architecture.activation) {
      fail(ErrorKind::usage,
           fmt::format("networks with names of {} have the activation {}", naming_.name,
                       name_of(naming_.architecture.activation)),
           fmt::format("--activation {}", name_of(*options_.activation)), "leave --activation out");
    }
    model_.architecture.activation = *options_.activation;
  }

  const SourceTensor* find(const std::string& name) const {
    const auto found = source_.tensors.find(name);
    return found == source_.tensors.end() ? nullptr : &found->second;
  }

  // As many as the source's last layer has, where the caller does not say.
  void set_classes() {
    if (!options_.classes.empty()) return number_classes();
    if (naming_.classes > 0) {
      model_.file.classes = numbered_classes(naming_.classes, naming_.first_id);
      return;
    }
    const auto rule = rules_.find(std::string(kLastKernel));
    const SourceTensor* kernel = rule == rules_.end() ? nullptr : find(rule->second->sources.front());
    if (kernel == nullptr || kernel->shape.empty() || kernel->shape.front() < 1 ||
        kernel->shape.front() > kMaxClasses) {
      fail(ErrorKind::usage, "has no classes for this task", source_.place,
           "say how many there will be, or their names, with --classes");
    }
    model_.file.classes = numbered_classes(kernel->shape.front());
  }

  void number_classes() {
    if (!options_.number_classes) return;
    int64_t id = naming_.first_id;
    for (formats::ModelClass& item : model_.file.classes) {
      item.id = id++;
      if (item.name.empty()) item.name = class_name(item.id);
    }
  }

  void set_pixels() {
    model_.file.mean = naming_.pixels.mean;
    model_.file.std = naming_.pixels.deviation;
    model_.file.extra["imported_from"] = printable(std::filesystem::path(source_.place).filename().string());
    if (naming_.pixels.fit != detect::ImageFit::letterbox && task_ == arch::Task::detect) {
      model_.file.extra["image_fit"] = name_of(naming_.pixels.fit);
      if (options_.image_size == 0) model_.file.image_size = naming_.pixels.image_size;
    }
    if (task_ != arch::Task::classify) return;
    model_.file.extra["center_crop"] = fmt::format("{}", naming_.pixels.center_crop);
    if (options_.image_size == 0) model_.file.image_size = naming_.pixels.image_size;
  }

  // Why the rule cannot give the parameter, or "".
  std::string fault_of(const ParameterRule& rule, const graph::Parameter& parameter) const {
    for (size_t i = 0; i < rule.sources.size(); ++i) {
      const SourceTensor* tensor = find(rule.sources[i]);
      const std::string name = printable(rule.sources[i]);
      if (tensor == nullptr) return fmt::format("{} is missing", name);
      if (!tensor->unreadable.empty()) return fmt::format("{}: {}", name, tensor->unreadable);
      const bool converted = i < rule.source_shapes.size();
      const std::vector<int64_t> wanted = converted ? rule.source_shapes[i] : shape_of(parameter);
      const bool fits = converted ? tensor->shape == wanted : without_ones(tensor->shape) == without_ones(wanted);
      if (!fits) return fmt::format("{} is {}, not {}", name, shape_text(tensor->shape), shape_text(wanted));
    }
    return "";
  }

  // A layer is taken whole or not at all: a kernel without its bias would be neither the source's nor a beginning.
  std::string fault_of_layer(const graph::Parameter& parameter) const {
    const std::string layer = parameter.name.substr(0, parameter.name.rfind('.') + 1);
    for (const graph::Parameter& each : parameters_.parameters) {
      const auto rule = rules_.find(each.name);
      if (!each.name.starts_with(layer) || rule == rules_.end()) continue;
      if (std::string fault = fault_of(*rule->second, each); !fault.empty()) return fault;
    }
    return "";
  }

  bool may_have_other_classes(const graph::Parameter& parameter) const {
    if (parameter.name.starts_with(kLastLayer)) return true;
    return model_.architecture.head_kind == arch::HeadKind::yolo &&
           parameter.name.find(kPredictor) != std::string::npos;
  }

  // Under the source's name, of which whoever made the file knows.
  void check_values(const std::string& name, const HostTensor& tensor, graph::ParameterRole role) const {
    formats::check_finite(printable(name), tensor.data, source_.place);
    const auto negative = std::ranges::count_if(tensor.data, [](float value) { return value < 0; });
    if (role != graph::ParameterRole::running_var || negative == 0) return;
    fail(ErrorKind::bad_data,
         fmt::format("tensor \"{}\" holds variances, but {} of its {} values are negative", printable(name), negative,
                     tensor.data.size()),
         source_.place, "the file is damaged, or was made by something else than training: use another copy");
  }

  void take(const graph::Parameter& parameter) {
    const auto found = rules_.find(parameter.name);
    if (found == rules_.end()) {
      report_.missing.push_back(parameter.name);
      fresh_.parameters.push_back(parameter);
      return;
    }
    const ParameterRule& rule = *found->second;
    const std::string own_fault = fault_of(rule, parameter);
    const bool may_begin = may_have_other_classes(parameter);
    if (const std::string fault = may_begin ? fault_of_layer(parameter) : own_fault; !fault.empty()) {
      if (!may_begin) {
        faults_.push_back(fault);
        return;
      }
      const bool has_other = !own_fault.empty() && find(rule.sources.front()) != nullptr;
      (has_other ? report_.other : report_.missing).push_back(fmt::format("{} ({})", parameter.name, fault));
      fresh_.parameters.push_back(parameter);
      return;
    }
    if (!faults_.empty()) return;  // nothing will come of it
    std::vector<HostTensor> tensors;
    for (const std::string& name : rule.sources) {
      tensors.push_back({find(name)->shape, find(name)->read()});
      check_values(name, tensors.back(), parameter.role);
      used_.insert(name);
    }
    HostTensor value = rule.convert ? rule.convert(tensors) : std::move(tensors.front());
    value.shape = shape_of(parameter);
    model_.file.weights.emplace(parameter.name, std::move(value));
    ++report_.taken;
  }

  void refuse_faults() const {
    if (!faults_.empty()) {
      fail(
          ErrorKind::bad_data,
          fmt::format("{} tensors of {} cannot be taken: {}", faults_.size(), model_.architecture.name, shown(faults_)),
          source_.place, "name the architecture that the file was made for with --as");
    }
    if (report_.taken == 0) {
      fail(ErrorKind::bad_data, fmt::format("nothing in it belongs to {}", model_.architecture.name), source_.place,
           "name the architecture that the file was made for with --as");
    }
  }

  // A deeper network, or one with layers between those that are known, has all that was asked for; but it computes
  // something else.
  void refuse_other_backbone() const {
    std::vector<std::string> unknown;
    for (const auto& entry : source_.tensors) {
      const std::string& name = entry.first;
      const bool inside =
          std::ranges::any_of(naming_.backbone, [&](const auto& part) { return name.starts_with(part); });
      if (inside && !used_.contains(name) && !is_ignored(name)) unknown.push_back(printable(name));
    }
    if (unknown.empty()) return;
    fail(ErrorKind::bad_data,
         fmt::format("{} tensors of its backbone have no place in {}: {}", unknown.size(), model_.architecture.name,
                     shown(unknown)),
         source_.place,
         "name the architecture that the file was made for with --as; docs/pretrained.md lists what can be imported");
  }

  void begin_rest() {
    model_.file.weights.merge(graph::initial_weights(fresh_, graph::InitOptions(), options_.seed));
    std::vector<std::string> names;
    for (const graph::Parameter& parameter : fresh_.parameters) names.push_back(parameter.name);
    std::ranges::sort(names);
    formats::set_first_values(model_.file, names);
  }

  // A batch norm divides by the root of its variance and the epsilon.
  void check_variances() const {
    if (model_.architecture.batch_norm.epsilon > 0) return;
    for (const auto& [name, tensor] : model_.file.weights) {
      if (!name.ends_with(".running_var") || std::ranges::all_of(tensor.data, [](float v) { return v > 0; })) continue;
      fail(ErrorKind::bad_data, fmt::format("the batch norms have no epsilon, and {} holds a 0", name), source_.place,
           "give the epsilon that it was trained with, --epsilon 1e-5 say");
    }
  }

  bool is_ignored(const std::string& name) const {
    return std::ranges::any_of(naming_.ignored, [&](const std::string& end) { return name.ends_with(end); });
  }

  void account() {
    for (const auto& [name, tensor] : source_.tensors) {
      if (used_.contains(name)) continue;
      if (is_ignored(name)) {
        ++report_.ignored;
      } else {
        report_.left.push_back(fmt::format("{} {}", printable(name), shape_text(tensor.shape)));
      }
    }
    for (const auto& [name, what] : source_.others) {
      report_.entries.push_back(fmt::format("{}: {}", printable(name), what));
    }
  }

  const ImportOptions& options_;
  std::shared_ptr<const formats::FileBytes> file_;  // null for a TensorFlow checkpoint, which is several
  Model model_;
  arch::Task task_ = arch::Task::classify;
  SourceTensors source_;
  Naming naming_;
  std::map<std::string, const ParameterRule*> rules_;
  graph::Program parameters_;
  graph::Program fresh_;  // those that begin with first values
  std::vector<std::string> faults_;
  std::set<std::string> used_;
  ImportReport report_;
};

std::string row_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{} ({})", names.size(), shown(names));
}

}  // namespace

ImportedModel import_model(const std::filesystem::path& source, const ImportOptions& options) {
  return Import(source, options).run();
}

Json to_json(const ImportReport& report) {
  return {{"format", report.format},   {"naming", report.naming},      {"opened", report.opened},
          {"prefix", report.prefix},   {"averages", report.averages},  {"averages_taken", report.averages_taken},
          {"taken", report.taken},     {"left", report.left},          {"other_shape", report.other},
          {"missing", report.missing}, {"no_tensors", report.entries}, {"counts_of_batches", report.ignored},
          {"seed", report.seed}};
}

std::string to_table(const ImportReport& report) {
  std::vector<std::vector<std::string>> rows{{"source", fmt::format("{}, names of {}", report.format, report.naming)},
                                             {"taken", fmt::format("{} parameters", report.taken)},
                                             {"left in the source", row_of(report.left)},
                                             {"of another shape", row_of(report.other)},
                                             {"not in the source", row_of(report.missing)}};
  if (!report.prefix.empty()) rows.insert(rows.begin() + 1, {"before all names", printable(report.prefix)});
  if (!report.opened.empty()) rows.insert(rows.begin() + 1, {"entry of the file", report.opened});
  if (report.averages > 0) {
    rows.push_back(
        {"moving averages",
         fmt::format("{} beside the weights, {}", report.averages,
                     report.averages_taken ? "taken in place of them" : "left; --averages takes them in their place")});
  }
  if (!report.entries.empty()) rows.push_back({"no tensors", row_of(report.entries)});
  if (report.ignored > 0)
    rows.push_back({"not needed", fmt::format("{} counts of batches and operations", report.ignored)});
  if (!report.other.empty() || !report.missing.empty()) {
    rows.push_back({"begin with", fmt::format("first values of seed {}", report.seed)});
  }
  return table_text(rows);
}

}  // namespace spinenet::runtime
