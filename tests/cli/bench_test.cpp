// spinenet bench.
#include "base/files.h"
#include "cli/program.h"

namespace spinenet {
namespace {

class Bench : public ProgramTest {};

TEST_F(Bench, GivesOneDocumentWithEveryKey) {
  const Json json = run_json("bench spinenet-49s --size 128 --classes 3 --runs 2 --threads 1 --json --layers");
  EXPECT_EQ(json["architecture"], "spinenet-49s");
  EXPECT_EQ(json["image_size"], 128);
  EXPECT_EQ(json["threads"], 1);
  EXPECT_EQ(json["precision"], "fp32");
  EXPECT_GT(json["latency_ms"]["min"].get<double>(), 0);
  EXPECT_GE(json["latency_ms"]["median"].get<double>(), json["latency_ms"]["min"].get<double>());
  EXPECT_GT(json["gflops"].get<double>(), 0);
  EXPECT_GT(json["peak_gflops"].get<double>(), 0);
  EXPECT_GT(json["peak_memory_mb"].get<double>(), json["engine_memory_mb"].get<double>());
  int64_t multiply_adds = 0;
  for (const Json& layer : json["layers"]) multiply_adds += layer["multiply_adds"].get<int64_t>();
  EXPECT_GT(multiply_adds, 500'000'000);
}

TEST_F(Bench, ShowsATableAndWhatWasSkipped) {
  const std::string table = run("bench spinenet-49s --size 128 --runs 1 --threads 1 --layers --skip winograd").out;
  EXPECT_NE(table.find("128 x 128 pixels"), std::string::npos) << table;
  EXPECT_NE(table.find("gathered"), std::string::npos) << table;
  EXPECT_EQ(table.find("winograd"), std::string::npos) << table;
}

TEST_F(Bench, TimesClassifiersAtTheirOwnSize) {
  const Json json = run_json("bench resnet-50 --size 72 --classes 3 --runs 1 --threads 1 --json");
  EXPECT_EQ(json["input_size"], 72);
  EXPECT_GT(json["latency_ms"]["min"].get<double>(), 0);
}

TEST_F(Bench, RunsImagesTogether) {
  const Json json = run_json("bench resnet-50 --size 64 --classes 3 --batch 3 --runs 1 --threads 1 --json --layers");
  EXPECT_EQ(json["batch"], 3);
  EXPECT_EQ(json["images_per_second"], json["pictures_per_second"]) << "the latter is its name up to 0.2";
  EXPECT_NEAR(json["pictures_per_second"].get<double>() * json["latency_ms"]["median"].get<double>(), 3000, 10);
  const Json one = run_json("bench resnet-50 --size 64 --classes 3 --runs 1 --threads 1 --json --layers");
  EXPECT_EQ(json["layers"][0]["multiply_adds"].get<int64_t>(), 3 * one["layers"][0]["multiply_adds"].get<int64_t>());
}

TEST_F(Bench, TimesThePartsOfTwoStages) {
  const std::string command = "bench spinenet-49s --task segment --size 128 --classes 3 --runs 1 --threads 1";
  const Json json = run_json(command + " --batch 2 --json");
  EXPECT_EQ(json["task"], "segment");
  EXPECT_GT(json["rois"].get<double>(), 100);
  EXPECT_GT(json["objects"].get<double>(), 10);
  double sum = 0;
  for (const Json& part : json["parts_ms"]) sum += part.get<double>();
  EXPECT_EQ(json["parts_ms"].size(), 4U);
  EXPECT_NEAR(sum, json["latency_ms"]["median"].get<double>(), 0.1) << "one run: the parts are the whole";
  EXPECT_NE(run(command).out.find("box_head"), std::string::npos);
  EXPECT_EQ(run(command + " --layers").status, 2);
}

TEST_F(Bench, TimesBytesWithoutACalibrationAndSaysSo) {
  const auto result = run("bench spinenet-49s --size 128 --classes 3 --runs 1 --threads 1 --precision int8 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["precision"], "int8");
  EXPECT_NE(result.err.find("one random image"), std::string::npos) << result.err;
  const Json parts =
      run_json("bench spinenet-49s --task segment --size 128 --classes 3 --precision int8 --runs 1 --json");
  EXPECT_EQ(parts["precision"], "int8");
  EXPECT_EQ(parts["parts_ms"].size(), 4U);
}

TEST_F(Bench, KeepsWhatItMeasuredForTheNextRunUnderEitherSpelling) {
  const std::string command = "bench resnet-50 --size 32 --classes 3 --runs 1 --threads 1 --json";
  const Json first = run_json(command + " --autotune --autotune-cache found/c.json");
  EXPECT_EQ(first["autotune"], true);
  EXPECT_EQ(first["choose"], "measure") << "its name up to 0.2";
  const std::string kept = read_file(folder_ / "found" / "c.json");
  EXPECT_NE(kept.find("spinenet convolution choices"), std::string::npos) << kept;
  const auto old = run(command + " --choose measure --choices found/c.json");
  ASSERT_EQ(old.status, 0) << old.err;
  EXPECT_EQ(Json::parse(old.out)["autotune"], true);
  EXPECT_NE(old.err.find("--choose measure is called --autotune"), std::string::npos) << old.err;
  EXPECT_NE(old.err.find("--choices is called --autotune-cache"), std::string::npos) << old.err;
  EXPECT_EQ(read_file(folder_ / "found" / "c.json"), kept);
}

TEST_F(Bench, RefusesMixedSpellingsOfAutotune) {
  EXPECT_EQ(run("bench resnet-50 --size 32 --choices c.json").status, 2);
  const auto both = run("bench resnet-50 --size 32 --autotune --choose rule");
  EXPECT_EQ(both.status, 2);
  EXPECT_NE(both.err.find("--choose is the old name of --autotune; leave it out"), std::string::npos) << both.err;
}

TEST_F(Bench, RefusesWhatItCannotDo) {
  const auto choose = run("bench spinenet-49s --size 128 --choose fast");
  EXPECT_EQ(choose.status, 2);
  EXPECT_NE(choose.err.find("use rule or measure"), std::string::npos) << choose.err;
  const auto idle = run("bench spinenet-49s --size 128 --autotune-cache c.json");
  EXPECT_EQ(idle.status, 2);
  EXPECT_NE(idle.err.find("add --autotune"), std::string::npos) << idle.err;
  EXPECT_NE(run("bench spinenet-50").err.find("spinenet-"), std::string::npos);
  const auto precision = run("bench spinenet-49s --precision int7");
  EXPECT_EQ(precision.status, 2);
  EXPECT_NE(precision.err.find("did you mean \"int8\"?"), std::string::npos) << precision.err;
  const auto both = run("bench spinenet-49s --size 128 --precision int8 --skip fuse_residual");
  EXPECT_EQ(both.status, 2);
  EXPECT_NE(both.err.find("int8 with --skip"), std::string::npos) << both.err;
  const auto pass = run("bench spinenet-49s --size 128 --skip winograds");
  EXPECT_EQ(pass.status, 2);
  EXPECT_NE(pass.err.find("did you mean \"winograd\"?"), std::string::npos) << pass.err;
}

}  // namespace
}  // namespace spinenet
