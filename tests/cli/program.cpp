#include "cli/program.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/files.h"
#include "base/format.h"
#include "formats/import/naming.h"
#include "formats/import/pytorch_fixture.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet {

void ProgramTest::SetUp() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  folder_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("spinenet_{}_{}_{}", info->test_suite_name(), info->name(), ::getpid());
  std::filesystem::create_directories(folder_);
}

void ProgramTest::TearDown() {
  std::filesystem::remove_all(folder_);
}

Outcome ProgramTest::run(const std::string& arguments, const std::string& input) const {
  const std::string command = fmt::format("cd '{}' && {} '{}' {} <'{}' >.out 2>.err", folder_.string(), environment_,
                                          SPINENET_PROGRAM, arguments, input);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(folder_ / ".out"),
          read_file(folder_ / ".err")};
}

Json ProgramTest::run_json(const std::string& arguments, const std::string& input) const {
  const Outcome outcome = run(arguments, input);
  EXPECT_EQ(outcome.status, 0) << arguments << "\n" << outcome.err;
  return outcome.status == 0 ? parse_json(outcome.out, arguments) : Json();
}

std::vector<std::string> ProgramTest::every_verb() const {
  std::vector<std::string> verbs;
  const Outcome list = run("man --list");
  EXPECT_EQ(list.status, 0) << list.err;
  std::istringstream lines(list.out);
  for (std::string line; std::getline(lines, line);) verbs.push_back(line);
  EXPECT_GE(verbs.size(), 20U);
  return verbs;
}

formats::ModelFile tiny_model() {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.name = "tiny";
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 8;
  a.head.filters = 8;
  a.head.convs = 1;
  formats::ModelFile model;
  model.architecture = to_json(a);
  model.classes = {{3, "apple"}, {7, "pear"}};
  model.image_size = 128;
  const graph::Program program = graph::lower_detector(a, {.height = 128, .width = 128, .classes = 2});
  graph::InitOptions init;
  init.predictor_deviation = 0.3;
  init.prior = 0.3;
  model.weights = graph::initial_weights(program, init, 5);
  return model;
}

formats::ModelFile tiny_classifier() {
  formats::ModelFile model = tiny_model();
  model.task = "classify";
  model.image_size = 32;
  const arch::Architecture a = arch::architecture_from_json(model.architecture, "tiny");
  model.weights = graph::initial_weights(graph::lower_classifier(a, {.height = 32, .width = 32, .classes = 2}), {}, 5);
  model.extra.emplace("center_crop", "1");
  return model;
}

formats::ModelFile tiny_segmenter() {
  formats::ModelFile model = tiny_model();
  model.task = "segment";
  arch::Architecture a = arch::architecture_from_json(model.architecture, "tiny");
  arch::TwoStageHead& head = a.two_stage;
  head.rpn_filters = head.box_filters = head.mask_filters = 8;
  head.box_convs = head.mask_convs = 1;
  head.box_dense = 16;
  model.architecture = to_json(a);
  model.weights.clear();
  for (const graph::Program& program :
       graph::programs_of(graph::lower_two_stage(a, {.height = 128, .width = 128, .classes = 2}))) {
    model.weights.merge(graph::initial_weights(program, {.predictor_deviation = 0.3}, 5));
  }
  return model;
}

arch::Architecture narrow_resnet() {
  arch::Architecture a = arch::named_architecture("resnet-50");
  a.name = "narrow";
  std::get<arch::ResNet>(a.backbone).stages = {1, 1, 1, 1};
  a.scaling.filter_size_scale = 0.125;
  a.scaling.stem_filters = 8;
  return a;
}

std::string torchvision_file() {
  const arch::Architecture a = narrow_resnet();
  const graph::Program program = graph::lower_classifier(a, {.height = 64, .width = 64, .classes = 2});
  const Weights weights = graph::initial_weights(program, {}, 5);
  formats::SourceTensors names;
  names.tensors["layer1.0.conv3.weight"];
  fixture::pickle::Entries entries;
  fixture::Storages storages;
  for (const formats::ParameterRule& rule : formats::find_naming({a, program.parameters, names}).rules) {
    const HostTensor& value = weights.at(rule.parameter);
    const bool is_dense = rule.sources.front() == "fc.weight";
    const std::vector<int64_t> shape = is_dense ? std::vector{value.shape[0], value.shape[1]} : value.shape;
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    const std::string key = std::to_string(storages.size());
    entries.emplace_back(rule.sources.front(),
                         fixture::pickle::tensor(
                             {.key = key, .storage_count = element_count(shape), .shape = shape, .strides = strides}));
    storages[key] = fixture::bytes_of(value.data);
  }
  return fixture::pytorch_zip(
      fixture::pickle::dict({{"epoch", fixture::pickle::integer(3)}, {"state_dict", fixture::pickle::dict(entries)}}),
      storages);
}

image::Image test_image(int height, int width, int seed) {
  image::Image image = image::make_image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(0.05 * (c + 1) * x + seed) + std::cos(0.07 * (3 - c) * y + 2 * seed);
        image.at(y, x)[c] = static_cast<uint8_t>(127 + 60 * wave);
      }
    }
  }
  return image;
}

std::string with_orientation(const std::string& jpeg, int orientation) {
  // APP1 of 34 bytes: "Exif", a little-endian TIFF header, one directory entry (tag 0x0112, a short).
  std::string app1(
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "II*\0\x08\0\0\0"
      "\x01\0"
      "\x12\x01\x03\0\x01\0\0\0",
      28);
  app1 += std::string{static_cast<char>(orientation), 0, 0, 0} + std::string(4, '\0');
  return jpeg.substr(0, 2) + app1 + jpeg.substr(2);
}

}  // namespace spinenet
