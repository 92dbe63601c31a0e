#include "base/fields.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet {
namespace {

enum class Rule { sgd, adamw, lamb };
constexpr auto names(Rule) {
  using enum Rule;
  return named<Rule>({{sgd, "sgd"}, {adamw, "adamw"}, {lamb, "lamb"}});
}

struct Optimizer {
  Rule rule = Rule::sgd;
  double learning_rate = 0.28;
  float momentum = 0.9F;
  std::optional<double> clip;

  bool operator==(const Optimizer&) const = default;
};

struct Data {
  std::string images = "images";
  std::optional<std::string> cache;
  std::array<double, 3> mean{0.485, 0.456, 0.406};
  std::vector<std::string> classes;

  bool operator==(const Data&) const = default;
};

struct Sample {
  int epochs = 350;
  uint64_t seed = 1;
  bool mirror = true;
  std::vector<int> drops{320, 340};
  std::vector<Rule> rules;
  Optimizer optimizer;
  Data data;

  bool operator==(const Sample&) const = default;
};

void fields(FieldList& list, Optimizer& o) {
  list("rule", o.rule, "Update rule");
  list("learning_rate", o.learning_rate, "Step size", above(0));
  list("momentum", o.momentum, "Share of the last step kept", between(0, 1));
  list("clip", o.clip, "Largest norm of the gradient", above(0));
}

void fields(FieldList& list, Data& d) {
  list("images", d.images, "Folder of the images");
  list("cache", d.cache, "Folder of decoded images");
  list("mean", d.mean, "Mean of a channel");
  list("classes", d.classes, "Names | in order");
}

void fields(FieldList& list, Sample& s) {
  list("epochs", s.epochs, "Passes over the training images", at_least(1));
  list("seed", s.seed, "Where random numbers begin");
  list("mirror", s.mirror, "Mirror half of the images");
  list("drops", s.drops, "Epochs at which the step size falls", at_least(1));
  list("rules", s.rules, "Rules to compare");
  list.group("optimizer", s.optimizer, "How weights move");
  list.group("data", s.data, "Where images come from");
}

std::string fields_refusal(std::string_view text) {
  Sample sample;
  try {
    read_yaml(text, "r.yaml", sample);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_EQ(sample, Sample{}) << "a failed read changed the config";
    return error.what();
  }
  return "accepted";
}

std::string setting_refusal(std::string_view setting) {
  Sample sample;
  try {
    apply_setting(sample, setting);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(sample, Sample{}) << "a failed setting changed the config";
    return error.what();
  }
  return "accepted";
}

TEST(Fields, ReadsEveryType) {
  Sample sample;
  read_yaml(R"(
epochs: 12
seed: 18446744073709551615
mirror: false
drops: [8, +11]
rules: [lamb, "sgd"]
optimizer: {rule: adamw, learning_rate: 2e-3, momentum: .5, clip: 10}
data:
  images: 2024   # a folder may look like a number
  cache: no
  mean:
    - 0
    - -1.5
    - 1.0e-3
  classes: [apple, "null", "5"]
)",
            "r.yaml", sample);
  const Sample wanted{12,
                      UINT64_MAX,
                      false,
                      {8, 11},
                      {Rule::lamb, Rule::sgd},
                      {Rule::adamw, 0.002, 0.5F, 10},
                      {"2024", "no", {0, -1.5, 0.001}, {"apple", "null", "5"}}};
  EXPECT_EQ(sample, wanted);
}

TEST(Fields, WhatIsNotNamedStays) {
  Sample sample;
  sample.optimizer.clip = 5;
  sample.optimizer.momentum = 0.5F;
  read_yaml("optimizer:\n  clip: null\n", "r.yaml", sample);
  EXPECT_EQ(sample.optimizer.clip, std::nullopt);
  EXPECT_EQ(sample.optimizer.momentum, 0.5F);
  EXPECT_EQ(sample.epochs, 350);
  read_yaml("", "r.yaml", sample);
  EXPECT_EQ(sample.epochs, 350);
}

TEST(Fields, UnknownKeysAreAnsweredWithTheNearest) {
  EXPECT_EQ(fields_refusal("seed: 1\nepoch: 3\n"), "r.yaml:2:1: unknown key \"epoch\"; did you mean \"epochs\"?");
  EXPECT_EQ(fields_refusal("optimizer:\n  learning_rte: 1\n"),
            "r.yaml:2:3: unknown key \"optimizer.learning_rte\"; did you mean \"optimizer.learning_rate\"?");
  EXPECT_EQ(fields_refusal("learning_rate: 1\n"),
            "r.yaml:1:1: unknown key \"learning_rate\"; did you mean \"optimizer.learning_rate\"?");
  EXPECT_EQ(fields_refusal("data: {xyzzy: 1}\n"),
            "r.yaml:1:8: unknown key \"data.xyzzy\"; use one of images, cache, mean, classes");
}

TEST(Fields, WrongValuesNamePlaceKeyWantedAndFound) {
  EXPECT_EQ(fields_refusal("epochs: many\n"), "r.yaml:1:9: epochs wants a whole number of at least 1, found \"many\"");
  EXPECT_EQ(fields_refusal("optimizer:\n  learning_rate: -1\n"),
            "r.yaml:2:18: optimizer.learning_rate wants a number above 0, found \"-1\"");
  EXPECT_EQ(fields_refusal("optimizer: {momentum: 1.5}\n"),
            "r.yaml:1:23: optimizer.momentum wants a number from 0 to 1, found \"1.5\"");
  EXPECT_EQ(fields_refusal("drops: [3, 0]\n"),
            "r.yaml:1:12: drops wants a list, each a whole number of at least 1, found \"0\"");
  EXPECT_EQ(fields_refusal("data: {mean: [1, 2]}\n"),
            "r.yaml:1:14: data.mean wants a list of 3, each a number, found a list of 2");
  EXPECT_EQ(fields_refusal("optimizer: {rule: adam}\n"),
            "r.yaml:1:19: optimizer.rule wants one of sgd, adamw, lamb, found \"adam\"; did you mean \"adamw\"?");
  EXPECT_EQ(fields_refusal("mirror: yes\n"), "r.yaml:1:9: mirror wants true or false, found \"yes\"");
  EXPECT_EQ(fields_refusal("epochs: \"3\"\n"),
            "r.yaml:1:9: epochs wants a whole number of at least 1, found the quoted text \"3\"");
  EXPECT_EQ(fields_refusal("optimizer: adamw\n"), "r.yaml:1:12: optimizer wants a group of keys, found \"adamw\"");
  EXPECT_EQ(fields_refusal("data: {images: {a: 1}}\n"), "r.yaml:1:16: data.images wants text, found a group of keys");
  EXPECT_EQ(fields_refusal("- 1\n"), "r.yaml:1:1: wants lines of \"key: value\"");
}

TEST(Fields, NumbersAreReadWhole) {
  for (const std::string_view text :
       {"1.5", "1e3", "0x10", "3 apples", "99999999999", "--1", "+-1", "", "null", "[1]", "\xC2\xB2"}) {
    EXPECT_NE(fields_refusal("epochs: " + std::string(text)).find("epochs wants"), std::string::npos) << text;
  }
  for (const std::string_view text : {"nan", ".nan", "inf", ".inf", "1e999", "1,5", "1_0", "1.5x", "true"}) {
    EXPECT_NE(fields_refusal("data: {mean: [0, 0, \"" + std::string(text) + "\"]}").find("data.mean wants"),
              std::string::npos);
    EXPECT_NE(fields_refusal("optimizer: {learning_rate: '" + std::string(text) + "'}").find("wants"),
              std::string::npos);
    EXPECT_NE(fields_refusal("optimizer:\n  clip: " + std::string(text)).find("wants a number"), std::string::npos)
        << text;
  }
  EXPECT_NE(fields_refusal("seed: -1").find("seed wants"), std::string::npos);
}

TEST(Fields, LongTextIsCutInMessages) {
  const std::string message = fields_refusal("epochs: " + std::string(59, 'x') + "\xC3\xBC" + std::string(5000, 'y'));
  EXPECT_LT(message.size(), 200U);
  EXPECT_NE(message.find("x...\""), std::string::npos) << message;
}

TEST(Fields, Settings) {
  Sample sample;
  apply_setting(sample, "epochs=3");
  apply_setting(sample, "optimizer.learning_rate=1e-3");
  apply_setting(sample, "optimizer.rule=lamb");
  apply_setting(sample, "drops=[1, 2]");
  apply_setting(sample, "data.images=C: a=b [#1] *x");
  apply_setting(sample, "data.cache=there");
  EXPECT_EQ(sample.epochs, 3);
  EXPECT_EQ(sample.optimizer.learning_rate, 0.001);
  EXPECT_EQ(sample.optimizer.rule, Rule::lamb);
  EXPECT_EQ(sample.drops, (std::vector<int>{1, 2}));
  EXPECT_EQ(sample.data.images, "C: a=b [#1] *x");
  EXPECT_EQ(sample.data.cache, "there");
  apply_setting(sample, "data.cache=null");
  apply_setting(sample, "data.images=null");
  apply_setting(sample, "optimizer={clip: 4, rule: sgd}");
  EXPECT_EQ(sample.data.cache, std::nullopt);
  EXPECT_EQ(sample.data.images, "null");
  EXPECT_EQ(sample.optimizer.clip, 4);
  EXPECT_EQ(sample.optimizer.learning_rate, 0.001);
}

TEST(Fields, WrongSettings) {
  EXPECT_EQ(setting_refusal("epochs"), "\"epochs\" sets nothing; write key=value");
  EXPECT_EQ(setting_refusal("=3"), "\"=3\" sets nothing; write key=value");
  EXPECT_EQ(setting_refusal("optimiser.rule=sgd"), "--set: unknown key \"optimiser\"; did you mean \"optimizer\"?");
  EXPECT_EQ(setting_refusal("optimizer.rul=sgd"),
            "--set: unknown key \"optimizer.rul\"; did you mean \"optimizer.rule\"?");
  EXPECT_EQ(setting_refusal("rule=sgd"), "--set: unknown key \"rule\"; did you mean \"rules\"?");
  EXPECT_EQ(setting_refusal("clip=1"), "--set: unknown key \"clip\"; did you mean \"optimizer.clip\"?");
  EXPECT_EQ(setting_refusal("epochs=0"), "--set: epochs wants a whole number of at least 1, found \"0\"");
  EXPECT_EQ(setting_refusal("epochs="), "--set: epochs wants a whole number of at least 1, found nothing");
  EXPECT_EQ(setting_refusal("epochs.x=1"), "--set: epochs wants a whole number of at least 1, found a group of keys");
  EXPECT_EQ(setting_refusal("optimizer=sgd"), "--set: optimizer wants a group of keys, found \"sgd\"");
  EXPECT_EQ(setting_refusal("data.images=\xFF"), "--set: not UTF-8 text");
  for (const std::string_view setting : {"a..b=1", ".epochs=1", "epochs.=1", ".=1", "drops=[1", "drops=*x"}) {
    EXPECT_NE(setting_refusal(setting), "accepted") << setting;
  }
}

TEST(Fields, WritesPlainYaml) {
  EXPECT_EQ(to_yaml(Sample{}), R"(epochs: 350
seed: 1
mirror: true
drops: [320, 340]
rules: []
optimizer:
  rule: sgd
  learning_rate: 0.28
  momentum: 0.9
  clip: null
data:
  images: images
  cache: null
  mean: [0.485, 0.456, 0.406]
  classes: []
)");
  EXPECT_EQ(number_text(1e-5), "1.0e-05");  // YAML 1.1 takes 1e-05 for text
  EXPECT_EQ(number_text(0.1F), "0.1");
  EXPECT_THROW(number_text(std::nan("")), Error);
}

std::string random_text(Random& random) {
  std::string text;
  for (int64_t i = random.below(12); i > 0; --i) text.push_back(static_cast<char>(random.below(128)));
  return text;
}

double random_number(Random& random) {
  while (true) {
    const auto value = std::bit_cast<double>(random.next());
    if (std::isfinite(value)) return value;
  }
}

Sample random_sample(Random& random) {
  Sample s;
  s.epochs = static_cast<int>(1 + random.below(1'000'000));
  s.seed = random.next();
  s.mirror = random.chance(0.5);
  s.drops.resize(static_cast<size_t>(random.below(4)), 7);
  s.rules = {static_cast<Rule>(random.below(3))};
  s.optimizer.rule = static_cast<Rule>(random.below(3));
  s.optimizer.learning_rate = std::abs(random_number(random)) + 1e-300;
  s.optimizer.momentum = static_cast<float>(random.uniform());
  if (random.chance(0.5)) s.optimizer.clip = random.uniform() + 1e-9;
  s.data.images = random_text(random);
  if (random.chance(0.5)) s.data.cache = random_text(random);
  for (double& x : s.data.mean) x = random_number(random);
  for (int64_t i = random.below(4); i > 0; --i) s.data.classes.push_back(random_text(random));
  return s;
}

TEST(Fields, WhatIsWrittenReadsBackBitForBit) {
  Random random(5);
  for (int i = 0; i < 500; ++i) {
    const Sample sample = random_sample(random);
    Sample back;
    read_yaml(to_yaml(sample), "r.yaml", back);
    ASSERT_EQ(back, sample) << to_yaml(sample);
    ASSERT_EQ(hash_of(back), hash_of(sample));
  }
}

TEST(Fields, TheHashChangesWithEveryField) {
  const uint64_t plain = hash_of(Sample{});
  for (const std::string_view setting :
       {"epochs=351", "seed=2", "mirror=false", "drops=[320]", "rules=[sgd]", "optimizer.rule=lamb",
        "optimizer.learning_rate=0.28000000000000008", "optimizer.clip=1", "data.images=image", "data.cache=\"\"",
        "data.mean=[0.485, 0.456, 0.407]", "data.classes=[\"\"]"}) {
    Sample sample;
    apply_setting(sample, setting);
    EXPECT_NE(hash_of(sample), plain) << setting;
  }
}

TEST(Fields, DocumentsEveryKey) {
  EXPECT_EQ(document(Sample{}), R"(| key | type | default | meaning |
|---|---|---|---|
| `epochs` | a whole number of at least 1 | `350` | Passes over the training images |
| `seed` | a whole number | `1` | Where random numbers begin |
| `mirror` | true or false | `true` | Mirror half of the images |
| `drops` | a list, each a whole number of at least 1 | `[320, 340]` | Epochs at which the step size falls |
| `rules` | a list, each one of sgd, adamw, lamb | `[]` | Rules to compare |
| `optimizer` | group |  | How weights move |
| `optimizer.rule` | one of sgd, adamw, lamb | `sgd` | Update rule |
| `optimizer.learning_rate` | a number above 0 | `0.28` | Step size |
| `optimizer.momentum` | a number from 0 to 1 | `0.9` | Share of the last step kept |
| `optimizer.clip` | a number above 0, or null | `null` | Largest norm of the gradient |
| `data` | group |  | Where images come from |
| `data.images` | text | `images` | Folder of the images |
| `data.cache` | text, or null | `null` | Folder of decoded images |
| `data.mean` | a list of 3, each a number | `[0.485, 0.456, 0.406]` | Mean of a channel |
| `data.classes` | a list, each text | `[]` | Names \| in order |
)");
}

}  // namespace
}  // namespace spinenet
