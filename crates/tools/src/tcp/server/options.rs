//! What a call of `tcpserver` asks for.

use crate::chain::Program;
use crate::options::{Options, shown};
use crate::tcp::{Ask, Families, Tells, counted, figure};
use crate::trouble::Trouble;
use portreeve_sys::user::{lookup_group, lookup_uid, lookup_user};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// Connections at a time, at most: a machine has no more processes.
const MOST: u32 = 4 << 20;

/// The letters; a colon follows one that takes a value.
pub(super) const LETTERS: &str = "146UXpPhHrRoOdDqQvc:x:B:g:u:b:l:t:I:";

/// All of it, and the program.
#[derive(Debug)]
pub(super) struct Wanted {
    /// `-1`: the port is printed.
    pub(super) print_port: bool,
    /// `-c`
    pub(super) limit: u32,
    /// `-x`
    pub(super) rules: Option<OsString>,
    /// `-X`: without that file everybody is let in.
    pub(super) rules_may_miss: bool,
    /// `-B`
    pub(super) banner: Vec<u8>,
    /// `-b`
    pub(super) backlog: i32,
    /// `-D`
    pub(super) no_delay: bool,
    /// `-o`: IP options of the client stay.
    pub(super) keep_ip_options: bool,
    /// `-4`, `-6`
    pub(super) families: Families,
    /// `-I`: the number of the interface that a link-local address belongs to.
    pub(super) interface: u32,
    /// `-u`, `-U`: whom to become; nothing stays who it is.
    pub(super) uid: Option<u32>,
    /// `-g`, `-U`, or the group of `-u`'s account.
    pub(super) gid: Option<u32>,
    /// `-q`, `-Q`, `-v`
    pub(super) tells: Tells,
    /// What is found out about a connection.
    pub(super) ask: Ask,
    pub(super) host: OsString,
    pub(super) port: u16,
    pub(super) program: Program,
}

impl Wanted {
    /// What the options say.
    pub(super) fn of(options: &mut Options<'_>) -> Result<Self, Trouble> {
        let program = Program::of(&[OsString::new()]).ok_or(Trouble::Usage)?;
        let mut wanted = Self::with(program);
        let mut ident = None;
        while let Some(chosen) = options.take()? {
            match chosen.letter {
                b't' => {
                    let seconds = counted('t', chosen.value, 0, u32::MAX)?;
                    ident = Some(Duration::from_secs(u64::from(seconds)));
                }
                letter => wanted.take(letter, chosen.value)?,
            }
        }
        if wanted.ask.ident.is_some() {
            wanted.ask.ident = ident.or(wanted.ask.ident);
        }
        Ok(wanted)
    }

    /// What follows them: host, port and program.
    pub(super) fn complete(&mut self, operands: &[OsString]) -> Result<(), Trouble> {
        let [host, port, words @ ..] = operands else { return Err(Trouble::Usage) };
        self.program = Program::of(words).ok_or(Trouble::Usage)?;
        self.host.clone_from(host);
        self.port = figure::port(port)?;
        self.complete_gid()
    }

    /// Whether a connection needs nobody to be asked and nothing to be said: then finding out whether
    /// it may come in takes no time, and the number of its process is not told before there is one.
    pub(super) fn is_plain(&self) -> bool {
        let asks = self.ask.local.is_none() || self.ask.remote || self.ask.ident.is_some();
        !asks && self.banner.is_empty() && self.tells != Tells::All
    }

    fn with(program: Program) -> Self {
        Self {
            print_port: false,
            limit: 40,
            rules: None,
            rules_may_miss: false,
            banner: Vec::new(),
            backlog: 20,
            no_delay: false,
            keep_ip_options: false,
            families: Families::Both,
            interface: 0,
            uid: None,
            gid: None,
            tells: Tells::Errors,
            ask: Ask::new(),
            host: OsString::new(),
            port: 0,
            program,
        }
    }

    fn take(&mut self, letter: u8, value: &[u8]) -> Result<(), Trouble> {
        match letter {
            b'1' => self.print_port = true,
            b'4' => self.families = Families::V4,
            b'6' => self.families = Families::V6,
            b'U' => {
                self.uid = Some(variable("UID")?);
                self.gid = Some(variable("GID")?);
            }
            b'X' => self.rules_may_miss = true,
            b'o' => self.keep_ip_options = true,
            b'O' => self.keep_ip_options = false,
            b'd' => self.no_delay = false,
            b'D' => self.no_delay = true,
            b'q' => self.tells = Tells::Nothing,
            b'Q' => self.tells = Tells::Errors,
            b'v' => self.tells = Tells::All,
            b'c' => self.limit = counted('c', value, 1, MOST)?,
            b'x' => self.rules = Some(OsStr::from_bytes(value).to_owned()),
            b'B' => self.banner = value.to_vec(),
            b'g' => self.gid = Some(group(value)?),
            b'u' => self.take_user(value)?,
            b'b' => {
                let backlog = counted('b', value, 0, i32::MAX.cast_unsigned())?;
                self.backlog = backlog.cast_signed();
            }
            b'I' => self.interface = figure::interface(value)?,
            letter => self.ask.take(letter, value),
        }
        Ok(())
    }

    /// By number, or by name and then with the account's group.
    fn take_user(&mut self, value: &[u8]) -> Result<(), Trouble> {
        if let Some(uid) = numeric(value) {
            self.uid = Some(uid);
            return Ok(());
        }
        let text = shown(OsStr::from_bytes(value));
        let deed = format!("unable to look up account {text}");
        let found = lookup_user(&text).map_err(|error| Trouble::system(&deed, &error))?;
        let user = found.ok_or_else(|| Trouble::System(format!("unknown account {text}")))?;
        self.uid = Some(user.uid);
        self.gid = self.gid.or(Some(user.gid));
        Ok(())
    }

    /// Whoever becomes a user takes that account's group, unless one is given; root's never stays.
    /// `0` changes nothing.
    fn complete_gid(&mut self) -> Result<(), Trouble> {
        self.uid = self.uid.filter(|uid| *uid != 0);
        self.gid = self.gid.filter(|gid| *gid != 0);
        let (Some(uid), None, true) = (self.uid, self.gid, portreeve_sys::privileges::is_root())
        else {
            return Ok(());
        };
        let deed = format!("unable to look up account {uid}");
        let found = lookup_uid(uid).map_err(|error| Trouble::system(&deed, &error))?;
        let Some(user) = found else {
            let deed = format!("unable to figure out the group of uid {uid}");
            return Err(Trouble::because(&deed, "there is no such account; -g says which"));
        };
        self.gid = Some(user.gid);
        Ok(())
    }
}

fn numeric(text: &[u8]) -> Option<u32> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    // the highest number is no user's: it means "nobody is changed" to the system
    let number = std::str::from_utf8(text).ok()?.parse().ok();
    number.filter(|number| digits && *number != u32::MAX)
}

fn group(value: &[u8]) -> Result<u32, Trouble> {
    if let Some(gid) = numeric(value) {
        return Ok(gid);
    }
    let text = shown(OsStr::from_bytes(value));
    let deed = format!("unable to look up group {text}");
    let found = lookup_group(&text).map_err(|error| Trouble::system(&deed, &error))?;
    found.map(|group| group.gid).ok_or_else(|| Trouble::System(format!("unknown group {text}")))
}

/// `$UID` and `$GID`, which `envuidgid` sets; without them `-U` would stay root unsaid.
fn variable(name: &str) -> Result<u32, Trouble> {
    let value = std::env::var_os(name);
    let number = value.as_deref().and_then(|value| numeric(value.as_bytes()));
    number.ok_or_else(|| Trouble::Wrong(format!("-U needs a number in ${name}").into()))
}
