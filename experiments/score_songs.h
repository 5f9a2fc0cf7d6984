// Separates songs with a trained model and scores the estimates, without a detour over files.
#pragma once

#include "data/cache.h"
#include "evaluation/track_scores.h"
#include "separation/separator.h"

namespace unmix {

// The song's mixture (part 0) or a source (part 1 + k), as decoded.
Audio audio_of(const DecodedTrack& song, int part);

// Of each source that the separator gives: a source of musdb_sources, or "accompaniment" (musdb_sources_of in
// audio/musdb.h). Where `folder` is not empty it is made and the estimates are written into it as <source>.wav.
std::vector<TargetScore> score_song(const DecodedTrack& song, const Separator& separator,
                                    const std::filesystem::path& folder = {});

}  // namespace unmix
