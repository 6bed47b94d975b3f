//! The three jobs: reading a configuration, asking the host again, and reading sources again.

use crate::args::Door;
use crate::images;
use portreeve_config::{Disk, Entry, Trust, load, reread, resolve};
use portreeve_diag::{Paint, render};
use portreeve_model::Config;
use portreeve_sys::privileges;
use portreeve_wire::compile::{Answer, MAX_ANSWER, Reread};
use portreeve_wire::{decode, split_frame};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;

/// Bytes of rendered findings in an answer.
const FINDINGS: usize = 1 << 20;

/// Reads a configuration and asks the host what it needs.
///
/// # Errors
/// Images cannot be written.
pub(crate) fn compile(entry: &Entry, door: Door, file: Option<File>) -> Result<Answer, String> {
    let loaded = load(entry, &mut Disk::new(trust(door)));
    let findings = bounded(render(&loaded.diagnostics, &loaded.sources, Paint::Plain));
    let errors = u32::try_from(loaded.errors()).unwrap_or(u32::MAX);
    let Some(config) = loaded.config else { return Ok(Answer::Refused { findings, errors }) };
    let images = images::write(loaded.images, file)?;
    let resolved = Box::new(resolve(&config, door == Door::Root));
    Ok(Answer::Compiled { config: Box::new(config), resolved, images, findings })
}

/// Asks the host again about the configuration of a stream.
///
/// # Errors
/// Why there is no configuration in the stream.
pub(crate) fn ask_again(stream: impl Read, door: Door) -> Result<Answer, String> {
    let config: Config = question(stream)?;
    Ok(Answer::Resolved(Box::new(resolve(&config, door == Door::Root))))
}

/// Reads those sources again that a stream names.
///
/// # Errors
/// Why there is nothing to read in the stream, or images cannot be written.
pub(crate) fn read_again(
    stream: impl Read,
    door: Door,
    file: Option<File>,
) -> Result<Answer, String> {
    let Reread { files, sources } = question(stream)?;
    let (read, texts, found) = reread(&sources, &files, &mut Disk::new(trust(door)));
    let findings = bounded(render(&found, &texts, Paint::Plain));
    Ok(Answer::Sources { images: images::write(read, file)?, findings })
}

fn trust(door: Door) -> Trust {
    match door {
        Door::Root => Trust::Root,
        Door::Caller => Trust::User(privileges::own_uid()),
    }
}

/// What a stream asks.
///
/// # Errors
/// Why it holds no such question.
pub(crate) fn question<T: DeserializeOwned>(stream: impl Read) -> Result<T, String> {
    let limit = u64::try_from(MAX_ANSWER).unwrap_or(u64::MAX).saturating_add(4);
    let mut bytes = Vec::new();
    let read = stream.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| format!("descriptor 0 cannot be read: {error}"))?;
    let frame = split_frame(&bytes, MAX_ANSWER).map_err(|error| error.to_string())?;
    let (body, _) = frame.ok_or("descriptor 0 holds no whole question")?;
    decode(body).map_err(|error| error.to_string())
}

/// A text cut to what an answer may hold, with a word about it.
fn bounded(mut text: String) -> String {
    if text.len() > FINDINGS {
        let mut end = FINDINGS;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n… and more findings\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_bounded_between_characters() {
        assert_eq!(bounded("short".into()), "short");
        let long = bounded("é".repeat(FINDINGS));
        assert!(long.len() < FINDINGS + 64 && long.ends_with("more findings\n"));
    }

    #[test]
    fn a_stream_that_holds_no_configuration_is_refused() {
        for bytes in [&b""[..], b"\x05\0\0\0abc", b"\xff\xff\xff\xff", b"\x02\0\0\0\x01\xff"] {
            assert!(ask_again(bytes, Door::Caller).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn an_empty_configuration_needs_nothing() {
        let bytes = portreeve_wire::frame(&Config::default(), MAX_ANSWER).unwrap();
        let answer = ask_again(&bytes[..], Door::Caller).unwrap();
        assert!(matches!(answer, Answer::Resolved(resolved) if resolved.services.is_empty()));
    }
}
