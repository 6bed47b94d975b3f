//! What rblsmtpd decides: which names it asks for, what the answers mean, and what a client that is
//! turned away is told.

mod answer;
mod conversation;
mod judge;
mod query;

pub use answer::{Records, records};
pub use conversation::{Conversation, Step};
pub use judge::{Judge, Reply, Source, Verdict, Zone, preset};
pub use query::name;
