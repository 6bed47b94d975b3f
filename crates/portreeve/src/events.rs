//! `portreeve events`.

use crate::args::EventsArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::lines::{self, Escapes};
use crate::standing;
use crate::terminal::{self, Form, Reader};
use portreeve_diag::Paint;
use portreeve_wire::control::{Answer, Request};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Between two questions whether the next clerk is there.
const RETRY: Duration = Duration::from_millis(250);

/// Shows past events, then those that happen; JSON is one event a line, as in the event log.
pub(crate) fn run(args: &EventsArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let (json, escapes) = match form {
        Form::Json => (true, Escapes::Json),
        Form::Text(Paint::Plain) => (false, Escapes::None),
        Form::Text(Paint::Colour) => (false, Escapes::Colours),
    };
    let colour = escapes == Escapes::Colours;
    let request = |last| Request::Events { json, last, follow: args.follow, colour };
    let mut stream = subscribe(paths, &request(args.last)).map_err(|failure| {
        match failure.exit == Exit::Unavailable {
            true => past(failure, paths),
            false => failure,
        }
    })?;
    while copy(&mut BufReader::new(stream), &mut io::stdout().lock(), escapes)? == Reader::There
        && args.follow
    {
        stream = again(paths, &request(0))?;
    }
    Ok(Exit::Yes)
}

/// Events after the clerk that sent them has gone: from the next one, as long as there is a door.
fn again(paths: &Paths, request: &Request) -> Result<UnixStream, Failure> {
    loop {
        if let Ok(stream) = subscribe(paths, request) {
            let log = paths.event_log();
            terminal::remark(&format!(
                "portreeve: the clerk was started again; what is missing here is in {}, if the log \
                 is kept in files\n",
                log.display()
            ));
            return Ok(stream);
        }
        if standing::ask(paths).is_none() {
            return Err(past(Failure::new(Exit::Unavailable, "the door has closed"), paths));
        }
        std::thread::sleep(RETRY);
    }
}

fn past(failure: Failure, paths: &Paths) -> Failure {
    if std::fs::symlink_metadata(paths.event_log()).is_err_and(|e| e.kind() == ErrorKind::NotFound)
    {
        return failure; // the log may go elsewhere
    }
    failure.help(format!("past events are in {}", paths.event_log().display()))
}

fn subscribe(paths: &Paths, request: &Request) -> Result<UnixStream, Failure> {
    let answered = client::ask(paths, request, Patience::Glance)?;
    let Answer::Events = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    Ok(answered.stream)
}

/// Copies lines until the door ends the stream or the reader leaves, and says whether the reader is
/// there; each line bounded and made harmless, and written at once.
fn copy(
    from: &mut impl BufRead,
    to: &mut impl io::Write,
    escapes: Escapes,
) -> Result<Reader, Failure> {
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.take(lines::LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(Reader::There),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Reader::There),
            Err(error) => return Err(Failure::system("read events from the door", &error)),
        }
        let shown = lines::harmless(&String::from_utf8_lossy(&line), escapes);
        match terminal::write_all(to, shown.as_bytes()) {
            Ok(Reader::There) => {}
            Ok(Reader::Gone) => return Ok(Reader::Gone),
            Err(error) => return Err(Failure::system("write to standard output", &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_through_bounded_and_harmless() {
        let mut input = b"one \x1b[2J\ntwo".to_vec();
        let mut out = Vec::new();
        copy(&mut input.as_slice(), &mut out, Escapes::None).unwrap();
        assert_eq!(out, b"one \\x1b[2J\ntwo\n");
        input = vec![b'x'; 3 * 65_536];
        out.clear();
        copy(&mut input.as_slice(), &mut out, Escapes::None).unwrap();
        assert!(out.split(|b| *b == b'\n').all(|line| line.len() <= 65_536));
    }
}
