//! Services of the configuration, as folders between the door and the keeper.
//!
//! The door writes them below [`FOLDER`], the keeper reads them there; neither waits for the other,
//! and either may be away. Only names that do not begin with a dot are services.
//!
//! - `NAME/plan` says what is started ([`crate::plan`]); `NAME/down`, an empty file, that it is left
//!   down; `NAME/log/plan` what writes its log. A folder comes into place whole, by a rename, and each
//!   file of it later changes by a rename. A changed plan is used at the next start, and so is a log
//!   that came or went (`log/plan`).
//! - What is no longer configured is moved to [`REMOVED`]`/NAME`, with all that the keeper wrote into
//!   it: a keeper that holds it ends the service, then takes the folder away; one that comes later
//!   finds the process there by `supervise/process`. When NAME is configured again meanwhile, that
//!   very folder is moved back, so that the service is never there twice.
//! - A service that the host cannot run now has no plan, or the one of before; [`HELD`]`/NAME` is a text
//!   that says why, a line each.
//! - A link in [`DIRECTORIES`] leads to a folder of service directories, scanned as svscan does.

use crate::plan::{Base, Command, Environment, Finish, Log, Plan, Task, User};
use portreeve_model::{Argv0, EnvironmentBase, Ids, Kept, KeptLog, Program};

/// Where the folders are, below the root of the system's directories.
pub const FOLDER: &str = "run/portreeve/services";

/// What is started, in a service's folder and in that of its log.
pub const PLAN: &str = "plan";

/// That a service is left down, in its folder.
pub const DOWN: &str = "down";

/// A service's log, in its folder.
pub const LOG: &str = "log";

/// The links to folders of service directories.
pub const DIRECTORIES: &str = ".directories";

/// The folders of services that are no longer configured.
pub const REMOVED: &str = ".removed";

/// Why configured services are held back: a text each, of at most [`MOST_HELD`] bytes.
pub const HELD: &str = ".held";

/// Bytes of such a text.
pub const MOST_HELD: usize = 4096;

/// Empty files named as services that somebody has disabled, below the root of the system's
/// directories.
pub const DISABLED: &str = "etc/portreeve/down";

/// Where the folders of logs are that have no other, below the root of the system's directories.
pub const LOGS: &str = "var/log/portreeve-services";

/// The name of a link in [`DIRECTORIES`]: the folder's path, without its first `/`, with `%2F` for
/// each other one and `%25` for a `%`.
#[must_use]
pub fn link_name(path: &str) -> String {
    path.trim_matches('/').replace('%', "%25").replace('/', "%2F")
}

/// What a kept service's plan is, for the user that the host knows.
#[must_use]
pub fn plan(kept: &Kept, ids: Option<&Ids>) -> Plan {
    let Kept { program, restart, .. } = kept;
    let finish = kept.finish.as_ref().map(|finish| Finish {
        command: command(&finish.path, base_name(&finish.path), &finish.args),
        within: finish.within,
    });
    Plan {
        user: ids.map(user),
        chroot: program.chroot.as_deref().map(bytes),
        directory: Some(program.directory.as_deref().map_or(b"/".to_vec(), bytes)),
        environment: environment(program),
        environment_directory: kept.environment_directory.as_deref().map(bytes),
        limits: program.limits.clone(),
        nice: program.nice,
        umask: program.umask,
        no_new_privs: program.no_new_privs,
        new_session: program.new_session,
        stderr_to_stdout: kept.log.is_some(),
        ready: kept.ready,
        finish,
        stop_signal: kept.stop_signal,
        kill_after: kept.kill_after,
        restart: *restart,
        ..Plan::new(Task::Command(of(program)))
    }
}

/// What its log's writer is, with its folder and for the user that the host knows.
#[must_use]
pub fn log_plan(log: &KeptLog, folder: &[u8], ids: Option<&Ids>) -> Plan {
    let KeptLog { size, files, labels, .. } = *log;
    Plan {
        user: ids.map(user),
        directory: Some(b"/".to_vec()),
        environment: Environment { base: Base::Pass(Vec::new()), set: Vec::new() },
        umask: Some(0o027),
        no_new_privs: true,
        new_session: true,
        ..Plan::new(Task::Log(Log { folder: folder.to_vec(), size, files, labels }))
    }
}

fn user(ids: &Ids) -> User {
    User { uid: ids.uid, gid: ids.gid, groups: ids.groups.clone() }
}

fn of(program: &Program) -> Command {
    let own = match &program.argv0 {
        Argv0::BaseName => base_name(&program.path),
        Argv0::Given(word) => word,
    };
    command(&program.path, own, &program.args)
}

fn command(path: &str, own: &str, args: &[String]) -> Command {
    let arguments = std::iter::once(own).chain(args.iter().map(String::as_str));
    Command { file: bytes(path), arguments: arguments.map(bytes).collect() }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn environment(program: &Program) -> Environment {
    let portreeve_model::Environment { base, set, .. } = &program.environment;
    let base = match base {
        EnvironmentBase::Inherit => Base::Inherit,
        EnvironmentBase::Empty => Base::Pass(Vec::new()),
        EnvironmentBase::Pass(names) => Base::Pass(names.iter().map(|name| bytes(name)).collect()),
    };
    let set = set.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    Environment { base, set }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::{Dialect, Groups, Origin, Principal, Restart, Signal, Sited, Stderr};

    fn kept() -> Kept {
        let program = Program {
            path: "/usr/sbin/sshd".into(),
            argv0: Argv0::BaseName,
            args: vec!["-D".into(), "-e".into()],
            user: None,
            group: None,
            groups: Groups::None,
            umask: None,
            nice: None,
            limits: Vec::new(),
            environment: portreeve_model::Environment {
                set: vec![("PATH".into(), "/bin".into())],
                ..Default::default()
            },
            directory: None,
            chroot: None,
            no_new_privs: false,
            new_session: true,
            stderr: Stderr::Evidence,
            syslog: Default::default(),
        };
        Kept {
            name: "sshd".parse().unwrap(),
            program,
            environment_directory: None,
            ready: None,
            finish: None,
            stop_signal: Signal::TERM,
            kill_after: None,
            restart: Restart::default(),
            down: false,
            log: None,
            origin: Sited::new(
                (),
                Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native },
            ),
        }
    }

    #[test]
    fn a_service_of_the_configuration_is_a_plan() {
        let ids = Ids { uid: 5, gid: 6, groups: vec![7] };
        assert_eq!(
            plan(&kept(), Some(&ids)).to_text(),
            "plan 1\nfile /usr/sbin/sshd\nargument sshd\nargument -D\nargument -e\n\
             user 5\ngroup 6\nsupplementary-group 7\ndirectory /\n\
             environment-empty\nenvironment-set PATH /bin\nnew-session\n"
        );
        let log = KeptLog {
            directory: None,
            size: KeptLog::SIZE,
            files: KeptLog::FILES,
            labels: true,
            user: Principal::Number(9),
        };
        let ids = Ids { uid: 9, gid: 9, groups: Vec::new() };
        assert_eq!(
            log_plan(&log, b"/var/log/portreeve-services/sshd", Some(&ids)).to_text(),
            "plan 1\nlog /var/log/portreeve-services/sshd\nlog-size 1048576\nlog-files 10\n\
             log-labels\nuser 9\ngroup 9\ndirectory /\nenvironment-empty\numask 027\n\
             no-new-privs\nnew-session\n"
        );
    }

    #[test]
    fn links_have_a_name_of_their_own() {
        assert_eq!(link_name("/etc/service"), "etc%2Fservice");
        assert_eq!(link_name("/a%2Fb/"), "a%252Fb");
    }
}
