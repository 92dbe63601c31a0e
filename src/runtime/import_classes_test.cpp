#include "runtime/import_classes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::runtime {
namespace {

class ImportClasses : public testing::Test {
 protected:
  std::string names_in(std::string_view text) const {
    const std::filesystem::path file = folder_ / "classes.txt";
    spinenet::fixture::put_file(file, text);
    std::string names;
    try {
      for (const formats::ModelClass& each : named_or_counted_classes(file.string(), "--classes"))
        names += each.name + ";";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_NE(std::string(error.what()).find("classes.txt"), std::string::npos) << error.what();
      return error.what();
    }
    return names;
  }

 private:
  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(ImportClasses, EveryKindOfLineEndEndsALine) {
  for (const char* text : {"cat\ndog\n", "cat\r\ndog\r\n", "cat\rdog\r", "cat\ndog",
                           "\xEF\xBB\xBF"
                           "cat\rdog"}) {
    EXPECT_EQ(names_in(text), "cat;dog;");
  }
}

TEST_F(ImportClasses, ALineThatIsNoNameIsNamed) {
  EXPECT_NE(names_in("cat\n\ndog\n").find("line 2 is empty"), std::string::npos);
  EXPECT_NE(names_in("cat\r\rdog\r").find("line 2 is empty"), std::string::npos);
  EXPECT_NE(names_in("cat\nd\xF6g\n").find("line 2 is not valid UTF-8"), std::string::npos);
  EXPECT_NE(names_in("").find("names no class"), std::string::npos);
}

TEST_F(ImportClasses, ANumberCountsThem) {
  EXPECT_EQ(named_or_counted_classes("3", "--classes").size(), 3U);
  EXPECT_THROW(named_or_counted_classes("0", "--classes"), Error);
}

}  // namespace
}  // namespace spinenet::runtime
