//! Services whose only purpose is to be touched.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long whoever touches a trap is shut out of every service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sentence {
    /// So long from the first touch.
    For(Duration),
    /// Until somebody lifts it.
    Forever,
    /// Not at all: the touch is recorded (xinetd's default `deny_time = NEVER`).
    Never,
}

/// A listener that serves nobody (xinetd's `flags = SENSOR`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trap {
    /// What touching it costs.
    pub sentence: Sentence,
}
