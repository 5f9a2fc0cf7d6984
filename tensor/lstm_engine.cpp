#include "tensor/lstm_engine.h"

namespace unmix {
namespace {

thread_local LstmEngine chosen = LstmEngine::automatic, used = LstmEngine::automatic;

}  // namespace

LstmEngine lstm_engine() { return chosen; }

LstmEngineScope::LstmEngineScope(LstmEngine engine) : before_(chosen) { chosen = engine; }

LstmEngineScope::~LstmEngineScope() { chosen = before_; }

LstmEngine lstm_engine_used() { return used; }

void note_lstm_engine(LstmEngine engine) { used = engine; }

}  // namespace unmix
