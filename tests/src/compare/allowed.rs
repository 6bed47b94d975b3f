//! Where the ancestor and the door may differ: defects of the ancestor that `docs/xinetd.md`
//! names, each with the configurations and connections in which it shows.
//!
//! No outcome is ever looked at to decide whether it may differ. And what may differ is narrow:
//! either the door's verdict is prescribed, or the ancestor's words are mended and must then be
//! the door's. A row that applies where nothing differs is a failure too, so that the table can
//! neither rot nor grow wide.

use super::Input;
use super::outcome::{Outcome, Verdict};

/// One defect.
pub struct Allowed {
    /// As `docs/xinetd.md` names it.
    pub defect: &'static str,
    /// Whether it shows in this connection.
    pub when: fn(&Input<'_>) -> bool,
    /// What then differs.
    pub what: What,
}

/// What may differ.
#[derive(Clone, Copy)]
pub enum What {
    /// The door does this instead.
    Instead(Verdict),
    /// The ancestor's outcome for this connection is this one mended; the first argument says which
    /// connection of the script it is.
    Mended(fn(&Input<'_>, &mut Outcome)),
}

impl std::fmt::Debug for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.defect)
    }
}

/// All of them.
pub const ALL: &[Allowed] = &[];
