// Names for reports, from the program's debugging information, and the counters.
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <map>
#include <tuple>

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

struct Tables {
  std::map<const void*, Counters> kernels;
  std::map<std::string, Counters> calls;  // of libraries, copies and fills
  HostCalls host;
};

Tables& tables() {
  static auto* all = new Tables;
  return *all;
}

// The source files of the program's local functions, by address: their symbols follow that of their file. A kernel of a
// functor without linkage is such a function, and its own source line would name the header of the loop.
const std::map<uintptr_t, std::string>& files_of_functions() {
  static const std::map<uintptr_t, std::string> files = [] {
    std::map<uintptr_t, std::string> found;
    FILE* pipe = popen(fmt::format("readelf -sW /proc/{}/exe 2>/dev/null", getpid()).c_str(), "r");
    if (pipe == nullptr) return found;
    char line[4096], type[16], binding[16], name[256];
    unsigned long long address = 0;
    std::string file;
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
      if (std::sscanf(line, " %*d: %llx %*s %15s %15s %*s %*s %255s", &address, type, binding, name) != 4) continue;
      if (std::string_view(type) == "FILE") file = name;
      if (std::string_view(type) == "FUNC" && std::string_view(binding) == "LOCAL") found[address] = file;
    }
    pclose(pipe);
    return found;
  }();
  return files;
}

std::string file_of(const void* code) {
  const auto& files = files_of_functions();
  const auto found = files.find(reinterpret_cast<uintptr_t>(code) - load_address());
  return found == files.end() ? "" : found->second;
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

Counters& kernel_counters(const void* kernel) { return tables().kernels[kernel]; }

HostCalls& counted_host_calls() { return tables().host; }

void count_library(const char* name, const Cost& cost) {
  const Lock lock(device_lock());
  tables().calls[name].add({.calls = 1, .launches = cost.launches, .flops = cost.flops, .bytes = cost.bytes});
}

void count_copy(const char* name, double bytes) { count_library(name, {.bytes = bytes}); }

void count_hidden_synchronisation() {
  const Lock lock(device_lock());
  ++tables().host.hidden_synchronisations;
}

HostCalls host_calls() {
  const Lock lock(device_lock());
  return tables().host;
}

void reset_counters() {
  finish();
  const Lock lock(device_lock());
  tables() = {};
}

std::vector<Counters> counters() {
  finish();
  const Lock lock(device_lock());
  std::map<std::pair<std::string, std::string>, Counters> all;
  for (const auto& [name, counters] : tables().calls) all[{name, ""}] = counters;
  for (const auto& [kernel, counters] : tables().kernels) all[{function_name(kernel), file_of(kernel)}].add(counters);
  std::vector<Counters> list;
  for (auto& [name, counters] : all) {
    list.push_back(counters);
    std::tie(list.back().name, list.back().file) = name;
  }
  return list;
}

}  // namespace cudasim
