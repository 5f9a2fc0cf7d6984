#include "tests/cudasim/traffic.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "tests/cudasim/device.h"

namespace cudasim {
namespace {

constexpr uintptr_t kBankBytes = 4, kBanks = 32;

struct Group {
  bool shared;
  std::vector<uintptr_t> units;  // sectors, or words of shared memory; distinct
};

using Key = std::tuple<const void*, unsigned, unsigned>;  // instruction, warp, how often before
std::map<Key, Group> groups;
std::map<std::pair<const void*, unsigned>, unsigned> visits;  // by instruction and thread
uint64_t bytes_asked = 0;

// Passes that the words take beyond those that any words of their number would.
uint64_t conflicts(const std::vector<uintptr_t>& words) {
  std::array<uint64_t, kBanks> in_bank{};
  for (const uintptr_t word : words) ++in_bank[word % kBanks];
  return *std::max_element(in_bank.begin(), in_bank.end()) - (words.size() + kBanks - 1) / kBanks;
}

}  // namespace

void add_traffic(const Access& access, bool shared) {
  const unsigned visit = visits[{access.code, place.thread}]++;
  Group& group = groups[{access.code, place.thread / 32, visit}];
  group.shared = shared;
  if (!shared) bytes_asked += access.size;
  const uintptr_t unit = shared ? kBankBytes : kSector, begin = reinterpret_cast<uintptr_t>(access.address);
  for (uintptr_t i = begin / unit; i <= (begin + access.size - 1) / unit; ++i)
    if (std::find(group.units.rbegin(), group.units.rend(), i) == group.units.rend()) group.units.push_back(i);
}

void clear_traffic() {
  groups.clear();
  visits.clear();
  bytes_asked = 0;
}

void count_traffic() {
  Counters& counters = kernel_counters(running_launch()->kernel);
  counters.bytes_asked += bytes_asked;
  for (const auto& [key, group] : groups)
    (group.shared ? counters.bank_conflicts : counters.sectors) +=
        group.shared ? conflicts(group.units) : group.units.size();
}

}  // namespace cudasim
