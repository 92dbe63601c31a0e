#include "train/gradient_flow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::train {
namespace {

using Losses = std::vector<std::pair<std::string, double>>;

struct OpPlace {
  size_t part = 0;
  bool leaves = false;        // whether another part, or the user of the program, takes its value
  std::vector<bool> entered;  // of each input, whether it is another part's
};

// A program's parameter, by the place of its view.
struct ParameterPlace {
  size_t program = 0, view = 0, part = 0;
};

struct NormPlace {
  size_t program = 0;
  std::string name;
  size_t mean = 0, variance = 0;  // views
  double epsilon = 0;
  double values = 0;
  std::vector<torch::Tensor> means{}, variances{};  // of each batch
};

nn::Parameters copy_of(const Trainer& trainer, const nn::Parameters& weights) {
  return nn::make_parameters(
      trainer.parameters(), nn::weights_of(trainer.parameters(), weights.values, weights.statistics), trainer.device());
}

void add_to(Losses& sums, const BatchLosses& losses, double share) {
  for (size_t i = 0; i < losses.parts.size(); ++i) {
    if (i == sums.size()) sums.emplace_back(losses.parts[i].first, 0);
    sums[i].second += losses.parts[i].second.item<double>() * share;
  }
}

torch::Tensor wanted_loss(const BatchLosses& losses, const std::string& name) {
  torch::Tensor sum;
  std::vector<std::string> names;
  for (const auto& [part, value] : losses.parts) {
    names.push_back(part);
    if (name.empty() || part == name) sum = sum.defined() ? sum + value : value;
  }
  if (sum.defined()) return sum;
  fail(ErrorKind::usage, fmt::format("the task has no loss \"{}\"", name), "loss",
       remedy_for(name, names, fmt::format("name one of {}", fmt::join(names, ", "))));
}

// Looks at the parts of all programs while batches go forward and backward.
class FlowRecorder {
 public:
  explicit FlowRecorder(const std::vector<graph::Program>& programs) {
    for (size_t i = 0; i < programs.size(); ++i) add_program(programs[i], i);
    observer_.input = [this](const graph::Op& op, size_t i, const torch::Tensor& x) { see_input(op, i, x); };
    observer_.output = [this](const graph::Op& op, const torch::Tensor& y) { see_output(op, y); };
  }
  FlowRecorder(const FlowRecorder&) = delete;
  FlowRecorder& operator=(const FlowRecorder&) = delete;

  const nn::Observer& observer() const { return observer_; }

  // After the backward pass of a batch.
  void end_batch(const std::vector<nn::Parameters>& weights) {
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i].of_output += std::sqrt(std::exchange(of_output_[i], 0));
    std::vector<double> squares(parts_.size());
    for (auto& [place, gradient] : of_input_) squares[place.first] += square_of(gradient);
    of_input_.clear();
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i].of_input += std::sqrt(squares[i]);
    add_parameters(weights);
    for (NormPlace& norm : norms_) {
      const std::vector<torch::Tensor>& views = weights[norm.program].views;
      norm.means.push_back(views[norm.mean].to(torch::kFloat64, false, true));
      norm.variances.push_back(views[norm.variance].to(torch::kFloat64, false, true));
    }
    ++batches_;
  }

  GradientFlow finish(const std::vector<nn::Parameters>& weights, Losses losses) {
    const auto count = static_cast<double>(batches_);
    std::vector<double> agreeing(parts_.size()), squares(parts_.size());
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const ParameterPlace& place = parameters_[i];
      agreeing[place.part] += square_of(sums_[i] / count);
      squares[place.part] += square_of(weights[place.program].views[place.view]);
    }
    for (size_t i = 0; i < parts_.size(); ++i) {
      PartFlow& part = parts_[i];
      for (double* mean : {&part.of_output, &part.of_input, &part.of_parameters}) *mean /= count;
      part.parameters = std::sqrt(squares[i]);
      part.agreement = part.of_parameters > 0 ? std::sqrt(agreeing[i]) / part.of_parameters : 0;
    }
    GradientFlow flow{std::move(losses), std::move(parts_), {}};
    for (auto& [name, loss] : flow.losses) loss /= count;
    for (const NormPlace& norm : norms_) flow.norms.push_back(flow_of(norm, weights[norm.program].views));
    return flow;
  }

 private:
  void add_program(const graph::Program& program, size_t index) {
    std::vector<int> writer(program.values.size(), -1);  // its part; the image has none
    for (const graph::Op& op : program.ops) {
      const size_t part = part_index(op);
      OpPlace place{part, false, {}};
      for (const graph::ValueId input : op.inputs) {
        const int from = writer[static_cast<size_t>(input)];
        place.entered.push_back(from != static_cast<int>(part));
        if (place.entered.back()) note_reading(program, input, from, part);
      }
      writer[static_cast<size_t>(op.output)] = static_cast<int>(part);
      add_parameters_of(program, op, index, part);
      ops_.emplace(&op, std::move(place));
    }
    for (const graph::Op& op : program.ops) {
      const bool told = std::ranges::any_of(program.outputs, [&](const auto& o) { return o.value == op.output; });
      const bool read = taken_.contains({&program, op.output});
      if (!told && !read) continue;
      OpPlace& place = ops_.at(&op);
      place.leaves = true;
      parts_[place.part].output = program.values[static_cast<size_t>(op.output)];
    }
  }

  size_t part_index(const graph::Op& op) {
    const std::string_view name = part_of(op.name);
    const auto found = std::ranges::find(parts_, name, &PartFlow::name);
    if (found != parts_.end()) return static_cast<size_t>(found - parts_.begin());
    parts_.push_back({.name = std::string(name)});
    of_output_.push_back(0);
    return parts_.size() - 1;
  }

  void note_reading(const graph::Program& program, graph::ValueId value, int from, size_t part) {
    taken_.insert({&program, value});
    if (from < 0) return;
    std::vector<std::string>& reads = parts_[part].reads;
    const std::string& name = parts_[static_cast<size_t>(from)].name;
    if (std::ranges::find(reads, name) == reads.end()) reads.push_back(name);
  }

  void add_parameters_of(const graph::Program& program, const graph::Op& op, size_t index, size_t part) {
    for (const graph::ParameterId id : op.parameters) {
      const auto view = static_cast<size_t>(id);
      if (!graph::is_trainable(program.parameters[view].role)) continue;
      const bool known = std::ranges::any_of(
          parameters_, [&](const ParameterPlace& p) { return p.program == index && p.view == view; });
      if (known) continue;  // towers of the head share theirs over the levels
      parameters_.push_back({index, view, part});
      sums_.emplace_back();
      parts_[part].parameter_count += graph::element_count(program.parameters[view].shape);
    }
    const auto* norm = std::get_if<graph::BatchNorm>(&op.kind);
    if (norm == nullptr) return;
    norm_of_.emplace(&op, norms_.size());
    norms_.push_back({.program = index,
                      .name = op.name,
                      .mean = static_cast<size_t>(op.parameters[2]),
                      .variance = static_cast<size_t>(op.parameters[3]),
                      .epsilon = norm->epsilon});
  }

  void see_input(const graph::Op& op, size_t i, const torch::Tensor& x) {
    if (const auto norm = norm_of_.find(&op); norm != norm_of_.end()) {
      norms_[norm->second].values = static_cast<double>(x.numel() / std::max<int64_t>(1, x.size(1)));
    }
    const OpPlace& place = ops_.at(&op);
    if (!place.entered[i] || !x.requires_grad()) return;
    // A part may take a value by several operations: their shares are one gradient.
    torch::Tensor& sum = of_input_[{place.part, op.inputs[i]}];
    x.register_hook([&sum](const torch::Tensor& gradient) {
      sum = sum.defined() ? sum + gradient.detach() : gradient.detach().clone();
    });
  }

  void see_output(const graph::Op& op, const torch::Tensor& y) {
    const OpPlace& place = ops_.at(&op);
    if (!place.leaves || !y.requires_grad()) return;
    double& sum = of_output_[place.part];
    y.register_hook([&sum](const torch::Tensor& gradient) { sum += square_of(gradient); });
  }

  void add_parameters(const std::vector<nn::Parameters>& weights) {
    std::vector<double> squares(parts_.size());
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const ParameterPlace& place = parameters_[i];
      const torch::Tensor gradient = weights[place.program].views[place.view].grad().to(torch::kFloat64, false, true);
      squares[place.part] += square_of(gradient);
      sums_[i] = sums_[i].defined() ? sums_[i] + gradient : gradient;
    }
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i].of_parameters += std::sqrt(squares[i]);
  }

  static double square_of(const torch::Tensor& tensor) {
    if (!tensor.defined()) return 0;
    return tensor.detach().to(torch::kFloat64).pow(2).sum().item<double>();
  }

  // `views`: with the running statistics.
  static NormFlow flow_of(const NormPlace& norm, const std::vector<torch::Tensor>& views) {
    const torch::Tensor means = torch::stack(norm.means);  // [batches, channels]
    const torch::Tensor deviations = (torch::stack(norm.variances) + norm.epsilon).sqrt();
    const auto distances = [&](const torch::Tensor& mean, const torch::Tensor& variance) {
      const torch::Tensor deviation = (variance.to(torch::kFloat64) + norm.epsilon).sqrt();
      return std::pair((means - mean).div(deviation).abs().mean().item<double>(),
                       (deviations / deviation - 1).abs().mean().item<double>());
    };
    NormFlow flow{.name = norm.name, .values = norm.values};
    std::tie(flow.mean_from_running, flow.std_from_running) = distances(views[norm.mean], views[norm.variance]);
    std::tie(flow.mean_from_batches, flow.std_from_batches) =
        distances(means.mean(0), torch::stack(norm.variances).mean(0));
    return flow;
  }

  std::vector<PartFlow> parts_;
  std::vector<NormPlace> norms_;
  std::vector<ParameterPlace> parameters_;
  std::vector<torch::Tensor> sums_;  // of the gradients of parameters_
  std::map<const graph::Op*, OpPlace> ops_;
  std::map<const graph::Op*, size_t> norm_of_;
  std::set<std::pair<const graph::Program*, graph::ValueId>> taken_;     // by another part than the one that wrote them
  std::vector<double> of_output_;                                        // squares, of this batch
  std::map<std::pair<size_t, graph::ValueId>, torch::Tensor> of_input_;  // of this batch
  nn::Observer observer_;
  int64_t batches_ = 0;
};

}  // namespace

std::string_view part_of(std::string_view operation) {
  constexpr std::array<std::pair<std::string_view, int>, 4> kNames{
      {{"stem", 1}, {"resample", 3}, {"stages", 3}, {"fpn", 3}}};
  int names = 2;
  for (const auto& [first, count] : kNames) {
    if (operation.substr(0, operation.find('.')) == first) names = count;
  }
  size_t end = operation.find('.');
  for (int i = 1; i < names && end != std::string_view::npos; ++i) end = operation.find('.', end + 1);
  return operation.substr(0, end);
}

GradientFlow gradient_flow(const Trainer& trainer, const FlowOptions& options) {
  const std::vector<graph::Program>& programs = trainer.trainee().programs;
  // In the copy the statistics become those of each batch.
  nn::Parameters weights = copy_of(trainer, trainer.measured());
  const std::vector<nn::Parameters> parts = nn::parts_of(weights, programs);
  const nn::Parameters running = copy_of(trainer, trainer.measured());
  Communicator alone({}, trainer.device());
  FlowRecorder recorder(programs);
  nn::ForwardMode mode;
  mode.training = true;
  mode.largest_momentum = 0;
  mode.kept_statistics = &trainer.fine_tuning().kept_statistics;
  mode.observer = &recorder.observer();
  Losses losses;
  for (int64_t i = 0; i < options.batches; ++i) {
    const data::Batch batch = options.next();
    const torch::Tensor pixels = pixels_of(batch, trainer.device());
    mode.drop_path_seed = static_cast<uint64_t>(i);
    weights.gradients.zero_();
    const BatchLosses of_batch = trainer.trainee().losses({batch, pixels, programs, parts, mode, alone});
    wanted_loss(of_batch, options.loss).backward();
    add_to(losses, of_batch, 1);
    recorder.end_batch(parts);
  }
  return recorder.finish(nn::parts_of(running, programs), std::move(losses));
}

std::vector<std::pair<std::string, double>> mean_losses(const Trainer& trainer, const nn::Parameters& weights,
                                                        Normalisation normalisation, const FlowOptions& options) {
  const torch::NoGradGuard no_grad;
  const std::vector<graph::Program>& programs = trainer.trainee().programs;
  const nn::Parameters copy = copy_of(trainer, weights);
  const std::vector<nn::Parameters> parts = nn::parts_of(copy, programs);
  Communicator alone({}, trainer.device());
  nn::ForwardMode mode;
  mode.batch_statistics = normalisation == Normalisation::batch_statistics;
  mode.kept_statistics = &trainer.fine_tuning().kept_statistics;
  Losses losses;
  double images = 0;
  for (int64_t i = 0; i < options.batches; ++i) {
    const data::Batch batch = options.next();
    if (batch.images == 0) continue;
    const torch::Tensor pixels = pixels_of(batch, trainer.device());
    const auto count = static_cast<double>(batch.images);
    add_to(losses, trainer.trainee().losses({batch, pixels, programs, parts, mode, alone}), count);
    images += count;
  }
  for (auto& [name, loss] : losses) loss /= images;
  return losses;
}

}  // namespace spinenet::train
