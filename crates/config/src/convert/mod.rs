//! Other languages rewritten as native TOML.
//!
//! What is written decides as the old files do; where it cannot, a comment names the place, says
//! what differs, and what to do, and the old files go on deciding about that service. Nothing is
//! read here but what the caller hands over, except for xinetd's includes.

mod clients;
mod hosts;
mod order;
mod page;
mod rules;
mod set;
mod watchers;
mod xinetd;

pub use rules::tcprules;
pub use watchers::{denyhosts, fail2ban};
pub use xinetd::xinetd;

use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::wrappers;
use portreeve_model::wrappers::{Table, Tables, Which};

/// What a conversion gave.
#[derive(Debug)]
pub struct Converted {
    /// Native TOML; nothing where the old files are refused.
    pub text: String,
    /// What differs, or could not be said; the text has it as comments.
    pub remarks: Vec<Remark>,
    /// The texts that were read.
    pub sources: Sources,
    /// What is wrong with them.
    pub diagnostics: Diagnostics,
}

/// Something to know about a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// `path:line`, where there is one.
    pub at: Option<String>,
    /// How much it weighs.
    pub weight: Weight,
    /// What it is: a phrase.
    pub what: String,
    /// What to do, or what is done.
    pub mend: String,
}

/// How much a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing differs.
    Note,
    /// Something means something else now.
    Differs,
    /// Something has no native form: the old files are still needed.
    Kept,
}

impl Converted {
    /// Whether the text means what the files mean, without them.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.remarks.iter().all(|remark| remark.weight == Weight::Note)
    }
}

/// A file and its bytes.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its path, as it is to be cited.
    pub path: String,
    /// Its bytes; `None` where there is no such file.
    pub content: Option<Vec<u8>>,
}

/// hosts.allow and hosts.deny, as lists for each daemon that they name and for the others.
#[must_use]
pub fn hosts_access(allow: &Given, deny: &Given) -> Converted {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let mut notes = Vec::new();
    let mut table = |which, given: &Given| match &given.content {
        Some(content) => {
            Table::Rules(wrappers::read(which, &given.path, content, &mut sources, &mut found))
        }
        None => {
            notes.push(Remark {
                at: Some(given.path.clone()),
                weight: Weight::Note,
                what: "there is no such file".into(),
                mend: "it counts as one without rules".into(),
            });
            Table::default()
        }
    };
    let tables = Tables { allow: table(Which::Allow, allow), deny: table(Which::Deny, deny) };
    hosts::convert(&tables, (&allow.path, &deny.path), notes, sources, found)
}
