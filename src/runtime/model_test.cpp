#include "runtime/model.h"

#include <gtest/gtest.h>

#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "formats/safetensors.h"

namespace spinenet::runtime {
namespace {

TEST(Model, IsKnownByItsEndingOrByHowItBegins) {
  const fixture::ScratchFolder folder;
  formats::write_safetensors(fixture::output(folder / "a.bin"), {{{"w", make_tensor({2}, 1)}}, {}});
  // The ninth byte of this one is the same.
  fixture::put_file(folder / "a.json", R"({"head":{"convs":1}})");
  fixture::put_file(folder / "short", "{");
  const auto is_model = [&](const char* name) { return is_model_path((folder / name).string()); };
  EXPECT_TRUE(is_model("a.bin"));
  EXPECT_TRUE(is_model("missing.safetensors"));
  for (const char* other : {"a.json", "short", "missing"}) EXPECT_FALSE(is_model(other)) << other;
  EXPECT_FALSE(is_model_path("spinenet-49"));
}

}  // namespace
}  // namespace spinenet::runtime
