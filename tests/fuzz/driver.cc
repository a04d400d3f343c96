// Runs one fuzz target where libFuzzer is not at hand: every file of its corpus as it stands, then
// mutants of them, made from a seed, until --runs or --seconds is reached.  The same seed and
// corpus make the same mutants in the same order.  With clang, -DNINES_LIBFUZZER=ON builds the
// targets with libFuzzer in its place.
//
// The input at work is kept in a file, so that it is there after a crash.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/prng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace nines::fuzz {
namespace {

constexpr size_t kInputMax = 4096;

// A file in memory that outlives the process.
class LastInput {
 public:
  explicit LastInput(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, kInputMax) != 0) return;
    void* at = mmap(nullptr, kInputMax, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) bytes_ = static_cast<char*>(at);
  }
  bool ok() const { return bytes_ != nullptr; }
  void Keep(const std::string& input) {
    std::memset(bytes_, 0, kInputMax);
    std::memcpy(bytes_, input.data(), std::min(input.size(), kInputMax));
  }

 private:
  char* bytes_ = nullptr;
};

class Mutator {
 public:
  Mutator(uint64_t seed, const std::vector<std::string>* corpus) : prng_(seed), corpus_(corpus) {}

  std::string Next() {
    std::string input = Any();
    for (uint64_t n = 1 + prng_.Below(4); n > 0; --n) Mutate(&input);
    if (input.size() > kInputMax) input.resize(kInputMax);
    return input;
  }

 private:
  const std::string& Any() { return (*corpus_)[prng_.Below(corpus_->size())]; }
  size_t Place(const std::string& input) { return prng_.Below(input.size() + 1); }
  char Byte() {
    // Ends of varints, signs, quotes and the like are met more often than by chance.
    constexpr char kTelling[] = "\x00\x01\x7f\x80\xff\"'\\{}[]:,=\n -#0";
    if (prng_.Chance(50)) return static_cast<char>(prng_.Below(256));
    return kTelling[prng_.Below(sizeof kTelling - 1)];
  }

  void Mutate(std::string* input) {
    const size_t at = Place(*input);
    const size_t length = std::min<size_t>(input->size() - at, 1 + prng_.Below(16));
    switch (prng_.Below(7)) {
      case 0:
        if (at < input->size()) {
          (*input)[at] = static_cast<char>((*input)[at] ^ (1 << prng_.Below(8)));
        }
        break;
      case 1:
        if (at < input->size()) (*input)[at] = Byte();
        break;
      case 2:
        input->erase(at, length);
        break;
      case 3:
        input->insert(at, input->substr(Place(*input), 1 + prng_.Below(32)));
        break;
      case 4:
        input->insert(at, 1 + prng_.Below(4), Byte());
        break;
      case 5:
        input->resize(at);
        break;
      default: {
        const std::string& other = Any();
        *input = input->substr(0, at) + other.substr(Place(other));
      }
    }
  }

  Prng prng_;
  const std::vector<std::string>* corpus_;
};

std::vector<std::string> ReadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

int Run(const std::string& folder, uint64_t runs, double seconds, uint64_t seed,
        const std::string& last) {
  const std::vector<std::string> corpus = ReadCorpus(folder);
  LastInput last_input(last);
  if (corpus.empty() || !last_input.ok()) {
    std::fprintf(stderr, "no corpus in %s, or %s cannot be written\n", folder.c_str(),
                 last.c_str());
    return 1;
  }
  std::printf("seed %llu; the input at work is kept in %s\n", static_cast<unsigned long long>(seed),
              last.c_str());
  std::fflush(stdout);
  const auto run = [&](const std::string& input) {
    last_input.Keep(input);
    // A block of its own, so that a read beyond its end is seen.
    const std::vector<uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  };
  for (const std::string& input : corpus) run(input);
  Mutator mutator(seed, &corpus);
  const auto end =
      SystemClock().Monotonic() + std::chrono::nanoseconds{static_cast<int64_t>(seconds * 1e9)};
  uint64_t done = 0;
  for (; done < runs && SystemClock().Monotonic() < end; ++done) run(mutator.Next());
  std::printf("%zu files and %llu mutants\n", corpus.size(), static_cast<unsigned long long>(done));
  std::filesystem::remove(last);
  return 0;
}

}  // namespace
}  // namespace nines::fuzz

int main(int argc, char** argv) {
  std::string folder;
  std::string last = "last-input";
  uint64_t runs = UINT64_MAX;
  uint64_t seed = 1;
  double seconds = 60;
  CLI::App app("Runs a fuzz target on its corpus and on mutants of it.");
  app.add_option("corpus", folder, "A folder of inputs")->required();
  app.add_option("--runs", runs, "Mutants at most");
  app.add_option("--seconds", seconds, "Seconds at most");
  app.add_option("--seed", seed);
  app.add_option("--last", last, "Where the input at work is kept");
  CLI11_PARSE(app, argc, argv);
  return nines::fuzz::Run(folder, runs, seconds, seed, last);
}
