//! What changed in services that are kept up.

use super::{plain, value};
use crate::{Config, Kept};
use std::collections::BTreeMap;

/// One line for each that came, went or changed, and for the folders of service directories.
pub(super) fn difference(old: &Config, new: &Config) -> Vec<String> {
    let by_name = |config: &'_ Config| -> BTreeMap<String, Kept> {
        config.kept.iter().map(|kept| (kept.name.to_string(), kept.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut lines: Vec<_> = gone.map(|name| format!("removed: {name} (kept)")).collect();
    for (name, kept) in &after {
        match before.get(name) {
            None => lines.push(format!("added: {name} (kept)")),
            Some(was) if was != kept => {
                let parts = changed(was, kept).join(", ");
                lines.push(format!("changed: {name} (kept): {parts}: from its next start"));
            }
            Some(_) => {}
        }
    }
    let folders = (&old.service_directories, &new.service_directories);
    let folders = value::members("service directories", folders.0, folders.1);
    lines.extend(folders.map(|folders| format!("changed: {folders}")));
    lines
}

fn changed(old: &Kept, new: &Kept) -> Vec<String> {
    let (a, b) = (&old.program, &new.program);
    plain([
        (a != b, "what is started"),
        (old.environment_directory != new.environment_directory, "environment-directory"),
        (old.ready != new.ready, "ready"),
        (old.finish != new.finish, "finish"),
        (old.stop_signal != new.stop_signal, "stop-signal"),
        (old.kill_after != new.kill_after, "kill-after"),
        (old.restart != new.restart, "restart"),
        (old.down != new.down, "down"),
        (old.log != new.log, "log"),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::difference;
    use super::*;
    use crate::{
        Argv0, Dialect, Environment, Groups, Origin, Program, Restart, Signal, Sited, Stderr,
    };

    fn kept(name: &str, path: &str) -> Kept {
        let program = Program {
            path: path.into(),
            argv0: Argv0::BaseName,
            args: Vec::new(),
            user: None,
            group: None,
            groups: Groups::None,
            umask: None,
            nice: None,
            limits: Vec::new(),
            environment: Environment::default(),
            directory: None,
            chroot: None,
            no_new_privs: false,
            new_session: true,
            stderr: Stderr::Evidence,
            syslog: Default::default(),
        };
        let origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };
        Kept {
            name: name.parse().unwrap(),
            program,
            environment_directory: None,
            ready: None,
            finish: None,
            stop_signal: Signal::TERM,
            kill_after: None,
            restart: Restart::default(),
            down: false,
            log: None,
            origin: Sited::new((), origin),
        }
    }

    #[test]
    fn what_is_kept_up_comes_goes_and_changes() {
        let old = Config {
            kept: vec![kept("a", "/bin/a"), kept("b", "/bin/b"), kept("c", "/bin/c")],
            service_directories: vec!["/etc/service".into()],
            ..Config::default()
        };
        let mut new = Config { kept: old.kept[1..].to_vec(), ..Config::default() };
        new.kept[0].down = true;
        new.kept[0].program.nice = Some(3);
        new.kept.push(kept("d", "/bin/d"));
        assert_eq!(
            difference(&old, &new),
            [
                "removed: a (kept)",
                "changed: b (kept): what is started, down: from its next start",
                "added: d (kept)",
                "changed: service directories -/etc/service",
            ]
        );
        assert_eq!(difference(&new, &new), Vec::<String>::new());
    }
}
