//! As whom the programs run that are told of bans.

use super::host::Host;
use portreeve_model::{BanPolicy, Identity, Ids, Resolved};

/// Asks for the users of commands and mail. What is wrong with one stands against the door as a whole.
pub(super) fn identities(
    resolved: &mut Resolved,
    policy: &BanPolicy,
    as_root: bool,
    host: &mut dyn Host,
) {
    let helpers: Vec<u32> = resolved.clerk.iter().chain(&resolved.relay).map(|i| i.uid).collect();
    let mut problems = Vec::new();
    let mut one = |what: &str, user: &str| -> Identity {
        let found = identity(user, as_root, &helpers, host);
        if let Err(why) = &found {
            problems.push(format!("{what} is not run: {why}"));
        }
        found
    };
    for command in &policy.commands {
        let what = format!("command `{}` of bans", command.name);
        resolved.ban_commands.push(one(&what, &command.user.value));
    }
    resolved.ban_mail =
        policy.mail.as_ref().map(|mail| one("the sender of mail", &mail.user.value));
    resolved.problems.extend(problems);
}

fn identity(user: &str, as_root: bool, helpers: &[u32], host: &mut dyn Host) -> Identity {
    let number = user.parse().ok();
    let asked = match number {
        Some(uid) => host.user_numbered(uid),
        None => host.user(user),
    };
    let entry = asked.map_err(|error| format!("user `{user}` cannot be looked up: {error}"))?;
    let (uid, gid, groups) = match (entry, number) {
        (Some(entry), _) => {
            let groups = host.groups_of(&entry.name, entry.gid);
            let groups = groups.map_err(|error| format!("the groups of `{user}`: {error}"))?;
            (entry.uid, entry.gid, groups)
        }
        (None, Some(uid)) => (uid, uid, Vec::new()),
        (None, None) => return Err(format!("user `{user}` does not exist")),
    };
    if !as_root {
        let own = host.own().0;
        let why = format!("this door runs as uid {own}, and only root could run it as `{user}`");
        return if uid == own { Ok(None) } else { Err(why) };
    }
    if helpers.contains(&uid) {
        return Err(format!("uid {uid} is that of portreeve's own helper, for nobody else"));
    }
    Ok(Some(Ids { uid, gid, groups }))
}
