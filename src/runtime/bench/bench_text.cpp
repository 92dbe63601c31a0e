#include "runtime/bench/bench_text.h"

#include <cmath>
#include <vector>

#include "base/format.h"
#include "base/text_table.h"

namespace spinenet::runtime {
namespace {

double rounded(double x) {
  return std::round(x * 1000) / 1000;
}

std::string layers_text(const std::vector<engine::StepProfile>& steps) {
  std::vector<std::vector<std::string>> rows{{"layer", "algorithm", "output", "ms", "GFLOP/s"}};
  for (const engine::StepProfile& step : steps) {
    const double gflops = 2e-9 * static_cast<double>(step.multiply_adds) / step.seconds;
    rows.push_back({step.name, std::string(step.algorithm),
                    fmt::format("{}x{}x{}", step.shape.channels, step.shape.height, step.shape.width),
                    fmt::format("{:.2f}", step.seconds * 1e3),
                    step.multiply_adds > 0 ? fmt::format("{:.0f}", gflops) : ""});
  }
  return table_text(rows) + "\n";
}

}  // namespace

Json to_json(const Bench& bench) {
  const BenchResult& result = bench.result;
  const bool autotune = bench.compiled.autotune;
  Json json{{"architecture", bench.architecture},
            {"task", bench.task},
            {"image_size", bench.image_size},
            {"input_size", result.input_size},
            {"batch", bench.compiled.batch},
            {"latency_ms", {{"min", rounded(result.min_ms)}, {"median", rounded(result.median_ms)}}},
            {"images_per_second", rounded(result.images_per_second)},
            {"pictures_per_second", rounded(result.images_per_second)},  // its name up to 0.2
            {"runs", bench.runs},
            {"gflops", rounded(result.gflops)},
            {"peak_gflops", rounded(result.peak_gflops)},
            {"peak_share", rounded(result.gflops / result.peak_gflops)},
            {"threads", bench.compiled.threads},
            {"precision", bench.precision},
            {"autotune", autotune},
            {"choose", autotune ? "measure" : "rule"},  // its name up to 0.2
            {"instructions", result.instructions},
            {"peak_memory_mb", rounded(result.process_mb)},
            {"engine_memory_mb", rounded(result.engine_mb)}};
  for (const PartTime& part : result.parts) json["parts_ms"][part.name] = rounded(part.median_ms);
  if (bench.two_stages()) {
    json["rois"] = result.rois;
    json["objects"] = result.objects;
  }
  for (const engine::StepProfile& step : result.steps) {
    json["layers"].push_back({{"name", step.name},
                              {"algorithm", step.algorithm},
                              {"shape", {step.shape.channels, step.shape.height, step.shape.width}},
                              {"multiply_adds", step.multiply_adds},
                              {"ms", rounded(step.seconds * 1e3)}});
  }
  return json;
}

std::string bench_text(const Bench& bench) {
  const BenchResult& result = bench.result;
  const int batch = bench.compiled.batch;
  std::vector<std::vector<std::string>> rows{
      {"network", fmt::format("{}, {} x {} pixels, {}{}", bench.architecture, result.input_size, result.input_size,
                              bench.precision, batch > 1 ? fmt::format(", {} images together", batch) : "")},
      {"latency",
       fmt::format("{:.2f} ms (median of {}), {:.2f} ms at best", result.median_ms, bench.runs, result.min_ms)},
      {"throughput", fmt::format("{:.2f} images per second", result.images_per_second)}};
  for (const PartTime& part : result.parts) {
    rows.push_back({part.name, fmt::format("{:.2f} ms", part.median_ms)});
  }
  if (bench.two_stages()) {
    rows.push_back({"work", fmt::format("{:.0f} proposals and {:.0f} objects per image", result.rois, result.objects)});
  }
  rows.push_back({"speed", fmt::format("{:.0f} GFLOP/s of the network's definition", result.gflops)});
  rows.push_back({"peak", fmt::format("{:.0f} GFLOP/s of floats measured with {}, {} threads: a share of {:.2f}",
                                      result.peak_gflops, result.instructions, bench.compiled.threads,
                                      result.gflops / result.peak_gflops)});
  rows.push_back({"memory", fmt::format("{:.0f} MB in the engine, at most {:.0f} MB in the process", result.engine_mb,
                                        result.process_mb)});
  return (result.steps.empty() ? "" : layers_text(result.steps)) + table_text(rows);
}

}  // namespace spinenet::runtime
