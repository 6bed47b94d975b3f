//! `tcpclient`: a program with a connection to a server; and the small clients made of it.

mod connect;
mod small;

pub(crate) use small::{date, finger, http, mconnect, tcpcat, who};

use super::ends::Ends;
use super::{Ask, Families, Tells, counted, figure};
use crate::applet::Call;
use crate::chain::Program;
use crate::options::Options;
use crate::trouble::Trouble;
use connect::{Patience, To, connect};
use portreeve_sys::program::place;
use portreeve_sys::socket::local_address;
use std::ffi::OsString;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

/// The letters; a colon follows one that takes a value.
const LETTERS: &str = "46hHrRdDqQvi:p:T:l:t:I:";

/// `tcpclient OPTIONS HOST PORT PROGRAM…`: becomes the program, which reads the connection at
/// descriptor 6 and writes it at 7.
pub(crate) fn tcpclient(call: &Call) -> Result<ExitCode, Trouble> {
    let mut options = Options::of(call, LETTERS);
    let wanted = Wanted::of(&mut options)?;
    match become_program(&wanted, options.operands()) {
        // as the ancestor's: once the options are read, it says nothing at all
        Err(trouble) if wanted.tells == Tells::Nothing => Ok(ExitCode::from(trouble.code())),
        other => other,
    }
}

/// What the options say.
#[derive(Debug)]
struct Wanted {
    families: Families,
    /// `-i`, `-p`: where the connection comes from; the kernel's choice without.
    from: (Option<IpAddr>, u16),
    /// `-I`
    interface: u32,
    /// `-T`
    patience: Patience,
    /// `-D`
    no_delay: bool,
    tells: Tells,
    ask: Ask,
}

impl Wanted {
    fn new() -> Self {
        Self {
            families: Families::Both,
            from: (None, 0),
            interface: 0,
            patience: Patience::default(),
            no_delay: false,
            tells: Tells::Errors,
            ask: Ask::new(),
        }
    }

    fn of(options: &mut Options<'_>) -> Result<Self, Trouble> {
        let mut wanted = Self::new();
        let mut ident = None;
        while let Some(chosen) = options.take()? {
            let value = chosen.value;
            match chosen.letter {
                b'4' => wanted.families = Families::V4,
                b'6' => wanted.families = Families::V6,
                b'd' => wanted.no_delay = false,
                b'D' => wanted.no_delay = true,
                b'q' => wanted.tells = Tells::Nothing,
                b'Q' => wanted.tells = Tells::Errors,
                b'v' => wanted.tells = Tells::All,
                b'i' => wanted.from.0 = Some(figure::literal(value).ok_or(Trouble::Usage)?),
                b'p' => {
                    let port = counted('p', value, 0, u32::from(u16::MAX))?;
                    wanted.from.1 = u16::try_from(port).unwrap_or(u16::MAX);
                }
                b'T' => wanted.patience = Patience::of(value)?,
                b't' => {
                    let seconds = counted('t', value, 0, u32::MAX)?;
                    ident = Some(Duration::from_secs(u64::from(seconds)));
                }
                b'I' => wanted.interface = figure::interface(value)?,
                letter => wanted.ask.take(letter, value),
            }
        }
        if wanted.ask.ident.is_some() {
            wanted.ask.ident = ident.or(wanted.ask.ident);
        }
        Ok(wanted)
    }
}

fn become_program(wanted: &Wanted, operands: &[OsString]) -> Result<ExitCode, Trouble> {
    let [host, port, words @ ..] = operands else { return Err(Trouble::Usage) };
    let mut program = Program::of(words).ok_or(Trouble::Usage)?;
    let to = To::of(wanted, host, port)?;
    let Some((socket, address)) = connect(wanted, &to)? else { return Ok(ExitCode::from(111)) };
    let failed = |deed: &'static str| move |error| Trouble::system(deed, &error);
    let local = local_address(&socket).map_err(failed("unable to get local address"))?;
    let ends = Ends::find(&wanted.ask, (local.ip(), local.port()), (address, to.port));
    ends.tell(&mut program);
    let both = [(socket.as_fd(), 6), (socket.as_fd(), 7)];
    place(&both).map_err(failed("unable to set up descriptors"))?;
    Err(program.run())
}
