//! One filter of fail2ban's, alone.

use crate::world::{DialectFiles, World};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::fail2ban::{self, Filter};

/// What reading a filter gave.
#[derive(Debug)]
pub struct FilterRead {
    /// The filter, unless a finding is an error.
    pub filter: Option<Filter>,
    /// The texts that were read.
    pub sources: Sources,
    /// Every finding.
    pub diagnostics: Diagnostics,
}

/// Reads one filter: the path of its file, with options in brackets behind it if need be
/// (`/etc/fail2ban/filter.d/sshd.conf[mode=aggressive]`). `journal` says whether its lines come from
/// the journal, which begin otherwise than those of files. An origin's file is an index into
/// [`Sources::paths`]; the options have none.
#[must_use]
pub fn filter(path: &str, journal: bool, world: &mut dyn World) -> FilterRead {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let mut files = DialectFiles(world);
    let read = fail2ban::filter(path, None, journal, &mut files, &mut sources, &mut diagnostics);
    let filter = read.filter(|_| !diagnostics.has_errors());
    FilterRead { filter, sources, diagnostics }
}
