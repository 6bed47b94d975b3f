//! Rules as tcprules reads them and tcpserver obeys them.

mod doubt;
mod expand;
mod line;
mod lookup;
mod stored;

pub use doubt::doubt;
pub use expand::Addresses;
pub use line::{Action, Fault, Line, Rule, Setting, What, plain, trimmed};
pub use lookup::{Peer, look_up};
pub use stored::{DENY, Stored, data, items};

#[cfg(test)]
mod tests;
