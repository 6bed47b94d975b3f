//! tcpd: in front of a daemon that a super-server starts.

use super::asker::{LookUp, ask};
use super::dry::trouble;
use super::files::{Folder, Loaded};
use super::live::{Levels, Live, Next};
use super::socket::{Ends, Kind, endpoint, ends, swallow_datagram};
use super::{because, ident, names, shell, shown};
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_model::wrappers::Deed;
use portreeve_policy::wrappers::{Answers, Decided, End, Name, Request, Side, Start, User};
use portreeve_sys::socket::is_source_routed;
use portreeve_sys::syslog::SystemLog;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Where daemons are that are called by their name alone.
const DAEMONS: &str = "/usr/sbin";

/// Syslog's numbers.
const DAEMON: u8 = 3;
const ERR: u8 = 3;
const WARNING: u8 = 4;
const INFO: u8 = 6;

/// How long an ident server may take, where no rule says otherwise.
const IDENT: Duration = Duration::from_secs(10);

/// How long a refused client's process waits, so that it is not started again at once.
const PAUSE: Duration = Duration::from_secs(5);

/// `tcpd`, called by the daemon's name: asks the rules about the client on descriptor 0, and becomes
/// the daemon.
pub(crate) fn tcpd(call: &Call) -> Result<ExitCode, Trouble> {
    let (called, arguments) = match Path::new(&call.called).file_name() {
        // `portreeve-tools tcpd NAME ARGUMENTS`
        Some(name) if name == "tcpd" => call.arguments.split_first().ok_or(Trouble::Usage)?,
        _ => (&call.called, call.arguments.as_slice()),
    };
    let path = Path::new(DAEMONS).join(called); // an absolute one stays
    let name = path.file_name().unwrap_or(path.as_os_str()).to_owned();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let log = SystemLog::open(&name.to_string_lossy(), DAEMON);
    let door = Door { log, ends: ends(), path };
    Ok(door.serve(&name, called, arguments))
}

/// One connection.
struct Door {
    log: SystemLog,
    ends: Ends,
    /// The daemon.
    path: PathBuf,
}

/// How a request went.
enum Outcome {
    Granted,
    Refused,
    Twist(Vec<u8>),
}

impl Door {
    fn serve(&self, name: &OsStr, called: &OsStr, arguments: &[OsString]) -> ExitCode {
        let mut request = Request {
            daemon: name.as_bytes().to_vec(),
            client: endpoint(self.ends.client),
            server: endpoint(self.ends.server),
            pid: std::process::id(),
            ..Request::default()
        };
        let levels = Levels { facility: None, granted: INFO, refused: WARNING };
        let mut live = Live { environment: Vec::new(), levels, kind: self.ends.kind };
        let mut asked = Asked { door: self, timeout: IDENT, place: None };
        if let Some(error) = &self.ends.error {
            asked.warn(&format!("can't get client address: {}", because(error)));
        }
        let routed = is_source_routed(io::stdin()).unwrap_or(false);
        let outcome = if routed {
            asked.warn("the client sends with IP source routing options");
            Outcome::Refused
        } else {
            self.asked(&mut request, &mut live, &mut asked)
        };
        let client = self.client(&request);
        let Levels { facility, granted, refused } = live.levels;
        match outcome {
            Outcome::Granted => {
                self.log.say(facility, granted, &[b"connect from ", &client[..]].concat());
                self.become_daemon(called, arguments, &live)
            }
            Outcome::Refused => {
                self.log.say(facility, refused, &[b"refused connect from ", &client[..]].concat());
                self.refuse()
            }
            Outcome::Twist(command) => {
                let client = request.client_text();
                let text = [b"twist ", &client[..], b" to ", &command].concat();
                self.log.say(facility, refused, &text);
                let error = shell::become_shell(&command, &live.environment);
                self.log.say(None, ERR, format!("error: twist: {}", because(&error)).as_bytes());
                self.refuse()
            }
        }
    }

    /// The client as logs show it.
    fn client(&self, request: &Request) -> Vec<u8> {
        let address = request.client.address.as_deref().unwrap_or("unknown");
        [&request.client_text()[..], b" (", address.as_bytes(), b")"].concat()
    }

    /// Follows the rules to their end.
    fn asked(&self, request: &mut Request, live: &mut Live, asked: &mut Asked<'_>) -> Outcome {
        let loaded = Folder::Etc.load();
        let mut answers = Answers::default();
        let mut start = Start::Beginning;
        loop {
            let decided = ask(&loaded.tables, request, &mut answers, start, asked);
            asked.place = decided.found.map(|found| (loaded.path(found.which), found.line));
            match self.carried_out(&decided, &loaded, request, live, asked) {
                Ok(outcome) => return outcome,
                Err(again) => start = again,
            }
            asked.place = None;
        }
    }

    fn carried_out(
        &self,
        decided: &Decided<'_>,
        loaded: &Loaded,
        request: &mut Request,
        live: &mut Live,
        asked: &mut Asked<'_>,
    ) -> Result<Outcome, Start> {
        for setting in decided.settings {
            let setting = &setting.value;
            if let Deed::Rfc931(Some(seconds)) = setting.deed {
                asked.timeout = Duration::from_secs(u64::from(seconds));
            }
            match live.carry_out(setting, request, asked) {
                Ok(Next::Goes) => {}
                Ok(Next::Twist(command)) => return Ok(Outcome::Twist(command)),
                Ok(Next::Fails(text)) => {
                    self.log.say(live.levels.facility, live.levels.granted, text.as_bytes());
                    let found = decided.found.map(|found| (found.which, found.number));
                    return match found {
                        Some((which, number)) => Err(Start::After(which, number)),
                        None => Ok(Outcome::Refused),
                    };
                }
                Ok(Next::Unclear(text)) => {
                    self.log.say(live.levels.facility, live.levels.granted, text.as_bytes());
                    return Ok(Outcome::Refused);
                }
                Err(text) => {
                    asked.error(&text);
                    return Ok(Outcome::Refused);
                }
            }
        }
        if decided.end == End::Granted {
            return Ok(Outcome::Granted);
        }
        if let Some(text) = trouble(&decided.end, decided, loaded) {
            asked.error(&text);
        }
        Ok(Outcome::Refused)
    }

    fn become_daemon(&self, called: &OsStr, arguments: &[OsString], live: &Live) -> ExitCode {
        let path = &self.path;
        let error = if path.file_name().is_some_and(|name| name == "tcpd") {
            format!("{} is recursively calling itself", path.display())
        } else {
            let error = shell::become_daemon(path, called, arguments, &live.environment);
            format!("cannot execute {}: {}", path.display(), because(&error))
        };
        self.log.say(None, ERR, format!("error: {error}").as_bytes());
        self.refuse()
    }

    /// Ends, and not at once.
    fn refuse(&self) -> ExitCode {
        if self.ends.kind == Kind::Datagrams {
            swallow_datagram();
        }
        std::thread::sleep(PAUSE);
        ExitCode::SUCCESS
    }
}

/// Finds out about the connection, and logs what goes wrong.
struct Asked<'d> {
    door: &'d Door,
    timeout: Duration,
    /// The rule at hand: file and line.
    place: Option<(String, u32)>,
}

impl Asked<'_> {
    fn error(&self, text: &str) {
        self.tagged("error", text);
    }

    fn tagged(&self, tag: &str, text: &str) {
        match &self.place {
            Some((path, line)) => self.say(ERR, &format!("{tag}: {path}, line {line}: {text}")),
            None => self.say(ERR, &format!("{tag}: {text}")),
        }
    }

    fn say(&self, severity: u8, text: &str) {
        self.door.log.say(None, severity, text.as_bytes());
    }
}

impl LookUp for Asked<'_> {
    fn name(&mut self, _: &Request, side: Side) -> Name {
        let end = match side {
            Side::Client => self.door.ends.client,
            Side::Server => self.door.ends.server,
        };
        let Some(address) = end else { return Name::Unknown };
        let mut warnings = Vec::new();
        let name = names::name(address.ip(), &mut |text| warnings.push(text.to_owned()));
        warnings.iter().for_each(|text| self.warn(text));
        name
    }

    fn user(&mut self, _: &Request) -> User {
        match (&self.door.ends, self.timeout) {
            (
                Ends { kind: Kind::Stream, client: Some(client), server: Some(server), .. },
                limit,
            ) => ident::user(*server, *client, limit),
            _ => User::Unknown,
        }
    }

    fn warn(&mut self, text: &str) {
        self.tagged("warning", &shown(text.as_bytes()));
    }
}
