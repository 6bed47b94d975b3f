//! The door's own users: clerk and relay, each alone in its uid and gid, and the control group.

use super::host::Host;
use portreeve_model::{Ids, Resolved, Settings};

/// Who the door's helpers run as, and what stands against it.
pub(super) fn accounts(settings: &Settings, as_root: bool, host: &mut dyn Host) -> Resolved {
    let mut resolved = Resolved::default();
    if !as_root {
        return resolved; // every process has the caller's uid
    }
    let problems = &mut resolved.problems;
    let mut helper = |key: &str, name: &str| {
        let found = helper(key, name, host);
        found.map_err(|reason| problems.push(reason)).ok()
    };
    let clerk = helper("clerk-user", &settings.clerk_user);
    let relay = helper("relay-user", &settings.relay_user);
    if let (Some((clerk, _)), Some((relay, _))) = (&clerk, &relay)
        && (clerk.uid == relay.uid || clerk.gid == relay.gid)
    {
        problems.push(format!(
            "`{}` (clerk-user) and `{}` (relay-user) share a uid or a gid: each needs its own, or \
             one could take the other over",
            settings.clerk_user, settings.relay_user
        ));
        return resolved;
    }
    resolved.firewall = firewall(settings, [&clerk, &relay], host);
    resolved.control_group = control(settings, [&clerk, &relay], problems, host);
    // a host without them, or whose directory does not answer, has fewer files that can be read
    let mut group = |name: &str| host.group(name).ok().flatten().map(|group| group.gid);
    resolved.journal_group = group("systemd-journal");
    let own = clerk.iter().flat_map(|(_, groups)| groups.clone());
    let mut groups: Vec<u32> = own.chain(group("adm")).chain(resolved.journal_group).collect();
    // neither root's nor the one that commands the door
    groups.retain(|gid| *gid != 0 && Some(*gid) != resolved.control_group);
    groups.sort_unstable();
    groups.dedup();
    resolved.log_groups = groups;
    resolved.clerk = clerk.map(|(ids, _)| ids);
    resolved.relay = relay.map(|(ids, _)| ids);
    resolved
}

/// The firewall's user, on hosts that have one by this name and where the kernel is to hold bans; else
/// it runs as nobody. It has to be nobody else's either.
fn firewall(
    settings: &Settings,
    helpers: [&Option<(Ids, Vec<u32>)>; 2],
    host: &mut dyn Host,
) -> Option<Ids> {
    settings.ban.nftables.as_ref()?;
    let (ids, _) = helper("firewall", "portreeve-firewall", host).ok()?;
    let shared = |(other, _): &(Ids, Vec<u32>)| other.uid == ids.uid || other.gid == ids.gid;
    (!helpers.into_iter().flatten().any(shared)).then_some(ids)
}

/// A helper's identity, and all groups its user belongs to.
fn helper(key: &str, name: &str, host: &mut dyn Host) -> Result<(Ids, Vec<u32>), String> {
    let user = match host.user(name) {
        Ok(Some(user)) => user,
        Ok(None) => {
            return Err(format!(
                "user `{name}` ({key}) does not exist: make it with `useradd --system \
                 --user-group --shell /usr/sbin/nologin {name}`"
            ));
        }
        Err(error) => return Err(format!("user `{name}` ({key}) cannot be looked up: {error}")),
    };
    if user.uid == 0 || user.gid == 0 {
        return Err(format!("user `{name}` ({key}) is root: a helper must not be"));
    }
    match host.user_numbered(user.uid) {
        Ok(Some(other)) if other.name != user.name => {
            let uid = user.uid;
            return Err(format!("uid {uid} of `{name}` ({key}) is `{}`'s as well", other.name));
        }
        Ok(_) => {}
        Err(error) => return Err(format!("uid {} cannot be looked up: {error}", user.uid)),
    }
    let groups = host.groups_of(name, user.gid);
    let groups = groups.map_err(|error| format!("the groups of `{name}` ({key}): {error}"))?;
    Ok((Ids { uid: user.uid, gid: user.gid, groups: Vec::new() }, groups))
}

/// The control group, which must not hold a helper: it could command the monitor. A host without
/// the group has root alone at the controls.
fn control(
    settings: &Settings,
    helpers: [&Option<(Ids, Vec<u32>)>; 2],
    problems: &mut Vec<String>,
    host: &mut dyn Host,
) -> Option<u32> {
    let name = &settings.control_group;
    let group = match host.group(name) {
        Ok(group) => group?,
        Err(error) => {
            problems.push(format!("group `{name}` (control-group) cannot be looked up: {error}"));
            return None;
        }
    };
    let member =
        |(ids, groups): &(Ids, Vec<u32>)| ids.gid == group.gid || groups.contains(&group.gid);
    if helpers.into_iter().flatten().any(member) {
        problems.push(format!(
            "the clerk's or the relay's user belongs to `{name}` (control-group): a helper must \
             not command the door"
        ));
        return None;
    }
    Some(group.gid)
}
