//! cdbmake: a database from text.

use super::READ;
use crate::applet::Call;
use crate::fresh::{Fresh, Words};
use crate::trouble::Trouble;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::process::ExitCode;

const WORDS: Words = Words { write: "unable to create", rename: "unable to rename" };

/// `cdbmake CDB CDB.TMP` < text, as cdbdump writes it. What follows the empty line at its end is
/// not looked at.
pub(crate) fn make(call: &Call) -> Result<ExitCode, Trouble> {
    let [place, beside] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    let mut fresh = Fresh::create(Path::new(place), Path::new(beside), WORDS)?;
    let mut text = Text { input: io::stdin().lock(), entry: 0 };
    let (mut key, mut data) = (Vec::new(), Vec::new());
    while text.another()? {
        let key_length = text.number(b',', "bad keylen format", beside)?;
        let data_length = text.number(b':', "bad datalen format", beside)?;
        fresh.room(key_length, data_length)?;
        text.bytes(&mut key, key_length)?;
        for wanted in *b"->" {
            if text.byte()? != wanted {
                return Err(text.wrong("key must be followed by ->"));
            }
        }
        text.bytes(&mut data, data_length)?;
        if text.byte()? != b'\n' {
            return Err(text.wrong("newline expected"));
        }
        fresh.add(&key, &data)?;
    }
    fresh.finish()?;
    Ok(ExitCode::SUCCESS)
}

struct Text<R> {
    input: R,
    entry: u64,
}

impl<R: BufRead> Text<R> {
    fn another(&mut self) -> Result<bool, Trouble> {
        self.entry = self.entry.saturating_add(1);
        match self.byte()? {
            b'+' => Ok(true),
            b'\n' => Ok(false),
            _ => Err(self.wrong("entry must start with +")),
        }
    }

    fn wrong(&self, what: &str) -> Trouble {
        Trouble::because(READ, &format!("entry {}: {what}", self.entry))
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        let mut byte = [0];
        match self.input.read_exact(&mut byte) {
            Ok(()) => Ok(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.wrong("unexpected end if input")) // the ancestor's spelling
            }
            Err(error) => Err(Trouble::system(READ, &error)),
        }
    }

    /// Digits up to `end`; none are 0. A file cannot hold what 32 bits cannot say.
    fn number(&mut self, end: u8, what: &str, beside: &std::ffi::OsStr) -> Result<u32, Trouble> {
        let mut number = 0_u32;
        loop {
            let byte = self.byte()?;
            if byte == end {
                return Ok(number);
            }
            let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9);
            let digit = digit.ok_or_else(|| self.wrong(what))?;
            let next = number.checked_mul(10).and_then(|it| it.checked_add(u32::from(digit)));
            number = next.ok_or_else(|| {
                let deed = format!("unable to create {}", Path::new(beside).display());
                Trouble::because(&deed, "out of memory")
            })?;
        }
    }

    /// So many bytes; memory is taken only as they come.
    fn bytes(&mut self, into: &mut Vec<u8>, length: u32) -> Result<(), Trouble> {
        into.clear();
        let read = self.input.by_ref().take(u64::from(length)).read_to_end(into);
        let read = read.map_err(|error| Trouble::system(READ, &error))?;
        if u32::try_from(read) == Ok(length) {
            Ok(())
        } else {
            Err(self.wrong("unexpected end if input"))
        }
    }
}
