// Where the time of one detection goes: reading the image, scaling it to the network's input, the networks, and what
// is done with their outputs. Least and median of the runs, milliseconds, and the median's share of the whole.
//   detection_parts MODEL PICTURE [THREADS [RUNS [THRESHOLD]]]
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/format.h"
#include "image/decode.h"
#include "runtime/detect_function.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Part {
  std::string name;
  std::vector<double> ms;
};

// When the networks of one detection began and ended, and how long they took together.
struct Watch {
  Clock::time_point first_begin, last_end;
  double networks_ms = 0;
  bool running = false;
};

double ms_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

spinenet::graph::Forward watched(spinenet::graph::Forward forward, Watch& watch) {
  return [forward = std::move(forward), &watch](const spinenet::HostTensor& input) {
    const auto begin = Clock::now();
    auto outputs = forward(input);
    const auto end = Clock::now();
    if (!watch.running) watch.first_begin = begin;
    watch.running = true;
    watch.last_end = end;
    watch.networks_ms += ms_between(begin, end);
    return outputs;
  };
}

void print(std::vector<Part> parts) {
  double whole = 0;
  for (Part& part : parts) {
    std::sort(part.ms.begin(), part.ms.end());
    whole += part.ms[part.ms.size() / 2];
  }
  for (const Part& part : parts) {
    const double median = part.ms[part.ms.size() / 2];
    fmt::print("{:10} {:9.2f} {:9.2f} {:6.1f} %\n", part.name, part.ms.front(), median, 100 * median / whole);
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace spinenet;
  if (argc < 3) {
    fmt::print(stderr, "usage: detection_parts MODEL PICTURE [THREADS [RUNS [THRESHOLD]]]\n");
    return 2;
  }
  const int threads = argc > 3 ? std::stoi(argv[3]) : 1, runs = argc > 4 ? std::stoi(argv[4]) : 10;
  detect::PostprocessOptions post;
  if (argc > 5) post.score_threshold = std::stof(argv[5]);
  Watch watch;
  const auto run_watched = [&](const graph::Program& program, const Weights& weights, int on, const std::string&) {
    return watched(runtime::engine_forward_of(program, weights, on), watch);
  };
  const runtime::PreparedModel prepared = runtime::prepare(
      runtime::open_model(argv[1]), {.threads = threads, .device = "watched", .other_device = run_watched});
  const runtime::DetectFunction find = make_detect_function(prepared, post);
  std::vector<Part> parts{{"decode", {}}, {"input", {}}, {"networks", {}}, {"post", {}}};
  size_t objects = 0;
  for (int run = -1; run < runs; ++run) {
    watch = {};
    const auto begin = Clock::now();
    const image::Image image = image::read_image(argv[2]);
    const auto decoded = Clock::now();
    objects = find({&image, 1}).front().size();
    const auto end = Clock::now();
    if (run < 0) continue;  // the first one warms up
    const double between = ms_between(watch.first_begin, watch.last_end) - watch.networks_ms;
    parts[0].ms.push_back(ms_between(begin, decoded));
    parts[1].ms.push_back(ms_between(decoded, watch.first_begin));
    parts[2].ms.push_back(watch.networks_ms);
    parts[3].ms.push_back(ms_between(watch.last_end, end) + between);
  }
  fmt::print("{} objects, {} threads, {} runs\n", objects, threads, runs);
  print(std::move(parts));
  return 0;
}
