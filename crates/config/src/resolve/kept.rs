//! What the host says about services that are kept up.

use super::host::{Host, NodeKind};
use super::ids::{self, Found};
use super::{Wants, files};
use portreeve_model::{Config, Ids, Kept, KeptFacts, KeptLog, Program};

/// Each in the configuration's order.
pub(super) fn all(
    config: &Config,
    as_root: bool,
    reserved: &[&Ids],
    host: &mut dyn Host,
) -> Vec<KeptFacts> {
    config.kept.iter().map(|kept| one(kept, as_root, reserved, host)).collect()
}

fn one(kept: &Kept, as_root: bool, reserved: &[&Ids], host: &mut dyn Host) -> KeptFacts {
    let mut wants = Wants { problems: Vec::new(), origin: kept.origin.origin };
    let found = ids::of(&mut wants, &kept.program, as_root, host);
    if let (Found::Ids(found), true) = (&found, as_root) {
        ids::reserved(&mut wants, found, reserved);
    }
    files::program(&mut wants, &kept.program, &found, as_root, host);
    if let Some(finish) = &kept.finish {
        let program =
            Program { path: finish.path.clone(), directory: None, ..kept.program.clone() };
        let mut of_finish = Wants { problems: Vec::new(), ..wants };
        files::program(&mut of_finish, &program, &found, as_root, host);
        of_finish.problems.retain(|problem| problem.what == "server");
        for problem in of_finish.problems {
            wants.add("finish", problem.reason);
        }
    }
    if let Some(path) = &kept.environment_directory {
        present(&mut wants, "environment-directory", path, host);
    }
    let log = kept.log.as_ref().and_then(|log| writer(&mut wants, log, as_root, reserved, host));
    KeptFacts { problems: wants.problems, ids: found.into_ids(), log }
}

fn present(wants: &mut Wants, what: &str, path: &str, host: &mut dyn Host) -> Option<u32> {
    match host.node(path) {
        Ok(node) if node.kind == NodeKind::Directory => return Some(node.uid),
        Ok(_) => wants.add(what, format!("`{path}` is no directory")),
        Err(error) => wants.add(what, format!("`{path}` cannot be looked at: {error}")),
    }
    None
}

/// Who writes the log: for an ordinary user's keeper that user, else never root.
fn writer(
    wants: &mut Wants,
    log: &KeptLog,
    as_root: bool,
    reserved: &[&Ids],
    host: &mut dyn Host,
) -> Option<Ids> {
    let ids = match as_root {
        true => match ids::of_user(&log.user, host) {
            Ok(ids) if ids.uid == 0 || ids.gid == 0 => {
                wants.add("log", "root does not write logs: choose another `user`".into());
                return None;
            }
            Ok(ids) => {
                ids::reserved(wants, &ids, reserved);
                Some(ids)
            }
            Err(reason) => {
                let name = ids::shown(&log.user);
                let help = match name == KeptLog::USER {
                    true => format!(
                        ": make it with `useradd --system --user-group --shell \
                         /usr/sbin/nologin {name}`"
                    ),
                    false => String::new(),
                };
                wants.add("log", format!("{reason}, who is to write its log{help}"));
                return None;
            }
        },
        false => None,
    };
    if let Some(path) = &log.directory {
        let owner = ids.as_ref().map_or(host.own().0, |ids| ids.uid);
        if present(wants, "log", path, host).is_some_and(|uid| uid != owner) {
            wants
                .add("log", format!("`{path}` does not belong to uid {owner}, who is to write it"));
        }
    }
    ids
}
