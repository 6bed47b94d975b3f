//! What to run: the plan as it is written, and the program as a child can walk it.

use std::{
    ffi::{CStr, CString},
    fmt,
};

use crate::{
    capability::{Capability, set_of},
    limits::{Limit, Resource},
};

/// The most supplementary groups of a plan (`NGROUPS_MAX`).
const MOST_GROUPS: usize = 65_536;
/// The most arguments, and the most variables.
const MOST_STRINGS: usize = 4096;

/// The user, group and supplementary groups a program runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Real, effective and saved uid.
    pub uid: u32,
    /// Real, effective and saved gid.
    pub gid: u32,
    /// The supplementary groups, all of them: empty means none.
    pub groups: Vec<u32>,
}

/// A program to run and how: plain data, all of it resolved beforehand.
///
/// The order of work in the child is the order of the fields from `new_session` to `no_new_privs`,
/// then `execve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The file to execute; not searched for. Relative to `chroot` and `directory` if given.
    pub path: CString,
    /// The arguments, `argv[0]` included.
    pub argv: Vec<CString>,
    /// The whole environment, as `NAME=value`.
    pub env: Vec<CString>,
    /// Lead a session (and process group) of its own.
    pub new_session: bool,
    /// Limits to set; `None` inside is unlimited.
    pub limits: Vec<(Resource, Limit)>,
    /// Added to this process's nice value; cut to −20..19.
    pub nice: Option<i32>,
    /// Bits to mask from the modes of new files.
    pub umask: Option<u32>,
    /// A directory to make the root; the working directory then is `/` unless `directory` says more.
    pub chroot: Option<CString>,
    /// The working directory, inside `chroot`.
    pub directory: Option<CString>,
    /// Whom to run as; `None` leaves user and groups as they are.
    pub ids: Option<Ids>,
    /// Capabilities kept over the change to a user that is not root, in the permitted, inheritable
    /// and ambient sets; all others are dropped. Ignored without `ids`.
    pub ambient: Vec<Capability>,
    /// No privileges from set-id files and file capabilities.
    pub no_new_privs: bool,
    /// Too important to wait for others: it may take the slots that [`super::Spawner`] reserves,
    /// and more of them than its user's share.
    pub reserved: bool,
}

impl Plan {
    /// A plan that runs `path` with itself as only argument, an empty environment, and everything
    /// else as it is here.
    #[must_use]
    pub fn new(path: CString) -> Self {
        Self {
            argv: vec![path.clone()],
            path,
            env: Vec::new(),
            new_session: false,
            limits: Vec::new(),
            nice: None,
            umask: None,
            chroot: None,
            directory: None,
            ids: None,
            ambient: Vec::new(),
            no_new_privs: false,
            reserved: false,
        }
    }

    /// Checks the plan and lays it out for the child. Once per configuration, not per connection.
    ///
    /// # Errors
    /// The first thing that no child could carry out.
    pub fn prepare(self) -> Result<Program, BadPlan> {
        if self.argv.is_empty() {
            return Err(BadPlan::NoArguments);
        }
        if self.argv.len() > MOST_STRINGS || self.env.len() > MOST_STRINGS {
            return Err(BadPlan::TooManyStrings);
        }
        if self.ids.as_ref().is_some_and(|ids| ids.groups.len() > MOST_GROUPS) {
            return Err(BadPlan::TooManyGroups);
        }
        // −1 means "unchanged" to the kernel: a plan with it would keep root.
        if self.ids.as_ref().is_some_and(|ids| ids.uid == u32::MAX || ids.gid == u32::MAX) {
            return Err(BadPlan::NoId);
        }
        for (resource, limit) in &self.limits {
            let unlimited = |bytes: Option<u64>| bytes.unwrap_or(u64::MAX);
            if unlimited(limit.soft) > unlimited(limit.hard) {
                return Err(BadPlan::SoftAboveHard(*resource));
            }
        }
        let limits = self
            .limits
            .iter()
            .map(|(resource, limit)| RawLimit {
                resource: resource.number(),
                values: [limit.soft, limit.hard].map(|value| value.unwrap_or(u64::MAX)),
            })
            .collect();
        Ok(Program { limits, keep: set_of(&self.ambient), plan: self })
    }
}

/// What is wrong with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPlan {
    /// Not even `argv[0]`.
    NoArguments,
    /// More than 4096 arguments or variables.
    TooManyStrings,
    /// More than 65536 groups.
    TooManyGroups,
    /// The uid or gid that means "unchanged".
    NoId,
    /// A soft limit above its hard limit.
    SoftAboveHard(Resource),
}

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArguments => f.write_str("a program without even its own name as argument"),
            Self::TooManyStrings => write!(f, "more than {MOST_STRINGS} arguments or variables"),
            Self::TooManyGroups => write!(f, "more than {MOST_GROUPS} groups"),
            Self::NoId => write!(f, "{} is no user or group", u32::MAX),
            Self::SoftAboveHard(resource) => {
                write!(f, "the soft limit of {resource:?} is above the hard one")
            }
        }
    }
}

impl std::error::Error for BadPlan {}

/// One limit as the kernel takes it: soft, hard; `u64::MAX` is unlimited (`RLIM64_INFINITY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawLimit {
    pub(super) resource: u32,
    pub(super) values: [u64; 2],
}

/// A checked plan, immutable; shared by all its starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    plan: Plan,
    limits: Vec<RawLimit>,
    keep: u64,
}

impl Program {
    /// The plan it was made from.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The file it executes.
    #[must_use]
    pub fn path(&self) -> &CStr {
        &self.plan.path
    }

    pub(super) fn raw_limits(&self) -> &[RawLimit] {
        &self.limits
    }

    /// Whose starts it is counted among: 0 is root and whoever this process is.
    pub(super) fn group(&self) -> u32 {
        self.plan.ids.as_ref().map_or(0, |ids| ids.uid)
    }

    /// Bits of the capabilities kept.
    pub(super) const fn keep(&self) -> u64 {
        self.keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_no_child_could_carry_out_are_refused() {
        let plan = Plan::new(c"/bin/true".into());
        assert!(plan.clone().prepare().is_ok());
        let nobody = Plan { argv: Vec::new(), ..plan.clone() };
        assert_eq!(nobody.prepare().unwrap_err(), BadPlan::NoArguments);
        let ids = Ids { uid: u32::MAX, gid: 1, groups: Vec::new() };
        let unchanged = Plan { ids: Some(ids), ..plan.clone() };
        assert_eq!(unchanged.prepare().unwrap_err(), BadPlan::NoId);
        let limit = Limit { soft: None, hard: Some(1) };
        let upside_down = Plan { limits: vec![(Resource::Core, limit)], ..plan };
        assert_eq!(upside_down.prepare().unwrap_err(), BadPlan::SoftAboveHard(Resource::Core));
    }
}
