//! Judges as their ancestors judge, and the native one: values, each with its parameters.
//!
//! What such a judge hears, whom it spares and which services it shuts people out of is for whoever
//! makes it to fill in.

mod denyhosts;
mod fail2ban;
mod native;
mod openssh;

pub use denyhosts::DenyHosts;
pub use fail2ban::{Fail2ban, Increment};
pub use native::portreeve;
pub use openssh::OpenSsh;

use crate::{Hears, Judge, Level, OnSuccess, Origin, ServiceName, Sited, Tally, Term};

/// A judge of every offence, which shuts out of every service.
fn judge(name: ServiceName, origin: Origin, tallies: Vec<Tally>, term: Term) -> Judge {
    Judge {
        name,
        hears: Hears::default(),
        spares: Vec::new(),
        tallies,
        levels: vec![Level::SINGLE],
        success: OnSuccess::Nothing,
        term,
        only: Vec::new(),
        origin: Sited::new((), origin),
    }
}

#[cfg(test)]
mod tests;
