// What is no whole model of this program is refused when it is opened, with a message that names the file.
#include <cmath>

#include <spinenet/detector.h>

#include "api/loaded_model.h"
#include "api/test_models.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/random.h"

namespace spinenet::api {
namespace {

class BrokenModel : public ModelTest {
 protected:
  // What opening a file of these bytes throws.
  std::string refusal_of(const std::string& bytes) const {
    const std::string path = (folder_ / "broken.safetensors").string();
    fixture::put_file(path, bytes);
    const std::string message = thrown_by([&] { Model model(path); });
    EXPECT_TRUE(message.empty() || message.starts_with(path)) << message;
    return message;
  }
};

TEST_F(BrokenModel, CutAtAnyLengthIsRefused) {
  const std::string whole = read_file(write(arch::Task::detect));
  ASSERT_EQ(refusal_of(whole), "");
  Random random(1);
  for (int i = 0; i < 60; ++i) {
    const size_t length = i < 20 ? static_cast<size_t>(i) : static_cast<size_t>(random.uniform() * (whole.size() - 1));
    EXPECT_NE(refusal_of(whole.substr(0, length)), "") << length << " bytes";
  }
  EXPECT_NE(refusal_of(whole + "x"), "");
}

TEST_F(BrokenModel, AnyFlippedBitIsFound) {
  const std::string whole = read_file(write(arch::Task::segment));
  Random random(2);
  for (int i = 0; i < 60; ++i) {
    std::string altered = whole;
    const size_t at = static_cast<size_t>(random.uniform() * static_cast<double>(i < 30 ? 2000 : whole.size()));
    altered[at] = static_cast<char>(altered[at] ^ (1 << (i % 8)));
    EXPECT_NE(refusal_of(altered), "") << "byte " << at;
  }
}

TEST_F(BrokenModel, ImagesLargerThanTheMachineAreRefused) {
  const std::string path = write(arch::Task::detect);
  EXPECT_EQ(thrown_by([&] { load(runtime::open_model(path), {}, 100'000'000); }), "");
  const std::string message = thrown_by([&] { load(runtime::open_model(path), {.image_size = 2048}, 100'000'000); });
  EXPECT_TRUE(message.starts_with(path + ": 1 image of 2048 x 2048 needs ")) << message;
  EXPECT_NE(message.find("there are 0.10 GB"), std::string::npos) << message;
}

TEST_F(BrokenModel, ForeignFilesAreRefused) {
  EXPECT_NE(refusal_of(""), "");
  EXPECT_NE(refusal_of("\x89PNG\r\n\x1a\n and more"), "");
  EXPECT_NE(refusal_of(std::string("PK\x03\x04") + std::string(200, 'x')), "");
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string length{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  EXPECT_NE(refusal_of(length + header + "\0\0\0\0").find("broken"), std::string::npos);
  EXPECT_NE(refusal_of(length + header + std::string(4, '\0')).find("not a model of spinenet"), std::string::npos);
}

TEST_F(BrokenModel, WeightsThatAreNotNumbersAreRefused) {
  for (const float bad : {NAN, INFINITY}) {
    formats::ModelFile model = narrow_model(arch::Task::classify);
    model.weights.begin()->second.data[0] = bad;
    const std::string path = (folder_ / "nan.safetensors").string();
    formats::write_model(fixture::output(path), model);
    const std::string message = thrown_by([&] { Model opened(path); });
    EXPECT_NE(message.find(model.weights.begin()->first), std::string::npos) << message;
  }
}

TEST_F(BrokenModel, WeightsOfAnotherNetworkAreRefused) {
  formats::ModelFile model = narrow_model(arch::Task::detect);
  model.task = "segment";
  const std::string path = (folder_ / "other.safetensors").string();
  formats::write_model(fixture::output(path), model);
  EXPECT_NE(thrown_by([&] { Model opened(path); }).find("do not fit the network"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::api
