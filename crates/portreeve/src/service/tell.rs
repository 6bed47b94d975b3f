//! What a supervisor is told: bytes into `supervise/control`.

use super::place::Place;
use crate::exit::{Exit, Failure};
use crate::render::text::visible;
use portreeve_sys::pipe;
use std::fs::File;
use std::io::{ErrorKind, Write};

/// Tells a service's supervisor, all in one write.
pub(crate) fn tell(place: &Place, letters: &[u8]) -> Result<(), Failure> {
    let name = place.shown();
    let control = match pipe::open_writer(&place.path.join("supervise/control")) {
        Ok(Some(control)) => control,
        Ok(None) => return Err(away(&name)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(never(&name)),
        Err(error) => return Err(refused(format_args!("tell the supervisor of `{name}`"), &error)),
    };
    match File::from(control).write(letters) {
        Ok(written) if written == letters.len() => Ok(()),
        Ok(_) => Err(deaf(&name)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(deaf(&name)),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(away(&name)),
        Err(error) => Err(refused(format_args!("tell the supervisor of `{name}`"), &error)),
    }
}

/// A deed that the system refused, and who may do it.
pub(crate) fn refused(deed: impl std::fmt::Display, error: &std::io::Error) -> Failure {
    let failure = Failure::system(deed, error);
    if failure.exit == Exit::NotPermitted { failure.help("be root") } else { failure }
}

/// It had a supervisor once.
pub(crate) fn away(name: &str) -> Failure {
    Failure::new(Exit::Unavailable, format!("no supervisor runs for `{name}`")).help(KEEPER)
}

/// It had a supervisor once, which left this process behind.
pub(crate) fn left(name: &str, pid: u32) -> Failure {
    let text = format!("no supervisor runs for `{name}`, whose process {pid} still runs");
    Failure::new(Exit::Unavailable, text).help(KEEPER)
}

/// It never had one.
pub(crate) fn never(name: &str) -> Failure {
    Failure::new(Exit::Unavailable, format!("`{name}` has never been supervised")).help(KEEPER)
}

/// The door does not give it to the keeper, for these reasons.
pub(crate) fn held(name: &str, why: &str) -> Failure {
    let why = why.lines().map(visible).collect::<Vec<_>>().join("; ");
    let text = format!("`{name}` is held back: {why}");
    Failure::new(Exit::Unavailable, text)
        .help("it is started as soon as the host has what it wants, which is looked for by itself")
}

fn deaf(name: &str) -> Failure {
    let text = format!("the supervisor of `{name}` does not read what it is told");
    Failure::new(Exit::Unavailable, text).help("is it stopped?")
}

const KEEPER: &str = "does its keeper run (`svscan`, portreeve-keeper.service)?";
