//! What a rule has done, beside its verdict.

use crate::{Facility, Severity};
use serde::{Deserialize, Serialize};

/// One option of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its word, as it was written.
    pub key: Vec<u8>,
    /// What follows, trimmed; `%` is not replaced yet.
    pub value: Option<Vec<u8>>,
    /// What it means.
    pub deed: Deed,
}

/// What an option does. Those that hold nothing of their value use [`Setting::value`], after `%`
/// is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// `allow`: grants, whichever file it stands in.
    Allow,
    /// `deny`.
    Deny,
    /// `severity`: how this request is logged.
    Severity(Option<Facility>, Severity),
    /// `spawn`: a shell command; waits for its end.
    Spawn,
    /// `twist`: a shell command in place of the daemon.
    Twist,
    /// `aclexec`: a shell command that says whether the rule matches.
    Aclexec,
    /// `keepalive`.
    KeepAlive,
    /// `linger`: seconds.
    Linger(u32),
    /// `rfc931`: the user is looked up, within so many seconds.
    Rfc931(Option<u32>),
    /// `banners`: a folder with a file for each daemon.
    Banners,
    /// `nice`: added to the niceness.
    Nice(i32),
    /// `setenv`: a name, and a value.
    SetEnv,
    /// `umask`.
    Umask(u32),
    /// `user`: `name` or `name.group`.
    User,
    /// `group`.
    Group,
    /// What cannot be carried out: whoever comes here is refused.
    Wrong(WrongOption),
}

impl Deed {
    /// Whether `%` in the value is replaced.
    #[must_use]
    pub fn expands(&self) -> bool {
        matches!(self, Self::Spawn | Self::Twist | Self::Aclexec | Self::SetEnv)
    }
}

/// What is wrong with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WrongOption {
    /// Nothing stands between two colons, or behind the last.
    NoName,
    /// There is no such option.
    Name,
    /// It needs a value.
    NeedsValue,
    /// It has none.
    NoValue,
    /// It must be the last.
    NotLast,
    /// No such facility.
    Facility,
    /// No such severity.
    Severity,
    /// Not a number of seconds, 0 or more.
    Linger,
    /// Not a number of seconds above 0.
    Timeout,
    /// Not a whole number.
    Nice,
    /// Not an octal number up to 0777.
    Umask,
}
