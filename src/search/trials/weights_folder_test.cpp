#include "search/trials/weights_folder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;

TEST(WeightsName, IsOfAChecksumAndNeverAnotherPath) {
  EXPECT_TRUE(is_weights_name("0123456789abcdef.safetensors"));
  for (const char* other : {"", ".safetensors", "0123456789abcde.safetensors", "0123456789abcdef0.safetensors",
                            "0123456789ABCDEF.safetensors", "0123456789abcdef.safetensor", "0123456789abcdef",
                            "../../../../etc.safetensors", "/123456789abcdef.safetensors",
                            "0123456789abcde/.safetensors", "0123456789abcdef.safetensors/"}) {
    EXPECT_FALSE(is_weights_name(other)) << other;
  }
}

class WeightsFolder : public testing::Test {
 protected:
  spinenet::fixture::ScratchFolder scratch_;
  OwnedFolder folder_{scratch_ / "weights", kWeightsFolder};
};

TEST_F(WeightsFolder, GivesBackWhatWasKept) {
  const std::string name = keep_weights(folder_, "some weights"), other = keep_weights(folder_, "other weights");
  EXPECT_TRUE(is_weights_name(name));
  EXPECT_NE(name, other);
  EXPECT_EQ(keep_weights(folder_, "some weights"), name) << "an attempt that was repeated";
  EXPECT_EQ(read_weights(folder_, name).bytes, "some weights");
  EXPECT_EQ(read_weights(folder_, other).bytes, "other weights");
}

TEST_F(WeightsFolder, NamesWhatIsMissing) {
  const std::string name = keep_weights(folder_, "some weights");
  fs::remove(folder_.path() / name);
  const KeptWeights missing = read_weights(folder_, name);
  EXPECT_FALSE(missing.bytes);
  EXPECT_NE(missing.fault.find(name), std::string::npos) << missing.fault;
}

TEST_F(WeightsFolder, RefusesDamageByTheChecksum) {
  const std::string whole = "some weights that one bit changes", name = keep_weights(folder_, whole);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    spinenet::fixture::put_file(folder_.path() / name, damaged);
    const KeptWeights kept = read_weights(folder_, name);
    EXPECT_FALSE(kept.bytes) << i;
    EXPECT_NE(kept.fault.find("damaged"), std::string::npos) << kept.fault;
  }
  spinenet::fixture::put_file(folder_.path() / name, whole.substr(0, whole.size() - 1));
  EXPECT_FALSE(read_weights(folder_, name).bytes) << "cut";
  EXPECT_EQ(keep_weights(folder_, whole), name);
  EXPECT_EQ(read_weights(folder_, name).bytes, whole) << "written anew";
}

TEST_F(WeightsFolder, ReadsNothingOutsideOfIt) {
  spinenet::fixture::put_file(scratch_ / "secret.safetensors", "secret");
  const KeptWeights kept = read_weights(folder_, "../secret.safetensors");
  EXPECT_FALSE(kept.bytes);
  EXPECT_NE(kept.fault.find("names no weights"), std::string::npos) << kept.fault;
}

}  // namespace
}  // namespace spinenet::search
