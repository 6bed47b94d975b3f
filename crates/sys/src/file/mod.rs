//! Files, opened so that neither their kind nor their place can surprise us.

mod bounded;
mod log;
mod sealed;
mod state;

pub use bounded::{Content, read_bounded};
pub use log::{LogError, LogRefusal, open_log};
pub use sealed::{memfd, read_memfd};
pub use state::make_state_dir;
