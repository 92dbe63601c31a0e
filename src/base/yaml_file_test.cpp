#include "base/yaml_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "base/yaml.h"

namespace spinenet {
namespace {

TEST(YamlFile, WhatIsTooLongIsRefusedByNameAndNotRead) {
  const fixture::ScratchFolder folder;
  const std::filesystem::path path = folder / "recipe.yaml";
  const std::string longest = "a: 1\n" + std::string(kMostYamlBytes - 5, ' ');
  fixture::put_file(path, longest);
  EXPECT_EQ(parse_yaml(read_yaml_file(path), "recipe.yaml").keys.size(), 1U) << "as much as parse_yaml takes";
  for (const uintmax_t size : {uintmax_t{kMostYamlBytes} + 1, uintmax_t{1} << 36}) {
    std::filesystem::resize_file(path, size);
    std::string message = "accepted";
    try {
      read_yaml_file(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      message = error.what();
    }
    EXPECT_NE(message.find("recipe.yaml: holds more than 1048576 bytes"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace spinenet
