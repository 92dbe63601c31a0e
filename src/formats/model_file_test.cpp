#include "formats/model_file.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "formats/safetensors.h"

namespace spinenet::formats {
namespace {

class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest() : path_(std::filesystem::temp_directory_path() / fmt::format("spinenet_model_{}", ::getpid())) {}
  ~ModelFileTest() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  // Writes the model with its metadata changed, and gives the error that reading it makes.
  std::string refusal(const std::function<void(TensorFile&)>& change, ErrorKind kind = ErrorKind::bad_data);

  std::filesystem::path path_;
};

ModelFile small_model() {
  ModelFile model;
  model.architecture = {{"family", "spinenet"}, {"depth", "49"}, {"blocks", {{1, 2}, {3, 4}}}};
  model.task = "detect";
  model.classes = {{90, "tooth brush"}, {-3, "ä \"quoted\" name"}, {INT64_MAX, ""}};
  model.image_size = 640;
  model.mean = {0.1F, 0.2F, 0.3F};
  model.std = {0.229F, 1.0F / 3, 1e-3F};
  model.weights["w"] = {{2}, {1, 2}};
  model.extra = {{"activation", "swish"}, {"step", "1200"}};
  return model;
}

std::string ModelFileTest::refusal(const std::function<void(TensorFile&)>& change, ErrorKind kind) {
  write_model(fixture::output(path_), small_model());
  TensorFile file = read_safetensors(path_);
  change(file);
  write_safetensors(fixture::output(path_), file);
  try {
    read_model(path_);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
    return error.what();
  }
  return "";
}

TEST_F(ModelFileTest, WhatWasWrittenIsReadBack) {
  const ModelFile model = small_model();
  write_model(fixture::output(path_), model);
  const ModelFile back = read_model(path_);
  EXPECT_EQ(back.architecture, model.architecture);
  EXPECT_EQ(back.architecture.dump(), model.architecture.dump());
  EXPECT_EQ(back.task, model.task);
  EXPECT_EQ(back.classes, model.classes);
  EXPECT_EQ(back.image_size, model.image_size);
  EXPECT_EQ(back.mean, model.mean);
  EXPECT_EQ(back.std, model.std);
  EXPECT_EQ(back.extra, model.extra);
  EXPECT_EQ(back.weights.at("w").data, model.weights.at("w").data);
}

TEST_F(ModelFileTest, SameModelGivesSameBytes) {
  write_model(fixture::output(path_), small_model());
  const std::string first = read_file(path_);
  write_model(fixture::output(path_), read_model(path_));
  EXPECT_EQ(read_file(path_), first);
}

TEST_F(ModelFileTest, PlainWeightsAreNotAModel) {
  const std::string message = refusal([](TensorFile& file) { file.metadata = {{"format", "pt"}}; });
  EXPECT_NE(message.find("not a model"), std::string::npos) << message;
  EXPECT_NE(message.find("spinenet train"), std::string::npos) << message;
}

TEST_F(ModelFileTest, NewerVersionIsRefusedWithBothVersions) {
  const std::string message =
      refusal([](TensorFile& file) { file.metadata["format_version"] = "27"; }, ErrorKind::unsupported);
  EXPECT_NE(message.find("format 27"), std::string::npos) << message;
  EXPECT_NE(message.find(fmt::format("up to {}", kModelFormatVersion)), std::string::npos) << message;
}

TEST_F(ModelFileTest, EachMissingEntryIsNamed) {
  for (const std::string key : {"format_version", "architecture", "task", "classes", "image_size", "mean", "std"}) {
    const std::string message = refusal([&](TensorFile& file) { file.metadata.erase(key); });
    EXPECT_NE(message.find(fmt::format("\"{}\"", key)), std::string::npos) << message;
  }
}

TEST_F(ModelFileTest, EachWrongEntryIsNamed) {
  const std::pair<std::string, std::string> wrong[] = {
      {"format_version", "one"},
      {"format_version", "0"},
      {"architecture", "[]"},
      {"architecture", "{"},
      {"task", "detekt"},
      {"classes", "[]"},
      {"classes", "{}"},
      {"classes", "[1]"},
      {"classes", R"([{"id":"1","name":"a"}])"},
      {"classes", R"([{"id":1.5,"name":"a"}])"},
      {"classes", R"([{"id":9223372036854775808,"name":"a"}])"},
      {"classes", R"([{"id":1,"name":2}])"},
      {"classes", R"([{"id":1}])"},
      {"classes", R"([{"id":1,"name":"a"},{"id":1,"name":"b"}])"},
      {"image_size", "0"},
      {"image_size", "-640"},
      {"image_size", "640 "},
      {"image_size", "99999999999"},
      {"mean", "[1,2]"},
      {"mean", "[1,2,\"3\"]"},
      {"mean", "[1,2,1e300]"},
      {"std", "[1,0,1]"},
      {"std", "[1,-1,1]"},
      {"std", "null"},
  };
  for (const auto& [key, value] : wrong) {
    const std::string message = refusal([&, &k = key, &v = value](TensorFile& file) { file.metadata[k] = v; });
    const std::string expected = key == "format_version" && value == "0" ? "model format 0" : key;
    EXPECT_NE(message.find(expected), std::string::npos) << key << " = " << value << ": " << message;
  }
}

TEST_F(ModelFileTest, NonFiniteWeightsAreRefusedUnlessAllowed) {
  ModelFile model = small_model();
  model.weights["z"] = {{1}, {NAN}};
  write_model(fixture::output(path_), model);
  EXPECT_THROW(read_model(path_), Error);
  EXPECT_TRUE(std::isnan(read_model(path_, {.allow_nonfinite = true}).weights.at("z").data[0]));
}

TEST_F(ModelFileTest, WriterHoldsTheInvariant) {
  const std::function<void(ModelFile&)> breaks[] = {
      [](ModelFile& model) { model.architecture = "text"; },
      [](ModelFile& model) { model.task = std::string("count"); },
      [](ModelFile& model) { model.classes.clear(); },
      [](ModelFile& model) { model.classes[1].id = 90; },
      [](ModelFile& model) { model.classes[1].name = std::string("\xff"); },
      [](ModelFile& model) { model.image_size = 0; },
      [](ModelFile& model) { model.mean[2] = INFINITY; },
      [](ModelFile& model) { model.std[0] = 0; },
      [](ModelFile& model) { model.extra["task"] = "mine"; },
  };
  for (const auto& break_it : breaks) {
    ModelFile model = small_model();
    break_it(model);
    EXPECT_THROW(write_model(fixture::output(path_), model), Error);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

}  // namespace
}  // namespace spinenet::formats
