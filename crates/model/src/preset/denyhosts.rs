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

/// What counts as aimed at an account that does not exist, by DenyHosts also where the account may not
/// log in or none was named.
const INVALID: [Kind; 4] = [Kind::InvalidUser, Kind::NotAllowed, Kind::NoAuth, Kind::Pattern];
/// What counts as aimed at one that does.
const VALID: [Kind; 1] = [Kind::AuthFailed];

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
    /// The judge that does this. As with DenyHosts, a failure of a restricted account that exists, but for
    /// root, counts twice in the counter of those.
    #[must_use]
    pub fn judge(self, name: ServiceName, origin: Origin) -> Judge {
        let root = || vec!["root".to_owned()];
        let restricted = self.restricted_users;
        let others = restricted.iter().cloned().chain(root()).collect();
        let mut tallies = vec![
            tally("invalid", self.invalid, self.reset_invalid, vec![one(&INVALID, Users::Any)]),
            tally(
                "valid",
                self.valid,
                self.reset_valid,
                vec![one(&VALID, Users::ValidBut(others)), one(&VALID, Users::Invalid)],
            ),
            tally("root", self.root, self.reset_root, vec![one(&VALID, Users::These(root()))]),
        ];
        if !restricted.is_empty() {
            let mut charges = vec![one(&INVALID, Users::These(restricted.clone()))];
            if restricted.contains(&"root".to_owned()) {
                charges.push(one(&VALID, Users::These(root())));
            }
            let twice = Points::whole(2);
            charges.push(Charge { points: twice, ..one(&VALID, Users::These(restricted)) });
            let counter = tally("restricted", self.restricted, self.reset_restricted, charges);
            tallies.push(Tally { lasting: true, ..counter });
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

fn one(kinds: &[Kind], users: Users) -> Charge {
    Charge { kinds: kinds.to_vec(), users, points: Points::ONE }
}

fn tally(name: &str, threshold: u32, reset: Option<Duration>, charges: Vec<Charge>) -> Tally {
    Tally {
        name: name.to_owned(),
        charges,
        by: By::Network,
        decay: Decay::Idle(reset),
        limit: Points::whole(threshold),
        when: When::Exceeded,
        most: None,
        lasting: false,
    }
}
