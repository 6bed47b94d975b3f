//! `restricted-usernames`: accounts that have a threshold of their own.

use super::codes;
use super::values::shown;
use crate::Files;
use portreeve_diag::{Diagnostic, Diagnostics, Level, Span};
use std::collections::BTreeSet;

/// The accounts.
pub type Restricted = BTreeSet<String>;

/// Accounts in one file, at most.
const MOST: usize = 4096;

/// Reads the file of a folder; one that is not there names nobody. `at`: where the folder is named.
pub fn restricted(
    directory: &str,
    at: Option<Span>,
    files: &mut dyn Files,
    found: &mut Diagnostics,
) -> Restricted {
    let path = format!("{}/restricted-usernames", directory.trim_end_matches('/'));
    let text = match files.read_optional(&path) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => return Restricted::new(),
        Err(failure) => {
            let message = format!("`{}` cannot be read: {}", shown(&path), failure.reason);
            let finding = Diagnostic::new(Level::Warning, codes::UNREADABLE, at, message);
            found.push(finding.help("nobody is restricted without it"));
            return Restricted::new();
        }
    };
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let all: Restricted = lines.map(str::to_owned).collect();
    if all.len() > MOST {
        let message = format!("`{}` has more than {MOST} accounts", shown(&path));
        found.push(Diagnostic::new(Level::Error, codes::TOO_LARGE, at, message));
    }
    all
}
