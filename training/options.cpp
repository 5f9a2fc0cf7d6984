#include "training/options.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "layers/stft.h"
#include "models/discriminator.h"
#include "models/vggish.h"
#include "training/option_table.h"

namespace unmix {
namespace {

// Options that choose where and how long a run works, not what it computes.
constexpr const char* kFreeToChange[] = {"output", "overwrite", "checkpoint", "checkpoint_minutes", "model", "cache",
                                         "root",   "epochs",    "patience",   "nb_workers",         "quiet", "device"};

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

void one_of(const char* option, const std::string& value, const std::vector<std::string>& choices) {
  for (const std::string& choice : choices)
    if (value == choice) return;
  throw UsageError(fmt::format("{} {}: give one of {}", option, value, fmt::join(choices, ", ")));
}

}  // namespace

Variant TrainOptions::loss_variant() const { return variant == "paper" ? Variant::paper : Variant::seed; }

Precision TrainOptions::arithmetic() const {
  return precision == "bf16" ? Precision::bf16 : precision == "tf32" ? Precision::tf32 : Precision::fp32;
}

double TrainOptions::learning_rate() const {
  if (lr == "auto") return Objective(loss).learning_rate();
  const auto value = parse_number(lr);
  require(value > 0.0, fmt::format("--lr {}: give a number above zero, or auto", lr));
  return *value;
}

bool TrainOptions::adversarial() const { return Objective(loss).contains("Adversarial"); }

bool TrainOptions::deep_features() const { return Objective(loss).contains("DeepFeature"); }

std::vector<std::string> TrainOptions::targets() const {
  return joint() ? musdb_sources : std::vector<std::string>{model_name()};
}

namespace {

void validate_adversarial(const TrainOptions& o) {
  if (!o.discriminator.empty()) find_discriminator(o.discriminator);
  if (!o.gan.empty()) parse_gan(o.gan);
  zero_or_more("--feature-matching", o.feature_matching);
  if (o.adversarial()) return;
  const std::pair<const char*, bool> given[] = {
      {"--discriminator", !o.discriminator.empty()},         {"--gan", !o.gan.empty()},
      {"--feature-matching", o.feature_matching > 0.0},      {"--spectral-norm", o.spectral_norm},
      {"--unpaired-mixtures", !o.unpaired_mixtures.empty()}, {"--unpaired-stems", !o.unpaired_stems.empty()}};
  for (const auto& [option, is_given] : given)
    require(!is_given, fmt::format("{} belongs to the loss Adversarial, which '{}' does not have", option, o.loss));
}

void validate_deep_features(const TrainOptions& o) {
  parse_vggish_frontend(o.vggish_frontend_name());
  const bool given = !o.vggish.empty() || !o.vggish_frontend.empty();
  require(!given || o.deep_features(), fmt::format("{} belongs to the loss DeepFeature, which '{}' does not have",
                                                   o.vggish.empty() ? "--vggish-frontend" : "--vggish", o.loss));
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
  static_cast<void>(parse_augmentations(o.augmentation_names()));
  positive("--nb-train-samples", o.nb_train_samples);
  positive("--nb-valid-samples", o.nb_valid_samples);
}

void validate_target(const TrainOptions& o) {
  require(o.architecture != "joint" || o.target.empty(), "--target belongs to a single model: leave it out with joint");
  require(!o.joint() || o.dataset == "musdb",
          fmt::format("--architecture joint needs the four sources of --dataset musdb, {} has one target", o.dataset));
  if (o.joint()) return;
  const std::string target = o.model_name();
  require(!target.empty(), "--architecture single needs --target");
  if (o.dataset == "musdb") {
    std::vector<std::string> targets = musdb_sources;
    targets.emplace_back("accompaniment");
    return one_of("--target", target, targets);
  }
  require(target.find_first_of("/*?[]") == std::string::npos && !target.starts_with('.'),
          fmt::format("the target would be named '{}', which no file can be: give --target NAME", target));
}

}  // namespace

void TrainOptions::validate() const {
  Objective{loss};
  one_of("--variant", variant, {"seed", "paper"});
  one_of("--precision", precision, {"fp32", "tf32", "bf16"});
  if (!architecture.empty()) one_of("--architecture", architecture, {"joint", "single"});
  validate_dataset(*this);
  validate_target(*this);
  require(checkpoint.empty() || model.empty(), "--checkpoint resumes a run and --model starts a new one: give one");
  learning_rate();
  require(checkpoint_minutes >= 0.0, fmt::format("--checkpoint-minutes {}: give zero or more", checkpoint_minutes));
  positive("--epochs", epochs);
  positive("--batch-size", batch_size);
  positive("--patience", patience);
  positive("--lr-decay-patience", lr_decay_patience);
  require(lr_decay_gamma > 0.0 && lr_decay_gamma < 1.0,
          fmt::format("--lr-decay-gamma {}: give a number between 0 and 1", lr_decay_gamma));
  zero_or_more("--weight-decay", weight_decay);
  zero_or_more("--clip-gradient-norm", clip_gradient_norm);
  static_cast<void>(Stft(nfft, nhop, Device::cpu));  // throws for what it cannot be
  positive("--seq-dur", seq_dur);
  require(seq_dur <= 86400.0, fmt::format("--seq-dur {}: give seconds, a day at most", seq_dur));
  positive("--samples-per-track", samples_per_track);
  positive("--reduce-samples", reduce_samples);
  positive("--nb-channels", nb_channels);
  require(nb_channels <= 2, fmt::format("--nb-channels {}: give 1 or 2", nb_channels));
  require(nb_workers >= 0, fmt::format("--nb-workers {}: give zero or more", nb_workers));
  const bool unpaired = !unpaired_mixtures.empty() || !unpaired_stems.empty();
  require(!balance || !unpaired, "--balance compares gradients of the batch's masks: leave out unpaired data");
  validate_adversarial(*this);
  validate_deep_features(*this);
}

std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now) {
  for (const auto& [key, value] : now.items()) {
    if (is_in(kFreeToChange, key) || !before.contains(key) || before.at(key) == value) continue;
    if (is_in(kMayMove, key) && before.at(key) != "" && value != "") continue;
    std::string option = key;
    std::replace(option.begin(), option.end(), '_', '-');
    return fmt::format("--{} was {}, now {}", option, before.at(key).dump(), value.dump());
  }
  return "";
}

}  // namespace unmix
