//! The files: Landlock.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope, path_beneath_rules,
};

use super::{Profile, Sandbox};

/// The newest rights asked for; what the kernel does not know is left out.
const NEWEST: ABI = ABI::V9;

/// Where `/dev/log` is, or what it links to. Only kernels with ABI 9 ask.
const SYSLOG: [&str; 2] = ["/dev", "/run/systemd/journal"];

/// Denies every file but those of `sandbox`, and what of the network the profile never needs.
pub(super) fn restrict(sandbox: &Sandbox) -> io::Result<Option<u32>> {
    let status = restrict_self(sandbox).map_err(|error| match error {
        Failure::Directory(error) => error,
        Failure::Ruleset(error) => io::Error::other(error),
    })?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _)
        | (_, LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) => None,
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Some(abi_number(effective_abi)),
    })
}

enum Failure {
    Ruleset(RulesetError),
    Directory(io::Error),
}

impl From<RulesetError> for Failure {
    fn from(error: RulesetError) -> Self {
        Self::Ruleset(error)
    }
}

fn restrict_self(sandbox: &Sandbox) -> Result<RestrictionStatus, Failure> {
    let profile = sandbox.seccomp;
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::Signal)?;
    if matches!(profile, Profile::Clerk | Profile::HostsDeny | Profile::Firewall) {
        ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
    }
    if !matches!(profile, Profile::Compile | Profile::Mail) {
        ruleset = ruleset.scope(Scope::AbstractUnixSocket)?;
    }
    let mut created =
        ruleset.create()?.add_rules(path_beneath_rules(&sandbox.read_paths, reading(profile)))?;
    if profile == Profile::Clerk {
        // The receiver of the system log, which may be made anew at any time, in any of these.
        created = created.add_rules(path_beneath_rules(SYSLOG, AccessFs::ResolveUnix))?;
    }
    for directory in &sandbox.write_dirs {
        // Not left out when missing, as what is only read is: it would be an error later, far away.
        let parent = PathFd::new(directory)
            .map_err(|_| Failure::Directory(io::ErrorKind::NotFound.into()))?;
        created = created.add_rule(PathBeneath::new(parent, writing()))?;
    }
    Ok(created.restrict_self()?)
}

fn reading(profile: Profile) -> BitFlags<AccessFs> {
    match profile {
        Profile::Clerk | Profile::Relay | Profile::HostsDeny | Profile::Firewall => {
            AccessFs::ReadFile | AccessFs::ReadDir
        }
        // NSS modules ask daemons at sockets with paths.
        Profile::Compile | Profile::Mail => {
            AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::ResolveUnix
        }
    }
}

/// Regular files and directories; no links, sockets, pipes or devices.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

fn abi_number(abi: ABI) -> u32 {
    match abi {
        ABI::Unsupported => 0,
        ABI::V1 => 1,
        ABI::V2 => 2,
        ABI::V3 => 3,
        ABI::V4 => 4,
        ABI::V5 => 5,
        ABI::V6 => 6,
        ABI::V7 => 7,
        ABI::V8 => 8,
        ABI::V9 | _ => 9,
    }
}
