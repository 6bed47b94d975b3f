//! Whether somebody has come in anew: by the processes from theirs up to the first. Pure.

use crate::host::process::Process;
use portreeve_wire::control::ProcessSession;
use std::time::Duration;

/// Programs one of which serves each login: the login is as old as the lowest of them.
const OF_ONE_LOGIN: [&str; 3] = ["sshd", "sshd-session", "dropbear"];

/// Programs that may be there long before the login that they let in.
const OF_MANY_LOGINS: [&str; 12] = [
    "portreeved",
    "login",
    "agetty",
    "getty",
    "in.telnetd",
    "telnetd",
    "xinetd",
    "inetd",
    "in.rlogind",
    "gdm-session-wor",
    "lightdm",
    "sddm-helper",
];

/// When the login began to which the first of these processes belongs: the youngest moment at which
/// all of them, up to the program that let them in, were there. A program between that was there
/// before (an old shell, `tmux`, `screen`, a shared connection) makes it as old as that.
pub(crate) fn login_began(ancestors: &[Process]) -> Option<Duration> {
    let name = |process: &Process, list: &[&str]| list.contains(&process.program.as_str());
    let gate = ancestors.iter().position(|p| name(p, &OF_ONE_LOGIN) || name(p, &OF_MANY_LOGINS));
    let counted = match gate.and_then(|at| Some((at, ancestors.get(at)?))) {
        Some((at, gate)) if name(gate, &OF_ONE_LOGIN) => ancestors.get(..=at)?,
        Some((at, _)) => ancestors.get(..at)?,
        // come in from outside this namespace of processes, as by `docker exec`
        None if ancestors.last().is_some_and(|last| last.parent == 0 && last.pid != 1) => ancestors,
        None => return None,
    };
    counted.iter().map(|process| process.began).min()
}

/// For how many milliseconds the login of this process has been there.
pub(crate) fn login_age(ancestors: &[Process], since_boot: Duration) -> Option<u64> {
    let age = since_boot.checked_sub(login_began(ancestors)?)?;
    u64::try_from(age.as_millis()).ok()
}

/// What a confirmation has to prove.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// Keys of the services on trial.
    pub(crate) services: &'a [String],
    /// Whether one logs in by them, and so must have.
    pub(crate) login: bool,
    /// When the trial began: milliseconds of the monotonic clock.
    pub(crate) began: u64,
    /// The same, counted from the boot.
    pub(crate) began_since_boot: Duration,
}

/// How the asker came in, if that was since the trial began.
///
/// # Errors
/// Why it proves nothing.
pub(crate) fn judge(
    wanted: &Wanted<'_>,
    ancestors: &[Process],
    sessions: &[ProcessSession],
) -> Result<String, String> {
    let names = wanted.services.join(", ");
    let mut mine = sessions.iter().filter(|session| wanted.services.contains(&session.service));
    let has = |session: &&ProcessSession| session.since >= wanted.began;
    if wanted.login {
        if let Some(session) = mine.clone().find(has) {
            return Ok(format!("a session of {}, process {}", session.service, session.pid));
        }
        return Err(match mine.next() {
            Some(old) => format!(
                "this connection (a session of {}, process {}) was there before the trial began",
                old.service, old.pid
            ),
            None => format!("this shell did not come in through {names} as the door has it now"),
        });
    }
    match login_began(ancestors) {
        // ages of processes are told in hundredths of a second
        Some(began) if began > wanted.began_since_boot => Ok("a login of since then".into()),
        Some(_) => Err("this login, or a program in it, was there before the trial began".into()),
        None => Err("this is no login that can be recognised as one".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name@second`, lowest first, each the parent of the one before.
    fn chain(text: &str) -> Vec<Process> {
        let names: Vec<_> = text.split(' ').collect();
        let count = u32::try_from(names.len()).unwrap();
        let process = |(index, word): (u32, &&str)| {
            let (program, second) = word.split_once('@').unwrap();
            let began = Duration::from_secs(second.parse().unwrap());
            let pid = if index + 1 == count && program == "init" { 1 } else { 100 - index };
            let parent = if index + 1 == count { 0 } else { 99 - index };
            Process { pid, program: program.into(), parent, began }
        };
        (0..).zip(&names).map(process).collect()
    }

    #[test]
    fn a_login_is_as_old_as_the_oldest_program_in_it() {
        for (text, want) in [
            ("portreeve@90 bash@80 sshd@80 sshd@79 sshd@5 init@0", Some(80)),
            ("portreeve@90 sudo@89 bash@80 sshd-session@79 sshd@5 init@0", Some(79)),
            ("portreeve@90 bash@85 tmux@20 init@0", None), // its server has no login above it
            ("portreeve@90 bash@85 tmux@20 bash@10 sshd@10 sshd@5 init@0", Some(10)),
            ("portreeve@90 bash@20 sshd@20 sshd@5 init@0", Some(20)),
            ("portreeve@90 bash@85 sshd@20 sshd@20 sshd@5 init@0", Some(20)), // shared connection
            ("portreeve@90 bash@80 login@5 init@0", Some(80)),
            ("portreeve@90 sh@80 telnetd@80 portreeved@5 init@0", Some(80)),
            ("portreeve@90 sh@80 portreeved@5 init@0", Some(80)),
            ("portreeve@90 sh@80", Some(80)),
            ("portreeve@90 init@0", None),
        ] {
            assert_eq!(login_began(&chain(text)).map(|d| d.as_secs()), want, "{text}");
        }
    }

    #[test]
    fn ssh_is_confirmed_through_ssh_alone() {
        let services = ["ssh".to_owned()];
        let since_boot = Duration::from_secs(50);
        let wanted =
            Wanted { services: &services, login: true, began: 1000, began_since_boot: since_boot };
        let shell = chain("portreeve@90 bash@80 sshd@80 portreeved@5 init@0");
        let session =
            |service: &str, since| ProcessSession { pid: 98, service: service.to_owned(), since };
        assert!(judge(&wanted, &shell, &[session("ssh", 1000)]).is_ok());
        let old = judge(&wanted, &shell, &[session("ssh", 999)]).unwrap_err();
        assert!(old.contains("before the trial"), "{old}");
        for none in [vec![], vec![session("telnet", 2000)]] {
            let other = judge(&wanted, &shell, &none).unwrap_err();
            assert!(other.contains("did not come in through ssh"), "{other}");
        }
        let web = Wanted { login: false, ..wanted };
        assert!(judge(&web, &shell, &[]).is_ok());
        let old = chain("portreeve@90 bash@20 sshd@20 sshd@5 init@0");
        assert!(judge(&web, &old, &[]).unwrap_err().contains("before the trial"));
        assert!(judge(&web, &chain("x@90 init@0"), &[]).unwrap_err().contains("no login"));
    }
}
