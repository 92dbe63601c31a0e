// Writes the networks of a model that segments as ONNX files of their own, raw, for other runtimes to be timed on:
// FOLDER/trunk.onnx of one image, box_head.onnx (of a cascade box_head2.onnx and so on) of ROIS crops, mask_head.onnx
// of MASKS crops.
//   two_stage_onnx MODEL ROIS MASKS FOLDER
#include <filesystem>
#include <string>

#include "arch/text.h"
#include "base/format.h"
#include "base/output.h"
#include "formats/model_file.h"
#include "formats/onnx/export/network.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace {

using namespace spinenet;

void write_network(const std::filesystem::path& path, const graph::Program& program, const Weights& weights,
                   int64_t batch) {
  formats::OnnxGraph graph;
  const graph::Shape& in = program.values.front();
  graph.input({"image", formats::OnnxType::f32, {batch, in.channels, in.height, in.width}});
  formats::add_network(graph, program, graph::own_weights(program, weights), "image");
  for (const graph::Output& output : program.outputs) {
    const graph::Shape& s = program.values[static_cast<size_t>(output.value)];
    graph.output({output.name, formats::OnnxType::f32, {batch, s.channels, s.height, s.width}});
  }
  RunFiles().output({path, "two_stage_onnx", true}).write(formats::to_bytes(graph.finish(), path.string()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: two_stage_onnx MODEL ROIS MASKS FOLDER\n");
    return 2;
  }
  const formats::ModelFile model = formats::read_model(argv[1]);
  const arch::Architecture architecture = arch::architecture_from_json(model.architecture, argv[1]);
  const graph::TwoStageProgram network = graph::lower_two_stage(
      architecture,
      {.height = model.image_size, .width = model.image_size, .classes = static_cast<int>(model.classes.size())});
  const std::filesystem::path folder = argv[4];
  write_network(folder / "trunk.onnx", network.trunk, model.weights, 1);
  for (size_t stage = 0; stage < network.box_heads.size(); ++stage) {
    write_network(folder / (graph::stage_name("box_head", stage) + ".onnx"), network.box_heads[stage], model.weights,
                  std::stoi(argv[2]));
  }
  write_network(folder / "mask_head.onnx", network.mask_head, model.weights, std::stoi(argv[3]));
  return 0;
}
