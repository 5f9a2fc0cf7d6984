#include "training/options.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "layers/stft.h"
#include "training/option_table.h"

namespace unmix {
namespace {

// Options that choose where and how long a run works, not what it computes.
constexpr const char* kFreeToChange[] = {"output", "overwrite", "checkpoint", "checkpoint_minutes", "model",
                                         "cache",  "root",      "epochs",     "patience",           "nb_workers",
                                         "quiet",  "device",    "lstm_engine"};

// Folders and files that may move between the parts of a run but neither come nor go.
constexpr const char* kMayMove[] = {"unpaired_mixtures", "unpaired_stems", "vggish"};

bool is_in(std::span<const char* const> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

template <class Number>
void positive(const char* option, Number value) {
  require(value > 0 && std::isfinite(static_cast<double>(value)),
          fmt::format("{} {}: give a number above zero", option, value));
}

void zero_or_more(const char* option, double value) {
  require(value >= 0.0 && std::isfinite(value), fmt::format("{} {}: give zero or more", option, value));
}

}  // namespace

const ModelEntry& TrainOptions::model_entry() const {
  return architecture != nullptr ? *architecture : default_model(!target.empty() || dataset != "musdb");
}

std::string TrainOptions::model_name() const { return joint() ? std::string(model_entry().name) : target_of(*this); }

std::vector<std::string> TrainOptions::targets() const {
  return joint() ? model_entry().sources : std::vector<std::string>{model_name()};
}

const DiscriminatorEntry& TrainOptions::discriminator_entry() const {
  return discriminator != nullptr ? *discriminator : discriminator_registry().front();
}

namespace {

// Options of networks that the loss does not bring are refused.
void validate_networks(const TrainOptions& o) {
  zero_or_more("--feature-matching", o.feature_matching);
  const auto belong = [&](LossNetworks networks, const std::vector<std::pair<const char*, bool>>& given) {
    if (o.loss.uses(networks)) return;
    for (const auto& [option, is_given] : given)
      require(!is_given, fmt::format("{} belongs to the loss {}, which '{}' does not have", option,
                                     names_of_losses_with(networks), o.loss.text()));
  };
  belong(LossNetworks::discriminators, {{"--discriminator", o.discriminator != nullptr},
                                        {"--gan", o.gan.has_value()},
                                        {"--feature-matching", o.feature_matching > 0.0},
                                        {"--spectral-norm", o.spectral_norm},
                                        {"--unpaired-mixtures", !o.unpaired_mixtures.empty()},
                                        {"--unpaired-stems", !o.unpaired_stems.empty()}});
  belong(LossNetworks::features,
         {{"--vggish", !o.vggish.empty()}, {"--vggish-frontend", o.vggish_frontend.has_value()}});
}

bool is_default(const TrainOptions& options, const std::string& name) {
  static const TrainOptions defaults;
  const auto same = [&](auto member) { return options.*member == defaults.*member; };
  return std::visit(same, find_train_option(name).member);
}

// The data set has all that it needs and none of what belongs to others.
void validate_dataset(const TrainOptions& o) {
  const DatasetEntry& chosen = find_dataset(o.dataset);
  for (const std::string& name : chosen.required)
    require(!is_default(o, name),
            fmt::format("--dataset {} needs --{}", o.dataset, fmt::join(chosen.required, " and --")));
  for (const DatasetEntry& other : dataset_registry()) {
    for (const auto* names : {&other.required, &other.options})
      for (const std::string& name : *names)
        require(chosen.has(name) || is_default(o, name),
                fmt::format("--{} belongs to --dataset {}, this is {}", name, other.name, o.dataset));
  }
  positive("--nb-train-samples", o.nb_train_samples);
  positive("--nb-valid-samples", o.nb_valid_samples);
}

void validate_target(const TrainOptions& o) {
  const ModelEntry& model = o.model_entry();
  if (o.joint()) {
    require(o.target.empty(),
            fmt::format("--target belongs to a model of one target: leave it out with {}", model.name));
    require(o.dataset == "musdb",
            fmt::format("--architecture {} needs the four sources of --dataset musdb, {} has one target", model.name,
                        o.dataset));
    return;
  }
  const std::string target = o.model_name();
  require(!target.empty(), fmt::format("--architecture {} needs --target", model.name));
  if (o.dataset == "musdb") {
    std::vector<std::string> targets = musdb_sources;
    targets.emplace_back("accompaniment");
    require(contains(targets, target), fmt::format("--target {}: give one of {}", target, fmt::join(targets, ", ")));
    return;
  }
  require(target.find_first_of("/*?[]") == std::string::npos && !target.starts_with('.'),
          fmt::format("the target would be named '{}', which no file can be: give --target NAME", target));
}

}  // namespace

void TrainOptions::validate() const {
  validate_dataset(*this);
  validate_target(*this);
  const auto sources = static_cast<int64_t>(targets().size());
  require(sources >= loss.least_sources(), fmt::format("--loss {} needs {} sources or more, this model has {}",
                                                       loss.text(), loss.least_sources(), sources));
  require(checkpoint.empty() || model.empty(), "--checkpoint resumes a run and --model starts a new one: give one");
  positive("--lr", learning_rate());
  require(checkpoint_minutes >= 0.0, fmt::format("--checkpoint-minutes {}: give zero or more", checkpoint_minutes));
  positive("--epochs", epochs);
  positive("--batch-size", batch_size);
  positive("--patience", patience);
  positive("--lr-decay-patience", lr_decay_patience);
  require(lr_decay_gamma > 0.0 && lr_decay_gamma < 1.0,
          fmt::format("--lr-decay-gamma {}: give a number between 0 and 1", lr_decay_gamma));
  zero_or_more("--weight-decay", weight_decay);
  zero_or_more("--clip-gradient-norm", clip_gradient_norm);
  check_stft_sizes(nfft, nhop);
  positive("--seq-dur", seq_dur);
  require(seq_dur <= 86400.0, fmt::format("--seq-dur {}: give seconds, a day at most", seq_dur));
  positive("--samples-per-track", samples_per_track);
  positive("--reduce-samples", reduce_samples);
  positive("--nb-channels", nb_channels);
  require(nb_channels <= 2, fmt::format("--nb-channels {}: give 1 or 2", nb_channels));
  require(nb_workers >= 0, fmt::format("--nb-workers {}: give zero or more", nb_workers));
  const bool unpaired = !unpaired_mixtures.empty() || !unpaired_stems.empty();
  require(!balance || !unpaired, "--balance compares gradients of the batch's masks: leave out unpaired data");
  validate_networks(*this);
}

std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now) {
  const nlohmann::json nothing = "";
  for (const auto& [key, value] : now.items()) {
    if (is_in(kFreeToChange, key) || !before.contains(key) || before.at(key) == value) continue;
    if (is_in(kMayMove, key) && before.at(key) != nothing && value != nothing) continue;
    if (key == "variant" && before.at(key) == "seed" && value == "code") continue;  // its name before
    std::string option = key;
    std::replace(option.begin(), option.end(), '_', '-');
    return fmt::format("--{} was {}, now {}", option, before.at(key).dump(), value.dump());
  }
  return "";
}

}  // namespace unmix
