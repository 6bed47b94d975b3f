//! DenyHosts' counters.

use super::judge;
use crate::{
    By, Charge, Decay, Growth, Judge, Kind, OnSuccess, Origin, Points, ServiceName, Tally, Term,
    Users, When,
};
use std::time::Duration;

/// What a `denyhosts.cfg` says of counting. Each threshold must be exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyHosts {
    /// `DENY_THRESHOLD_INVALID`: failures of accounts that do not exist.
    pub invalid: u32,
    /// `DENY_THRESHOLD_VALID`: of those that do, but root and restricted ones.
    pub valid: u32,
    /// `DENY_THRESHOLD_ROOT`: of root.
    pub root: u32,
    /// `DENY_THRESHOLD_RESTRICTED`: of restricted accounts.
    pub restricted: u32,
    /// `AGE_RESET_INVALID`: a counter idle for longer begins anew; `None`: never.
    pub reset_invalid: Option<Duration>,
    /// `AGE_RESET_VALID`.
    pub reset_valid: Option<Duration>,
    /// `AGE_RESET_ROOT`.
    pub reset_root: Option<Duration>,
    /// `AGE_RESET_RESTRICTED`.
    pub reset_restricted: Option<Duration>,
    /// `RESET_ON_SUCCESS`: a success clears the counters, but that of restricted accounts.
    pub reset_on_success: bool,
    /// `PURGE_DENY`: how long an entry stays; `None`: for ever.
    pub purge: Option<Duration>,
    /// `PURGE_THRESHOLD`: whoever was purged more often stays for ever; `None`: nobody.
    pub purge_threshold: Option<u32>,
    /// `restricted-usernames`.
    pub restricted_users: Vec<String>,
}

/// What DenyHosts knows to read.
const KINDS: [Kind; 6] = [
    Kind::AuthFailed,
    Kind::InvalidUser,
    Kind::NotAllowed,
    Kind::NoAuth,
    Kind::TooManyTries,
    Kind::Pattern,
];

/// What its stock configuration says.
impl Default for DenyHosts {
    fn default() -> Self {
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        Self {
            invalid: 5,
            valid: 10,
            root: 1,
            restricted: 1,
            reset_invalid: days(10),
            reset_valid: days(5),
            reset_root: days(25),
            reset_restricted: days(25),
            reset_on_success: false,
            purge: None,
            purge_threshold: None,
            restricted_users: Vec::new(),
        }
    }
}

impl DenyHosts {
    /// The judge that does this. A failure of a restricted account counts once in its counter, where
    /// DenyHosts counts one of an account that exists twice.
    #[must_use]
    pub fn judge(self, name: ServiceName, origin: Origin) -> Judge {
        let root = || vec!["root".to_owned()];
        let mut others = root();
        others.extend(self.restricted_users.iter().cloned());
        let mut tallies = vec![
            tally("invalid", Users::Invalid, self.invalid, self.reset_invalid),
            tally("valid", Users::ValidBut(others), self.valid, self.reset_valid),
            tally("root", Users::These(root()), self.root, self.reset_root),
        ];
        if !self.restricted_users.is_empty() {
            let users = Users::These(self.restricted_users);
            let restricted = tally("restricted", users, self.restricted, self.reset_restricted);
            tallies.push(Tally { lasting: true, ..restricted });
        }
        let term = Term {
            first: self.purge,
            growth: Growth::None,
            most: None,
            random: Duration::ZERO,
            remembered: None,
            overall: false,
            patience: self.purge_threshold,
        };
        let success =
            if self.reset_on_success { OnSuccess::ForgetsAll } else { OnSuccess::Nothing };
        Judge { success, ..judge(name, origin, tallies, term) }
    }
}

fn tally(name: &str, users: Users, threshold: u32, reset: Option<Duration>) -> Tally {
    Tally {
        name: name.to_owned(),
        charges: vec![Charge { kinds: KINDS.to_vec(), users, points: Points::ONE }],
        by: By::Network,
        decay: Decay::Idle(reset),
        limit: Points::whole(threshold),
        when: When::Exceeded,
        most: None,
        lasting: false,
    }
}
