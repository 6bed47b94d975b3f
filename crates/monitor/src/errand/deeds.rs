//! What lists want done, carried out once a verdict is final.

use crate::accept::pending::Arrival;
use crate::door::Door;
use crate::door::current::Current;
use portreeve_policy::{Effect, Effects};
use portreeve_sys::socket;
use portreeve_wire::event::Level;
use std::sync::Arc;

/// How events about the connection are logged, if rules say so.
pub(crate) fn level(effects: &Effects) -> Option<Level> {
    effects.severity().map(|(facility, severity)| Level { facility, severity })
}

impl Door {
    /// Does to the connection what rules want done to it, and runs what they want run. How a program
    /// is started, and what the peer is sent, is done where that is done.
    pub(crate) fn do_deeds(
        &mut self,
        current: &Arc<Current>,
        arrival: &Arrival,
        effects: &Effects,
    ) {
        let mut so_far = Effects::default();
        for effect in effects.iter() {
            match effect {
                Effect::Spawn(command) => self.run_spawn(current, arrival, command, &so_far),
                // where these fail the peer is gone already
                Effect::KeepAlive => drop(socket::keep_alive(&arrival.socket)),
                Effect::Nice(_)
                | Effect::Variable(..)
                | Effect::Umask(_)
                | Effect::User(_)
                | Effect::Group(_) => so_far.push(effect.clone()),
                // the kernel goes on sending in any case; the option (SO_LINGER) has whoever closes
                // last wait for it, and that may be this process
                Effect::Linger(_) => {}
                Effect::Severity(..) | Effect::Twist(_) | Effect::Banner(_) => {}
            }
        }
    }
}
