// Drives a fuzzer without libFuzzer, for builds whose compiler has none: every input of the folders, then mutated ones
// for the given processor time. It knows nothing of branches: it finds what comes back, and what lies beside a known
// input.
//
//   fuzz_NAME [-max_total_time=SECONDS] [-artifact_prefix=PREFIX] [-dict=FILE] [-seed=N] FOLDER...
//
// An input that ends the process is left in PREFIX + "crash". The same seed makes the same inputs in the same order.
//
// Thread contract: one thread.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kLongest = 1 << 16;  // of a mutated input, in bytes
constexpr int kMostChanges = 6;

struct Arguments {
  double seconds = 4;
  std::string artifact_prefix;
  std::vector<Bytes> words;  // of the dictionary
  uint64_t seed = 1;
  std::vector<std::filesystem::path> folders;
};

// What a handler of signals can reach.
std::string crash_path;
const Bytes* now_tried = nullptr;

void keep_input() {
  if (now_tried == nullptr) return;
  const int file = ::open(crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  const bool whole = ::write(file, now_tried->data(), now_tried->size()) == static_cast<ssize_t>(now_tried->size());
  ::close(file);
  std::fprintf(stderr, "the input that ended it (%zu bytes%s) is in %s\n", now_tried->size(), whole ? "" : ", cut",
               crash_path.c_str());
}

void keep_and_end(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) refuse("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The word between the quotes of a line NAME="WORD", with \\, \" and \xHH; none of a comment or an empty line.
std::optional<Bytes> dictionary_word(std::string_view line, const std::string& path) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  const size_t begin = line.find('"'), end = line.rfind('"');
  if (begin == end) refuse(path + ": a line without a word in quotes: " + std::string(line));
  Bytes word;
  for (size_t i = begin + 1; i < end; ++i) {
    const bool is_escaped = line[i] == '\\';
    i += is_escaped ? 1 : 0;
    if (is_escaped && line[i] == 'x' && i + 2 < end) {
      uint8_t value = 0;
      std::from_chars(line.data() + i + 1, line.data() + i + 3, value, 16);
      word.push_back(value);
      i += 2;
    } else {
      word.push_back(static_cast<uint8_t>(line[i]));
    }
  }
  return word;
}

std::vector<Bytes> read_dictionary(const std::string& path) {
  std::ifstream in(path);
  if (!in) refuse("cannot read " + path);
  std::vector<Bytes> words;
  for (std::string line; std::getline(in, line);) {
    if (std::optional<Bytes> word = dictionary_word(line, path)) words.push_back(std::move(*word));
  }
  return words;
}

template <typename T>
T number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse("not a number: " + std::string(text));
  return value;
}

Arguments read_arguments(int count, char** values) {
  Arguments read;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = values[i];
    const size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals), value = equals == word.npos ? "" : word.substr(equals + 1);
    if (word.empty() || word.front() != '-') {
      read.folders.emplace_back(word);
    } else if (key == "-max_total_time") {
      read.seconds = number<double>(value);
    } else if (key == "-artifact_prefix") {
      read.artifact_prefix = value;
    } else if (key == "-dict") {
      read.words = read_dictionary(std::string(value));
    } else if (key == "-seed") {
      read.seed = number<uint64_t>(value);
    } else {
      refuse("unknown argument " + std::string(word));
    }
  }
  if (read.folders.empty()) refuse("no folder of inputs was given");
  return read;
}

// In the order of their names, so that the same seed makes the same inputs everywhere.
std::vector<Bytes> read_corpus(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const std::filesystem::path& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Bytes> corpus;
  for (const std::filesystem::path& path : paths) corpus.push_back(read_file(path));
  if (corpus.empty()) refuse("the folders have no input");
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, const Arguments& arguments)
      : corpus_(corpus), words_(arguments.words), random_(arguments.seed) {}

  Bytes next() {
    Bytes input = corpus_[below(corpus_.size())];
    if (input.size() > kLongest) input.resize(kLongest);
    for (size_t changes = 1 + below(kMostChanges); changes > 0; --changes) change(input);
    return input;
  }

 private:
  size_t below(size_t end) { return random_() % end; }

  void insert(Bytes& input, const uint8_t* begin, size_t size) {
    if (input.size() + size > kLongest) return;
    const size_t at = below(input.size() + 1);
    input.insert(input.begin() + static_cast<ptrdiff_t>(at), begin, begin + size);
  }

  void insert_piece_of_another(Bytes& input) {
    const Bytes& other = corpus_[below(corpus_.size())];
    if (other.empty()) return;
    const size_t at = below(other.size());
    insert(input, other.data() + at, 1 + below(std::min<size_t>(other.size() - at, 256)));
  }

  void set_number(Bytes& input) {
    static constexpr uint64_t kEdges[] = {0,      1,          0x7f,       0xff,         0x7fff,
                                          0xffff, 0x7fffffff, 0xffffffff, ~uint64_t{0}, ~uint64_t{0} >> 1};
    const size_t bytes = size_t{1} << below(4);
    if (input.size() < bytes) return;
    const uint64_t value = kEdges[below(std::size(kEdges))];
    const size_t at = below(input.size() - bytes + 1);
    for (size_t i = 0; i < bytes; ++i) input[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }

  void erase_piece(Bytes& input) {
    const size_t at = below(input.size());
    const size_t size = 1 + below(std::min<size_t>(input.size() - at, 256));
    input.erase(input.begin() + static_cast<ptrdiff_t>(at), input.begin() + static_cast<ptrdiff_t>(at + size));
  }

  void change(Bytes& input) {
    if (input.empty()) return insert_piece_of_another(input);
    switch (below(words_.empty() ? 7 : 9)) {
      case 0:
        input[below(input.size())] ^= static_cast<uint8_t>(1U << below(8));
        break;
      case 1:
        input[below(input.size())] = static_cast<uint8_t>(below(256));
        break;
      case 2:
        erase_piece(input);
        break;
      case 3:
        insert_piece_of_another(input);
        break;
      case 4:
        set_number(input);
        break;
      case 5:
        input.resize(below(input.size()));
        break;
      case 6: {
        const uint8_t digit = static_cast<uint8_t>("0123456789-.eE"[below(14)]);
        insert(input, &digit, 1);
        break;
      }
      default: {
        const Bytes& word = words_[below(words_.size())];
        insert(input, word.data(), word.size());
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  const std::vector<Bytes>& words_;
  std::mt19937_64 random_;
};

// A copy of exact size: a read behind its end is seen.
void try_input(const Bytes& input) {
  const Bytes exact(input.begin(), input.end());
  now_tried = &exact;
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  now_tried = nullptr;
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = read_arguments(count, values);
  crash_path = arguments.artifact_prefix + "crash";
  __sanitizer_set_death_callback(keep_input);
  std::signal(SIGABRT, keep_and_end);
  const std::vector<Bytes> corpus = read_corpus(arguments.folders);
  for (const Bytes& input : corpus) try_input(input);
  Mutator mutator(corpus, arguments);
  size_t mutated = 0;
  for (const std::clock_t begin = std::clock();
       static_cast<double>(std::clock() - begin) < arguments.seconds * CLOCKS_PER_SEC; ++mutated) {
    try_input(mutator.next());
  }
  std::printf("%zu inputs of the corpus and %zu mutated ones: nothing found\n", corpus.size(), mutated);
  return 0;
}
