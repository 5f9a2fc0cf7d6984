// Names for reports, from the program's debugging information, and the counters.
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <map>

#include "tests/cudasim/device.h"

namespace cudasim {
namespace {

// Where the program is loaded: what its own file calls address 0.
uintptr_t load_address() {
  uintptr_t base = 0;
  const auto first = [](dl_phdr_info* info, size_t, void* result) {
    *static_cast<uintptr_t*>(result) = info->dlpi_addr;
    return 1;
  };
  dl_iterate_phdr(first, &base);
  return base;
}

// The function and the line of an address, as addr2line prints them.
std::array<std::string, 2> look_up(const void* code) {
  const std::string command = fmt::format("addr2line -C -f -e /proc/{}/exe {:#x} 2>/dev/null", getpid(),
                                          reinterpret_cast<uintptr_t>(code) - load_address());
  std::array<std::string, 2> lines = {fmt::format("{}", code), "?"};
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  char buffer[4096];
  for (std::string& line : lines) {
    if (std::fgets(buffer, sizeof buffer, pipe) == nullptr) break;
    line = buffer;
    while (!line.empty() && line.back() == '\n') line.pop_back();
  }
  pclose(pipe);
  return lines;
}

void remove_all(std::string& text, std::string_view part) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
}

// "void unmix::for_kernel<unmix::(anonymous namespace)::Fill>(long, ...)" becomes "for_kernel<Fill>".
std::string short_name(std::string name) {
  remove_all(name, "(anonymous namespace)::");
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
    if (name[i] == '(' && depth == 0) name.resize(i);
  }
  for (const char* part : {"void ", "launch_detail::", "unmix::"}) remove_all(name, part);
  return name;
}

std::map<const void*, Counters>& kernels() {
  static auto* all = new std::map<const void*, Counters>;
  return *all;
}

std::map<std::string, Counters>& libraries() {
  static auto* all = new std::map<std::string, Counters>;
  return *all;
}

}  // namespace

std::string function_name(const void* code) { return short_name(look_up(code)[0]); }

std::string source_line(const void* code) {
  std::string line = look_up(code)[1];
  line.resize(std::min(line.size(), line.find(" (discriminator")));
  const size_t file = line.rfind('/');
  if (file == std::string::npos || file == 0) return line;
  const size_t folder = line.rfind('/', file - 1);
  return folder == std::string::npos ? line : line.substr(folder + 1);
}

Counters& kernel_counters(const void* kernel) { return kernels()[kernel]; }

void count_library(const char* name, double flops, double bytes) {
  const Lock lock(device_lock());
  Counters& counters = libraries()[name];
  ++counters.calls;
  counters.flops += flops;
  counters.bytes += bytes;
}

void reset_counters() {
  finish();
  const Lock lock(device_lock());
  kernels().clear();
  libraries().clear();
  reset_synchronisations();
}

std::vector<Counters> counters() {
  finish();
  const Lock lock(device_lock());
  std::map<std::string, Counters> all = libraries();
  for (const auto& [kernel, counters] : kernels()) {
    Counters& sum = all[function_name(kernel)];  // of functors of one name in several files
    sum.calls += counters.calls;
    sum.bytes_asked += counters.bytes_asked;
    sum.sectors += counters.sectors;
    sum.bank_conflicts += counters.bank_conflicts;
  }
  std::vector<Counters> list;
  for (auto& [name, counters] : all) list.push_back(counters), list.back().name = name;
  return list;
}

}  // namespace cudasim
