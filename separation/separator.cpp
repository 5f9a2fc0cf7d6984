#include "separation/separator.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "separation/expectation_maximization.h"
#include "separation/separation_run.h"

namespace unmix {
namespace {

// Of the models, chosen or not.
std::vector<std::string> all_sources(const ModelSet& models) {
  std::vector<std::string> sources;
  for (const LoadedModel& model : models.models)
    sources.insert(sources.end(), model.sources.begin(), model.sources.end());
  return sources;
}

}  // namespace

Separator::Separator(ModelSet models, Device device, SeparatorOptions options)
    : models_(std::move(models)), device_(device), options_(std::move(options)) {
  check(!models_.models.empty(), "separate", "no model was given");
  for (const LoadedModel& model : models_.models) model.network->train(false);
  check_options();
  estimates_ = plain_estimates();
  if (!options_.aggregate.empty()) estimates_ = aggregated(estimates_);
}

void Separator::check_options() const {
  const size_t heads = all_sources(models_).size();
  if (options_.softmask && heads < 2)
    throw ArgumentError("softmask: sharing the mixture needs the models of two sources or more");
  if (!options_.residual.empty() && !can_name_file(options_.residual))
    throw ArgumentError(fmt::format("residual {}: give a file's name, without /", options_.residual));
  for (const auto& sum : options_.aggregate)
    if (!can_name_file(sum.first))
      throw ArgumentError(fmt::format("aggregate: '{}' cannot be a file's name: leave out /", sum.first));
  if (contains(models_.sources(), options_.residual))
    throw ArgumentError(fmt::format("residual {}: a target has that name already", options_.residual));
  if (options_.iterations < 0) throw ArgumentError(fmt::format("niter {}: give 0 or more", options_.iterations));
  if (options_.iterations > 0 && heads < 2 && options_.residual.empty())
    throw ArgumentError("niter: the Wiener filter needs two sources or more; add a residual, or give niter 0");
  if (options_.iterations > 0 && models_.config.channels > 2)
    throw ArgumentError(fmt::format(
        "niter: the Wiener filter takes one or two channels, the model has {}; give niter 0", models_.config.channels));
  if (options_.iterations > 0 && heads + (options_.residual.empty() ? 0 : 1) > static_cast<size_t>(kMostRefined))
    throw ArgumentError(fmt::format(
        "niter: the Wiener filter takes {} sources at most, the residual included; give niter 0", kMostRefined));
  if (options_.window < 1) throw ArgumentError(fmt::format("wiener-win-len {}: give 1 frame or more", options_.window));
  const double hop = static_cast<double>(models_.config.hop) / models_.config.sample_rate;
  if (options_.segment != 0.0 && !(options_.segment >= 8 * hop && std::isfinite(options_.segment)))
    throw ArgumentError(fmt::format("segment {}: give {:.2f} seconds or more, 8 frames", options_.segment, 8 * hop));
  if (options_.live && !reads_once())
    throw ArgumentError("live: the model is bidirectional and needs the end of the track; train a unidirectional one");
}

bool Separator::reads_once() const {
  return std::all_of(models_.models.begin(), models_.models.end(),
                     [](const LoadedModel& model) { return model.network->config().unidirectional; });
}

double Separator::latency() const {
  const int64_t later = options_.iterations > 0 ? options_.window - 1 : 0;  // frames for which the first one waits
  return static_cast<double>(models_.config.n_fft + later * models_.config.hop) / models_.config.sample_rate;
}

std::vector<std::string> Separator::sources() const {
  std::vector<std::string> names;
  for (const Estimate& estimate : estimates_) names.push_back(estimate.name);
  return names;
}

// The sources asked for, and the residual: what the filter makes of the rest of the mixture's spectrum, and of sources
// that were not asked for; without iterations the mixture as it was read less the others, which is the same but for
// what resampling takes from the mixture.
std::vector<Separator::Estimate> Separator::plain_estimates() const {
  const std::vector<std::string> all = all_sources(models_), chosen = models_.sources();
  const size_t filtered = all.size() + (filters_residual() ? 1 : 0);
  std::vector<Estimate> plain;
  for (const std::string& name : chosen) {
    plain.push_back({name, std::vector<float>(filtered, 0.0f)});
    plain.back().weights[static_cast<size_t>(std::find(all.begin(), all.end(), name) - all.begin())] = 1.0f;
  }
  if (options_.residual.empty()) return plain;
  Estimate residual{options_.residual, std::vector<float>(filtered, 0.0f)};
  for (size_t k = 0; k < filtered; ++k) {
    const bool given = k < all.size() && contains(chosen, all[k]);
    residual.weights[k] = filters_residual() ? (given ? 0.0f : 1.0f) : (given ? -1.0f : 0.0f);
  }
  residual.mixture = filters_residual() ? 0.0f : 1.0f;
  plain.push_back(residual);
  return plain;
}

std::vector<Separator::Estimate> Separator::aggregated(const std::vector<Estimate>& plain) const {
  std::vector<std::string> names;
  for (const Estimate& estimate : plain) names.push_back(estimate.name);
  std::vector<Estimate> sums;
  for (const auto& [name, members] : options_.aggregate) {
    Estimate sum{name, std::vector<float>(plain[0].weights.size(), 0.0f)};
    for (const std::string& member : members) {
      // Open-Unmix calls the residual so, whatever its name.
      const bool usual = member == "residual" && !options_.residual.empty() && !contains(names, member);
      const auto found = std::find(names.begin(), names.end(), usual ? options_.residual : member);
      if (found == names.end())
        throw ArgumentError(fmt::format("aggregate: '{}' has the member '{}', which is none of: {}", name, member,
                                        fmt::join(names, ", ")));
      const Estimate& part = plain[static_cast<size_t>(found - names.begin())];
      for (size_t k = 0; k < sum.weights.size(); ++k) sum.weights[k] += part.weights[k];
      sum.mixture += part.mixture;
    }
    sums.push_back(std::move(sum));
  }
  return sums;
}

Separation Separator::operator()(const Audio& mixture) const {
  check(mixture.sample_rate > 0 && mixture.frames() > 0, "separate", "the mixture holds no samples");
  std::vector<std::vector<Audio>> blocks;
  Separation result;
  result.warnings = separate([&] { return open_memory(mixture, "the mixture"); },
                             [&](const std::vector<Audio>& estimates) { blocks.push_back(estimates); })
                        .warnings;
  for (size_t k = 0; k < estimates_.size(); ++k) {
    Audio whole{mixture.sample_rate, blocks.at(0)[k].channels, {}};
    whole.samples.reserve(static_cast<size_t>(whole.channels * mixture.frames()));
    for (int c = 0; c < whole.channels; ++c)
      for (const std::vector<Audio>& block : blocks)
        whole.samples.insert(whole.samples.end(), block[k].channel(c).begin(), block[k].channel(c).end());
    for (std::vector<Audio>& block : blocks) block[k].samples = {};
    result.estimates.emplace_back(estimates_[k].name, std::move(whole));
  }
  return result;
}

Separator::Summary Separator::separate(const Open& open, const Write& write) const {
  return SeparationRun(*this, open, write).run();
}

std::vector<std::pair<std::string, std::vector<std::string>>> parse_aggregate(const std::string& text) {
  const auto refuse = [&] {
    return ArgumentError(
        fmt::format("aggregate {}: give JSON such as {{\"accompaniment\": [\"drums\", \"bass\"]}}", text));
  };
  using Json = nlohmann::ordered_json;
  size_t names = 0;  // as they stand there, of which equal ones become one
  const auto count = [&](int depth, Json::parse_event_t event, const Json&) {
    names += depth == 1 && event == Json::parse_event_t::key ? 1 : 0;
    return true;
  };
  const Json object = Json::parse(text, count, /*allow_exceptions=*/false);
  if (!object.is_object() || object.empty()) throw refuse();
  if (object.size() < names) throw ArgumentError(fmt::format("aggregate {}: two sums have one name", text));
  std::vector<std::pair<std::string, std::vector<std::string>>> sums;
  for (const auto& [name, members] : object.items()) {
    const bool usable = !name.empty() && members.is_array() && !members.empty() &&
                        std::all_of(members.begin(), members.end(), [](const auto& m) { return m.is_string(); });
    if (!usable) throw refuse();
    sums.emplace_back(name, members.template get<std::vector<std::string>>());
  }
  return sums;
}

}  // namespace unmix
