// Any bytes as a recipe and as settings: refused with an Error, or accepted, written and read back the same.
#include <cstdlib>

#include "base/fields.h"

namespace spinenet {
namespace {

enum class Rule { sgd, adamw };
constexpr auto names(Rule) {
  using enum Rule;
  return named<Rule>({{sgd, "sgd"}, {adamw, "adamw"}});
}

struct Optimizer {
  Rule rule = Rule::sgd;
  double rate = 0.28;
  std::optional<float> clip;
};

struct Sample {
  int epochs = 350;
  uint64_t seed = 1;
  bool mirror = true;
  std::string images = "images";
  std::optional<std::string> cache;
  std::array<double, 3> mean{};
  std::vector<std::string> classes;
  Optimizer optimizer;
};

void fields(FieldList& list, Optimizer& o) {
  list("rule", o.rule, "Update rule");
  list("rate", o.rate, "Step size", above(0));
  list("clip", o.clip, "Largest norm of the gradient", above(0));
}

void fields(FieldList& list, Sample& s) {
  list("epochs", s.epochs, "Passes", at_least(1));
  list("seed", s.seed, "Seed");
  list("mirror", s.mirror, "Mirror");
  list("images", s.images, "Folder");
  list("cache", s.cache, "Folder");
  list("mean", s.mean, "Mean");
  list("classes", s.classes, "Names");
  list.group("optimizer", s.optimizer, "Optimizer");
}

void check_round_trip(const Sample& sample) {
  const std::string written = to_yaml(sample);
  Sample back;
  read_yaml(written, "written", back);
  if (to_yaml(back) != written) std::abort();
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Sample sample;
  bool accepted = false;
  try {
    read_yaml(text, "input", sample);
    accepted = true;
  } catch (const Error&) {
  }
  try {
    apply_setting(sample, text);
    accepted = true;
  } catch (const Error&) {
  }
  if (accepted) check_round_trip(sample);
  return 0;
}
