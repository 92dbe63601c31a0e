#include "manual/completion.h"

#include <gtest/gtest.h>

#include "manual/example_fixture.h"

namespace spinenet::manual {
namespace {

void expect_in(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

// How bash reads it is tried in tests/cli/completion_test.cpp.
TEST(Completion, OfBash) {
  expect_in(completion(Shell::bash, fixture::example_program()),
            {":data')\n        command='data'\n", "'data:check')\n        command='data check'\n",
             "'data check:--level')\n      words='easy hard'\n",
             "'data check:-n' | 'data check:--count' | 'data check:--set')\n      return\n",
             "'data check:--out')\n      paths=-d\n", "'data check:--json')\n      paths=-f\n",
             "'data check:--as')\n      words='one two-b' paths=-f\n",
             "words='-h --help --level -n --count --set --out --json --as'\n",
             "'shell')\n            words='bash fish'\n", "complete -F _tool tool\n"});
}

TEST(Completion, OfZsh) {
  expect_in(completion(Shell::zsh, fixture::example_program()),
            {"#compdef tool\n", "'(-h --help)'{-h,--help}'[Print this]'",
             R"x('--level=[How hard\: \[easy\]]:LEVEL:(easy hard)')x", "'(-n --count)'{-n+,--count=}'[How many]:N: '",
             "'*--set=[Again and again]:KEY=VALUE: '", "'--out=[A folder]:DIR:_files -/'", "'1:MODEL:_files'",
             "'*:INPUT:_files'", "check) _tool_data_check ;;", R"('check:Look for it'\''s [known] faults')",
             R"x('--as=[A name or a file]:ARCH: _alternative "names\:name\:(one two-b)" "files\:file\:_files"')x"});
}

TEST(Completion, OfFish) {
  expect_in(completion(Shell::fish, fixture::example_program()),
            {"complete -c tool -f\n", "complete -c tool -n '__tool_at' -a data -d 'Data sets'\n",
             "complete -c tool -n '__tool_at data' -a check -d 'Look for it\\'s [known] faults'\n",
             "complete -c tool -n '__tool_at data check' -l level -r -f -a 'easy hard' -d 'How hard: [easy]'\n",
             "-s n -l count -r -f -d 'How many'\n", "-l out -r -f -a '(__fish_complete_directories)' -d",
             "-l json -r -F -d", "-l as -r -F -a 'one two-b' -d", "complete -c tool -n '__tool_at data check' -F\n",
             "complete -c tool -n '__tool_at shell' -f -a 'bash fish'\n"});
}

}  // namespace
}  // namespace spinenet::manual
