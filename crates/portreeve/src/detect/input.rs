//! Where the lines come from: files, and standard input.

use crate::exit::{Exit, Failure};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// How files begin that are compressed, and what undoes it.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "zcat"),
    (b"BZh", "bzcat"),
    (b"\xfd7zXZ\x00", "xzcat"),
    (b"\x28\xb5\x2f\xfd", "zstdcat"),
];

/// Something that is read, and what it is called.
pub(crate) struct Input {
    /// Its name, as it was given; `-` for standard input.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) from: Box<dyn Read>,
}

/// What is to be read.
///
/// # Errors
/// No file is named, and somebody sits where standard input is.
pub(crate) fn named(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    match files {
        [] if io::stdin().is_terminal() => {
            Err(Failure::new(Exit::Usage, "name a log file, or pipe one in")
                .help("`portreeve detect /var/log/auth.log`, or `… | portreeve detect`"))
        }
        [] => Ok(vec![PathBuf::from("-")]),
        files => Ok(files.to_vec()),
    }
}

/// Opens one.
///
/// # Errors
/// It is not there, may not be read, is no file with lines, or is compressed.
pub(crate) fn open(path: &Path) -> Result<Input, Failure> {
    if path == Path::new("-") {
        let (head, stdin) = (Vec::new(), io::stdin());
        return plain("-", head, stdin.lock());
    }
    let name = path.display().to_string();
    let failed = |error: io::Error| Failure::system(format!("read {name}"), &error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    plain(&name, Vec::new(), file)
}

/// What begins as no compressed file does.
fn plain(name: &str, mut head: Vec<u8>, mut from: impl Read + 'static) -> Result<Input, Failure> {
    let failed = |error: io::Error| Failure::system(format!("read {name}"), &error);
    // Whoever writes into a pipe may write its first line in pieces, but not its first byte.
    from.by_ref().take(1).read_to_end(&mut head).map_err(failed)?;
    if COMPRESSED.iter().any(|(magic, _)| magic.first() == head.first()) {
        from.by_ref().take(5).read_to_end(&mut head).map_err(failed)?;
    }
    if let Some((_, with)) = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic)) {
        let message = format!("{name} is compressed");
        let piped = if name == "-" { "…" } else { name };
        return Err(Failure::new(Exit::Usage, message)
            .help(format!("`{with} {piped} | portreeve detect -` reads it")));
    }
    Ok(Input { name: name.to_owned(), from: Box::new(io::Cursor::new(head).chain(from)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<Vec<u8>, Failure> {
        let mut input = plain("x.log", Vec::new(), bytes)?;
        let mut all = Vec::new();
        input.from.read_to_end(&mut all).unwrap();
        Ok(all)
    }

    #[test]
    fn what_is_compressed_is_refused_with_the_way_to_read_it() {
        for (bytes, with) in [
            (&b"\x1f\x8b\x08rest"[..], "`zcat x.log | portreeve detect -`"),
            (b"BZh91AY", "bzcat"),
            (b"\xfd7zXZ\x00", "xzcat"),
            (b"\x28\xb5\x2f\xfdx", "zstdcat"),
        ] {
            let failure = read(bytes).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.to_string().contains(with), "{failure}");
        }
    }

    #[test]
    fn what_only_begins_like_it_is_read_whole() {
        for bytes in [&b""[..], b"B", b"BZ", b"Bad line\n", b"\x1f", b"(x", b"Nov 22\n"] {
            assert_eq!(read(bytes).unwrap(), bytes);
        }
    }
}
