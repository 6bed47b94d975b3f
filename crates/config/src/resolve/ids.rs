//! Who a program runs as.

use super::Wants;
use super::host::Host;
use portreeve_model::{Groups, Ids, Principal, Program};
use portreeve_sys::user::User;

/// What became of a program's user and groups.
pub(super) enum Found {
    /// The door's own.
    Own,
    /// These.
    Ids(Ids),
    /// There is a problem.
    Nobody,
}

impl Found {
    /// The identity to take on, where it is not the door's own.
    pub(super) fn into_ids(self) -> Option<Ids> {
        match self {
            Self::Ids(ids) => Some(ids),
            Self::Own | Self::Nobody => None,
        }
    }
}

/// The identity of a program.
pub(super) fn of(
    wants: &mut Wants,
    program: &Program,
    as_root: bool,
    host: &mut dyn Host,
) -> Found {
    let plain = program.group.is_none() && program.groups == Groups::None;
    let own = host.own();
    let (uid, entry) = match &program.user {
        None if plain => return Found::Own,
        None => (if as_root { 0 } else { own.0 }, None),
        Some(principal) => match user(principal, host) {
            Ok(found) => found,
            Err(reason) => {
                wants.add("user", reason);
                return Found::Nobody;
            }
        },
    };
    let gid = match &program.group {
        Some(principal) => group(principal, host),
        None => Ok(entry.as_ref().map_or(uid, |user| user.gid)),
    };
    let gid = gid.map_err(|reason| wants.add("group", reason)).ok();
    let groups = match gid {
        Some(_) => groups(&program.groups, uid, entry.as_ref(), host),
        None => return Found::Nobody,
    };
    let groups = groups.map_err(|reason| wants.add("group", reason)).ok();
    let (Some(gid), Some(groups)) = (gid, groups) else { return Found::Nobody };
    if as_root {
        return Found::Ids(Ids { uid, gid, groups });
    }
    ordinary(wants, program, (uid, gid), own)
}

/// A user with its own group and no other.
pub(super) fn of_user(principal: &Principal, host: &mut dyn Host) -> Result<Ids, String> {
    let (uid, entry) = user(principal, host)?;
    let gid = entry.map_or(uid, |user| user.gid);
    Ok(Ids { uid, gid, groups: Vec::new() })
}

/// An ordinary user's door can run programs as that user alone.
fn ordinary(wants: &mut Wants, program: &Program, asked: (u32, u32), own: (u32, u32)) -> Found {
    if asked.0 != own.0 {
        let name = program.user.as_ref().map_or_else(|| asked.0.to_string(), shown);
        let reason = format!(
            "this door runs as uid {}, and only root could run a program as `{name}`",
            own.0
        );
        wants.add("user", reason);
        return Found::Nobody;
    }
    if program.group.is_some() && asked.1 != own.1 {
        let reason = format!("this door's group is {}, and only root could change it", own.1);
        wants.add("group", reason);
        return Found::Nobody;
    }
    Found::Own // groups cannot be changed either: they stay the door's own
}

/// The number of a user, and its entry if there is one; a number needs none.
fn user(principal: &Principal, host: &mut dyn Host) -> Result<(u32, Option<User>), String> {
    match principal {
        Principal::Name(name) => match host.user(name) {
            Ok(Some(user)) => Ok((user.uid, Some(user))),
            Ok(None) => Err(format!("user `{name}` does not exist")),
            Err(error) => Err(format!("user `{name}` cannot be looked up: {error}")),
        },
        Principal::Number(uid) => match host.user_numbered(*uid) {
            Ok(entry) => Ok((*uid, entry)),
            Err(error) => Err(format!("user {uid} cannot be looked up: {error}")),
        },
    }
}

fn group(principal: &Principal, host: &mut dyn Host) -> Result<u32, String> {
    match principal {
        Principal::Number(gid) => Ok(*gid),
        Principal::Name(name) => match host.group(name) {
            Ok(Some(group)) => Ok(group.gid),
            Ok(None) => Err(format!("group `{name}` does not exist")),
            Err(error) => Err(format!("group `{name}` cannot be looked up: {error}")),
        },
    }
}

fn groups(
    groups: &Groups,
    uid: u32,
    entry: Option<&User>,
    host: &mut dyn Host,
) -> Result<Vec<u32>, String> {
    match (groups, entry) {
        (Groups::None, _) => Ok(Vec::new()),
        (Groups::List(list), _) => list.iter().map(|principal| group(principal, host)).collect(),
        // The user's own group is among them even if the program runs with another.
        (Groups::OfUser, Some(user)) => host
            .groups_of(&user.name, user.gid)
            .map_err(|error| format!("the groups of `{}` cannot be looked up: {error}", user.name)),
        (Groups::OfUser, None) => {
            Err(format!("user {uid} has no entry, so there are no groups of that user"))
        }
    }
}

/// No program shares a user with the door's own helpers: it could trace them.
pub(super) fn reserved(wants: &mut Wants, ids: &Ids, reserved: &[&Ids]) {
    if reserved.iter().any(|own| own.uid == ids.uid) {
        let reason = format!("uid {} is that of portreeve's own helper, for nobody else", ids.uid);
        wants.add("user", reason);
    }
}

pub(super) fn shown(principal: &Principal) -> String {
    match principal {
        Principal::Name(name) => name.clone(),
        Principal::Number(number) => number.to_string(),
    }
}
