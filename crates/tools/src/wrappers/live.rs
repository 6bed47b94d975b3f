//! Carrying out what a rule says.

use super::asker::LookUp;
use super::dry::{banner, group, identity};
use super::expansion::value;
use super::shell::{self, Environment};
use super::{shown, socket};
use portreeve_model::wrappers::{Deed, Setting};
use portreeve_policy::Said;
use portreeve_policy::wrappers::{Request, User};
use portreeve_sys::Status;
use portreeve_sys::privileges::{Identity, become_somebody};
use portreeve_sys::user::group_list;
use rustix::net::sockopt;
use std::io::{self, Write};
use std::time::Duration;

/// How long a client may take to read a banner.
const BANNER: Duration = Duration::from_secs(10);

/// How requests are logged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels {
    pub(super) facility: Option<u8>,
    pub(super) granted: u8,
    pub(super) refused: u8,
}

/// What carrying out the options of a rule leaves behind.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) environment: Environment,
    pub(super) levels: Levels,
    pub(super) kind: socket::Kind,
}

/// What follows from an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next one.
    Goes,
    /// This command talks to the client from now on.
    Twist(Vec<u8>),
    /// The rule does not match.
    Fails(String),
    /// Nobody knows whether it matches.
    Unclear(String),
}

impl Live {
    /// Carries one out. An error refuses the client.
    pub(super) fn carry_out(
        &mut self,
        setting: &Setting,
        request: &mut Request,
        look_up: &mut dyn LookUp,
    ) -> Result<Next, String> {
        let text = value(setting, request, look_up)?;
        let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        let stdin = io::stdin();
        match &setting.deed {
            Deed::Allow | Deed::Deny | Deed::Wrong(_) => {}
            Deed::Severity(facility, severity) => {
                let facility = facility.map(|it| it.0).or(self.levels.facility);
                let level = severity.0;
                self.levels = Levels { facility, granted: level, refused: level };
            }
            Deed::Spawn => {
                if let Err(error) = shell::run(&text, &self.environment) {
                    look_up.warn(&failed("cannot run a command", &error));
                }
            }
            Deed::Twist => return Ok(Next::Twist(text)),
            Deed::Aclexec => return Ok(aclexec(&text, &self.environment)),
            Deed::KeepAlive => {
                if let Err(error) = sockopt::set_socket_keepalive(&stdin, true) {
                    look_up.warn(&failed("setsockopt SO_KEEPALIVE", &error));
                }
            }
            Deed::Linger(seconds) => {
                let linger = Some(Duration::from_secs(u64::from(*seconds)));
                if let Err(error) = sockopt::set_socket_linger(&stdin, linger) {
                    look_up.warn(&failed("setsockopt SO_LINGER", &error));
                }
            }
            Deed::Rfc931(_) => {
                if request.user == User::NotAsked {
                    request.user = look_up.user(request);
                }
            }
            Deed::Banners => {
                let text = banner(&text, request, look_up)?;
                if self.kind == socket::Kind::Stream && !text.is_empty() {
                    say(&text).unwrap_or_else(|error| look_up.warn(&failed("banner", &error)));
                }
            }
            Deed::Nice(by) => {
                if let Err(error) = rustix::process::nice(*by) {
                    look_up.warn(&failed("nice", &error));
                }
            }
            Deed::SetEnv => {
                let bad = || format!("bad variable name: \"{}\"", shown(&text));
                self.environment.push(shell::variable(&text).ok_or_else(bad)?);
            }
            Deed::Umask(mask) => {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(*mask));
            }
            Deed::User => become_user(&text)?,
            Deed::Group => become_group(&shown(&text))?,
        }
        Ok(Next::Goes)
    }
}

fn aclexec(text: &[u8], environment: &Environment) -> Next {
    let status = match shell::run(text, environment) {
        Ok(status) => status,
        Err(error) => return Next::Unclear(format!("aclexec: {error}")),
    };
    let (code, told) = match status {
        Status::Code(code) => (Some(code), format!("aclexec returned {code}")),
        Status::Signal(signal) => (None, format!("aclexec was ended by signal {signal}")),
    };
    match Said::by_exit(code) {
        Said::Yes => Next::Goes,
        Said::No => Next::Fails(told),
        Said::Nothing => Next::Unclear(told),
    }
}

/// To the client; one that does not read is not waited for.
fn say(text: &[u8]) -> io::Result<()> {
    let stdin = io::stdin();
    let send = sockopt::Timeout::Send;
    sockopt::set_socket_timeout(&stdin, send, Some(BANNER))?;
    let client = std::os::fd::AsFd::as_fd(&stdin).try_clone_to_owned()?;
    let written = std::fs::File::from(client).write_all(text);
    sockopt::set_socket_timeout(&stdin, send, None)?;
    written
}

fn become_user(text: &[u8]) -> Result<(), String> {
    let (name, uid, gid) = identity(text)?;
    let failed = |error: io::Error| format!("cannot become user \"{name}\": {error}");
    let now = Identity::own().map_err(failed)?;
    if now.uids == [uid; 3] && now.gids == [gid; 3] {
        return Ok(());
    }
    let groups = group_list(&name, gid).map_err(failed)?;
    become_somebody(Some(uid), gid, &groups).map_err(failed)
}

fn become_group(name: &str) -> Result<(), String> {
    let gid = group(name)?;
    let failed = |error: io::Error| format!("cannot become group \"{name}\": {error}");
    let now = Identity::own().map_err(failed)?;
    if now.gids == [gid; 3] {
        return Ok(());
    }
    become_somebody(None, gid, &[gid]).map_err(failed)
}
