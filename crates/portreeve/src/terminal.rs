//! The edge to the terminal: colour or not, and writing without complaint to a reader that left.

use crate::exit::Failure;
use portreeve_diag::Paint;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};

/// How answers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// Text for people.
    Text(Paint),
}

impl Form {
    /// JSON if asked for; else text, coloured if standard output is a terminal that wants it.
    pub(crate) fn of_output(json: bool) -> Self {
        if json { Self::Json } else { Self::Text(paint(io::stdout().is_terminal())) }
    }
}

/// Colour for a terminal, unless `NO_COLOR` is set to something (no-color.org) or the terminal
/// says that it is dumb.
fn paint(terminal: bool) -> Paint {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if terminal && !set("NO_COLOR") && !dumb { Paint::Colour } else { Paint::Plain }
}

/// Colour of what goes to standard error.
pub(crate) fn error_paint() -> Paint {
    paint(io::stderr().is_terminal())
}

/// Columns of the terminal that standard output is; `None` where it is none, and lines are left
/// whole.
pub(crate) fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).max(20))
}

/// Whether somebody can be asked: standard input and standard error are terminals.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question whose answer is yes or no; anything but a yes is a no.
pub(crate) fn ask(question: &str) -> bool {
    remark(&format!("{question} [y/N] "));
    let mut line = String::new();
    let read = io::stdin().lock().take(16).read_line(&mut line);
    read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes" | "Yes" | "YES")
}

/// Whether the reader still wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It does.
    There,
    /// It has closed its end: end quietly.
    Gone,
}

/// Writes all of `bytes` to `to` and flushes.
///
/// # Errors
/// Whatever keeps the bytes from being written, but for a reader that left.
pub(crate) fn write_all(to: &mut impl Write, bytes: &[u8]) -> io::Result<Reader> {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// Writes an answer to standard output.
///
/// # Errors
/// As [`write_all`].
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    write_all(&mut io::stdout().lock(), text.as_bytes())
        .map(drop)
        .map_err(|error| Failure::system("write to standard output", &error))
}

/// Says something beside the answer, on standard error. Whether anybody reads it is not known.
pub(crate) fn remark(text: &str) {
    let _nobody_to_tell = write_all(&mut io::stderr().lock(), text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
        let gone = write_all(&mut Failing(ErrorKind::BrokenPipe), b"x").unwrap();
        assert_eq!(gone, Reader::Gone);
        assert!(write_all(&mut Failing(ErrorKind::StorageFull), b"x").is_err());
        assert_eq!(write_all(&mut Vec::new(), b"x").unwrap(), Reader::There);
    }
}
