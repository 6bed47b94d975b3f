//! OpenSSH's `PerSourcePenalties`.

use super::judge;
use crate::{
    By, Charge, Decay, Judge, Kind, Origin, Points, ServiceName, Tally, Term, Users, When,
};
use std::time::Duration;

/// The penalties, each the time that one costs. Milliseconds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSsh {
    /// `crash`: the service's process crashed.
    pub crash: Duration,
    /// `authfail`: authentication failed.
    pub authfail: Duration,
    /// `invaliduser`: an account was named that does not exist.
    pub invaliduser: Duration,
    /// `noauth`: nobody authenticated.
    pub noauth: Duration,
    /// `grace-exceeded`: time to authenticate ran out.
    pub grace_exceeded: Duration,
    /// `refuseconnection`: a rule or a list refused the connection.
    pub refuseconnection: Duration,
    /// `min`: the sum that must be exceeded before anybody is shut out.
    pub min: Duration,
    /// `max`: the sum grows no further.
    pub max: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl OpenSsh {
    /// As of 9.8, which charges an unknown account as a failure and a refused connection not at all.
    pub const V9_8: Self =
        Self { grace_exceeded: seconds(20), refuseconnection: seconds(0), ..Self::V9_9 };
    /// As of 9.9 to 10.2, which charge an unknown account as a failure.
    pub const V9_9: Self = Self {
        crash: seconds(90),
        authfail: seconds(5),
        invaliduser: seconds(5),
        noauth: seconds(1),
        grace_exceeded: seconds(10),
        refuseconnection: seconds(10),
        min: seconds(15),
        max: seconds(600),
    };
    /// As of 10.3 and later.
    pub const V10_3: Self = Self::V9_9;

    /// The penalties of a version, such as `9.8` or `10.2p1`; `None` where it has none, or where this
    /// is no version.
    #[must_use]
    pub fn of_version(version: &str) -> Option<Self> {
        let (major, rest) = version.split_once('.')?;
        let digits = rest.split('p').next().unwrap_or_default();
        let (major, minor) = (major.parse::<u32>().ok()?, digits.parse::<u32>().ok()?);
        match (major, minor) {
            (..=8, _) | (9, ..=7) => None,
            (9, 8) => Some(Self::V9_8),
            (9, _) | (10, ..=2) => Some(Self::V9_9),
            _ => Some(Self::V10_3),
        }
    }

    /// The judge that does this: a point is a second. OpenSSH charges a connection once, at its end; here
    /// each try is charged, and so having made too many of them is not.
    #[must_use]
    pub fn judge(self, name: ServiceName, origin: Origin) -> Judge {
        let charge = |kinds: &[Kind], cost: Duration| Charge {
            kinds: kinds.to_vec(),
            users: Users::Any,
            points: points(cost),
        };
        let tally = Tally {
            name: String::new(),
            charges: vec![
                charge(&[Kind::Crash], self.crash),
                charge(&[Kind::AuthFailed, Kind::NotAllowed], self.authfail),
                charge(&[Kind::InvalidUser], self.invaliduser),
                charge(&[Kind::NoAuth, Kind::Protocol], self.noauth),
                charge(&[Kind::Grace], self.grace_exceeded),
                charge(&[Kind::Refused], self.refuseconnection),
            ],
            by: By::Network,
            decay: Decay::Drain(Duration::from_secs(1)),
            limit: points(self.min),
            when: When::Exceeded,
            most: Some(points(self.max)),
            lasting: false,
        };
        judge(name, origin, vec![tally], Term::default())
    }
}

fn points(time: Duration) -> Points {
    Points(u32::try_from(time.as_millis()).unwrap_or(u32::MAX).min(Points::MOST.0))
}
