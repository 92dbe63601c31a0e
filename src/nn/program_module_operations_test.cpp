// Every kind of operation alone and together: LibTorch against the reference interpreter, and gradients against finite
// differences.
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "graph/every_operation.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "nn/program_module.h"

namespace spinenet::nn {
namespace {

// A block with squeeze and excitation, a pyramid's merge, and a mask head's end, as small as can be.
graph::Program block_and_merge(arch::Activation activation) {
  graph::Builder b({4, 8, 8}, {.activation = activation, .batch_norm = {}});
  graph::ValueId x =
      b.conv(b.input(), {.filters = 4, .kernel = 3, .stride = 2, .bias = true, .groups = 4}, "depthwise");
  x = b.activate(b.batch_norm(x, "norm"), "act");
  graph::ValueId gate = b.global_pool(x, graph::PoolKind::average, "mean_pool");
  gate = b.activate(b.conv(gate, {.filters = 2, .bias = true}, "reduce"), "gate_act");
  gate = b.conv(gate, {.filters = 4, .bias = true}, "expand");
  const graph::ValueId smooth = b.scale(x, b.sigmoid(gate, false, "sigmoid"), "scale");
  const graph::ValueId largest =
      b.sigmoid(b.global_pool(x, graph::PoolKind::maximum, "max_pool"), true, "hard_sigmoid");
  const graph::ValueId hard = b.scale(smooth, largest, "hard_scale");
  const graph::ValueId mean = b.mean({smooth, x, hard}, "mean");
  const graph::ValueId up = b.deconv(mean, 3, true, "deconv");
  b.output("up", up);
  b.output("dense", b.conv(up, {.filters = 5, .kernel = 8, .bias = true, .padded = false}, "dense"));
  return b.finish();
}

HostTensor random_tensor(const std::vector<int64_t>& shape, uint64_t seed) {
  HostTensor t = make_tensor(shape);
  Random random(seed);
  for (float& x : t.data) x = static_cast<float>(random.uniform(-1, 1));
  return t;
}

Weights random_weights(const graph::Program& program) {
  Weights weights;
  uint64_t seed = 1;
  for (const graph::Parameter& parameter : program.parameters) {
    HostTensor t = random_tensor(parameter.shape, ++seed);
    if (parameter.role == graph::ParameterRole::running_var) {
      for (float& x : t.data) x = 1 + x / 2;
    }
    weights.emplace(parameter.name, std::move(t));
  }
  return weights;
}

class EveryOperation : public testing::TestWithParam<arch::Activation> {};

void expect_reference(const graph::Program& program) {
  const Weights weights = random_weights(program);
  const graph::Shape& s = program.values.front();
  const HostTensor input = random_tensor({3, s.channels, s.height, s.width}, 99);
  const std::vector<HostTensor> expected = graph::run_reference(program, weights, input);
  const auto found = forward(program, make_parameters(program, weights, torch::kCPU), to_torch(input), {});
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const torch::Tensor wanted = to_torch(expected[i]);
    ASSERT_EQ(found[i].sizes(), wanted.sizes());
    EXPECT_LT((found[i] - wanted).abs().max().item<double>(), 1e-5 * wanted.abs().max().item<double>());
  }
}

TEST_P(EveryOperation, AgreesWithTheReferenceInterpreter) {
  expect_reference(block_and_merge(GetParam()));
  expect_reference(graph::every_operation(GetParam()));
}

void expect_gradient_of_finite_differences(const graph::Program& program) {
  Parameters p = make_parameters(program, random_weights(program), torch::kCPU);
  for (torch::Tensor& view : p.views) {
    view = view.detach().to(torch::kFloat64).set_requires_grad(view.requires_grad());
  }
  const graph::Shape& s = program.values.front();
  const torch::Tensor input = to_torch(random_tensor({3, s.channels, s.height, s.width}, 98)).to(torch::kFloat64);
  ForwardMode mode;
  mode.training = true;
  const auto loss = [&] {
    torch::Tensor sum = torch::zeros({}, torch::kFloat64);
    for (const torch::Tensor& y : forward(program, p, input, mode)) sum = sum + torch::sin(y).sum();
    return sum;
  };
  loss().backward();
  torch::manual_seed(1);
  for (size_t i = 0; i < p.views.size(); ++i) {
    if (!p.views[i].requires_grad()) continue;
    const torch::Tensor direction = torch::randn_like(p.views[i]);
    const double slope = (p.views[i].grad() * direction).sum().item<double>();
    const auto at = [&](double h) {
      const torch::NoGradGuard no_grad;
      p.views[i].add_(direction, h);
      const double value = loss().item<double>();
      p.views[i].sub_(direction, h);
      return value;
    };
    EXPECT_NEAR((at(1e-6) - at(-1e-6)) / 2e-6, slope, 1e-5 * std::abs(slope) + 1e-6) << program.parameters[i].name;
  }
}

TEST_P(EveryOperation, HasTheGradientOfFiniteDifferences) {
  expect_gradient_of_finite_differences(block_and_merge(GetParam()));
  expect_gradient_of_finite_differences(graph::every_operation(GetParam()));
}

// Batch norms with and without an activation that can be fused with them.
graph::Program norms(arch::Activation activation) {
  graph::Builder b({3, 6, 6}, {.activation = activation, .batch_norm = {}});
  const auto conv_norm = [&](graph::ValueId x, const std::string& name) {
    return b.batch_norm(b.conv(x, {.filters = 5, .kernel = 3}, name), name + "_norm");
  };
  const graph::ValueId fused = b.activate(conv_norm(b.input(), "fused"), "fused_act");
  const graph::ValueId twice = conv_norm(fused, "twice");  // read by its activation and by the sum
  const graph::ValueId active = b.activate(twice, "twice_act");
  const graph::ValueId sum = b.add({conv_norm(active, "summed"), twice}, "sum");  // in place, on a norm's output
  const graph::ValueId late = conv_norm(sum, "late");
  const graph::ValueId other = b.activate(conv_norm(sum, "other"), "other_act");
  const graph::ValueId after = b.activate(late, "late_act");      // not right behind its norm
  const graph::ValueId merged = b.add({other, after}, "merged");  // in place, on a fused output
  const graph::ValueId shown = conv_norm(b.activate(merged, "act"), "shown");
  b.output("norm", shown);
  b.output("act", b.activate(shown, "shown_act"));
  return b.finish();
}

// In single precision batch norm is the project's own, fused with its activation; in double precision LibTorch's.
TEST_P(EveryOperation, TrainsInSinglePrecisionAsInDouble) {
  const graph::Program program = norms(GetParam());
  const auto train = [&](torch::ScalarType type) {
    Parameters p = make_parameters(program, random_weights(program), torch::kCPU);
    for (torch::Tensor& view : p.views)
      view = view.detach().to(type, false, true).set_requires_grad(view.requires_grad());
    ForwardMode mode;
    mode.training = true;
    std::vector<torch::Tensor> results = forward(program, p, to_torch(random_tensor({4, 3, 6, 6}, 97)).to(type), mode);
    torch::Tensor loss = torch::zeros({}, type);
    for (const torch::Tensor& y : results) loss = loss + torch::sin(y).sum();
    loss.backward();
    for (const torch::Tensor& view : p.views) results.push_back(view.requires_grad() ? view.grad() : view);
    return results;
  };
  const std::vector<torch::Tensor> single = train(torch::kFloat32);
  const std::vector<torch::Tensor> twice = train(torch::kFloat64);
  ASSERT_EQ(single.size(), twice.size());
  for (size_t i = 0; i < single.size(); ++i) {
    EXPECT_LT((single[i] - twice[i]).abs().max().item<double>(), 2e-5 * (1 + twice[i].abs().max().item<double>()))
        << (i < 2 ? program.outputs[i].name : program.parameters[i - 2].name);
  }
}

INSTANTIATE_TEST_SUITE_P(ProgramModule, EveryOperation, testing::ValuesIn(values_of<arch::Activation>()));

// Work in place must spare what an earlier reader's gradient needs.
TEST(ProgramModule, OverwritesNoValueThatAConvolutionKeeps) {
  graph::Builder b({2, 4, 4}, {});
  const graph::ValueId x = b.conv(b.input(), {.filters = 2}, "first");
  const graph::ValueId y = b.conv(x, {.filters = 2}, "second");
  const graph::ValueId gate = b.global_pool(x, graph::PoolKind::average, "gate");
  const graph::ValueId scaled = b.scale(y, gate, "scaled");
  b.output("sum", b.add({y, scaled}, "sum"));
  b.output("act", b.activate(x, "act"));
  const graph::Program program = b.finish();
  const Parameters p = make_parameters(program, random_weights(program), torch::kCPU);
  ForwardMode mode;
  mode.training = true;
  const auto outputs = forward(program, p, to_torch(random_tensor({1, 2, 4, 4}, 7)), mode);
  EXPECT_NO_THROW((outputs[0].sum() + outputs[1].sum()).backward());
}

}  // namespace
}  // namespace spinenet::nn
