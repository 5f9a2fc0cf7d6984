// unmix_bench: measures what each device that the selected benchmarks use reaches at a copy and at a product, then runs
// them. The rates stand in the context of the output, so that `unmix_roofline` finds them in its JSON.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <sstream>

#include "base/error.h"
#include "bench/rates.h"

namespace unmix::bench {
namespace {

// The names of the benchmarks that the arguments select, a line each.
std::string selected(std::vector<char*> arguments) {
  static char list[] = "--benchmark_list_tests=true";
  arguments.push_back(list);
  auto count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  std::ostringstream names;
  benchmark::ConsoleReporter reporter;
  reporter.SetOutputStream(&names);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return names.str();
}

// The library's own output behind a measurement of the devices.
class Reporter : public benchmark::BenchmarkReporter {
 public:
  explicit Reporter(std::string names) : names_(std::move(names)) {}

  // Called when benchmarks are about to run: not for a list of them.
  bool ReportContext(const Context& context) override {
    for (const Device device : {Device::cpu, Device::cuda}) {
      const std::string_view word = name(device);
      if (names_.find(fmt::format("/{}/", word)) == std::string::npos) continue;
      const auto add = [&](const char* key, const std::string& value) {
        benchmark::AddCustomContext(fmt::format("{} {}", word, key), value);
      };
      add("device",
          device == Device::cpu ? fmt::format("CPU, {} threads", omp_get_max_threads()) : device_description(device));
      add("copy rate, bytes/s", fmt::format("{:.4g}", rates(device).copy));
      add("product rate in fp32, FLOP/s", fmt::format("{:.4g}", rates(device).product));
    }
    return display_->ReportContext(context);
  }

  // Names of counters say "per second" where they are: without their flag it is not written twice.
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> plain = runs;
    for (Run& run : plain)
      for (auto& [name, counter] : run.counters) counter.flags = benchmark::Counter::kDefaults;
    display_->ReportRuns(plain);
  }

  void Finalize() override { display_->Finalize(); }

 private:
  std::string names_;
  benchmark::BenchmarkReporter* display_ = benchmark::CreateDefaultDisplayReporter();  // the library keeps it
};

}  // namespace
}  // namespace unmix::bench

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const std::string names = unmix::bench::selected(arguments);
  if (names.empty()) return 1;  // the library has said why
  static char run[] = "--benchmark_list_tests=false";
  arguments.insert(arguments.begin() + 1, run);  // the last one counts: the caller's, where there is one
  argc = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&argc, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(argc, arguments.data())) return 1;
  unmix::bench::Reporter reporter(names);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return 0;
}
