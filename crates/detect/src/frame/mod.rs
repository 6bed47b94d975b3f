//! A line of a log, taken apart.
//!
//! Known are the lines that syslog daemons write: with the classic stamp (RFC 3164, with or without a
//! priority, with or without the host), with an ISO stamp, or as RFC 5424 has them; lines under a
//! TAI64N label, as multilog writes them; bare `program[7]: text`; and the text under the time that web and FTP
//! servers put into files of their own, which has no host and no program. In all others the whole line is
//! the message. A program's name is taken only where its place is: nothing is searched for.

mod stamp;
#[cfg(test)]
mod tests;

use crate::{Moment, Record};

/// Bytes of a program's name; a longer one is none.
const TAG: usize = 128;

/// Takes a line apart. A line end is left off.
#[must_use]
pub fn read(line: &[u8]) -> Record<'_> {
    let line = without_end(line);
    let (priority, rest) = priority(line);
    if priority && let Some(record) = rfc5424(line, rest) {
        return record;
    }
    if let Some((time, message)) = stamp::own(rest) {
        return Record { time: Some(time), message, ..Record::plain(line) };
    }
    let Some((time, rest)) = stamp::stamp(rest) else {
        return match tag(rest) {
            Some(tag) if tag.pid.is_some() => tag.record(line, None, b""),
            _ => Record { message: rest, ..Record::plain(line) },
        };
    };
    match line.first() {
        // Who labels with TAI64 puts no host before the text.
        Some(b'@') => match tag(rest) {
            Some(tag) if tag.pid.is_some() => tag.record(line, Some(time), b""),
            _ => Record { time: Some(time), message: rest, ..Record::plain(line) },
        },
        _ => behind_stamp(line, time, rest),
    }
}

/// The time of a line and what is behind it, whatever that is.
#[must_use]
pub fn time(line: &[u8]) -> Option<(Moment, &[u8])> {
    let rest = priority(line).1;
    stamp::stamp(rest).or_else(|| stamp::own(rest))
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `HOST TAG: text`, `TAG: text` (a datagram has no host), `HOST text`, or text.
fn behind_stamp<'l>(line: &'l [u8], time: Moment, rest: &'l [u8]) -> Record<'l> {
    let time = Some(time);
    // FreeBSD's -v: `<auth.info> `.
    let rest = match rest.first() {
        Some(b'<') => word(rest).map_or(rest, |(_, behind)| behind),
        _ => rest,
    };
    let Some((host, behind)) = word(rest) else {
        return match tag(rest) {
            Some(tag) => tag.record(line, time, b""),
            None => Record { time, message: rest, ..Record::plain(line) },
        };
    };
    // A host's name does not end in a colon, and a tag does.
    if host.ends_with(b":")
        && let Some(tag) = tag(rest)
    {
        return tag.record(line, time, b"");
    }
    match tag(behind) {
        Some(tag) => tag.record(line, time, host),
        None => Record { time, host, message: behind, ..Record::plain(line) },
    }
}

struct Tag<'l> {
    program: &'l [u8],
    pid: Option<u32>,
    message: &'l [u8],
}

impl<'l> Tag<'l> {
    fn record(self, line: &'l [u8], time: Option<Moment>, host: &'l [u8]) -> Record<'l> {
        let Self { program, pid, message } = self;
        Record { time, host, program, pid, message: solaris(message), line, cut: false }
    }
}

/// `PROGRAM: text` or `PROGRAM[PID]: text`. A name has no blank, colon or square bracket.
fn tag(text: &[u8]) -> Option<Tag<'_>> {
    let end = text.iter().take(TAG + 1).position(|byte| matches!(byte, b' ' | b':' | b'['))?;
    let (program, rest) = text.split_at_checked(end)?;
    if program.is_empty() || program.iter().any(u8::is_ascii_control) {
        return None;
    }
    let (pid, rest) = match rest.strip_prefix(b"[") {
        None => (None, rest),
        Some(inner) => {
            let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (number, rest) = inner.split_at_checked(digits)?;
            (Some(decimal(number)?), rest.strip_prefix(b"]")?)
        }
    };
    let rest = rest.strip_prefix(b":")?;
    let message = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    Some(Tag { program, pid, message })
}

/// Solaris puts `[ID 800047 auth.info] ` before the text.
fn solaris(message: &[u8]) -> &[u8] {
    match message.strip_prefix(b"[ID ") {
        None => message,
        Some(inner) => {
            let end = inner.iter().take(48).position(|byte| *byte == b']');
            end.and_then(|end| inner.get(end..)?.strip_prefix(b"] ")).unwrap_or(message)
        }
    }
}

/// `<PRI>`: whether there is one, and what is behind it.
fn priority(line: &[u8]) -> (bool, &[u8]) {
    let behind = || {
        let inner = line.strip_prefix(b"<")?;
        let digits = inner.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 { None } else { inner.get(digits..)?.strip_prefix(b">") }
    };
    behind().map_or((false, line), |rest| (true, rest))
}

/// `1 TIME HOST APP PID MSGID DATA text`; `-` stands for what there is none of.
fn rfc5424<'l>(line: &'l [u8], rest: &'l [u8]) -> Option<Record<'l>> {
    let rest = rest.strip_prefix(b"1 ")?;
    let (time, rest) = match rest.strip_prefix(b"- ") {
        Some(rest) => (None, rest),
        None => stamp::stamp(rest).map(|(time, rest)| (Some(time), rest))?,
    };
    let (host, rest) = field(rest)?;
    let (program, rest) = field(rest)?;
    if program.iter().any(u8::is_ascii_control) {
        return None;
    }
    let (pid, rest) = field(rest)?;
    let (_, rest) = field(rest)?;
    let rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => behind_data(rest)?,
    };
    let message = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    let message = message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message);
    Some(Record { time, host, program, pid: decimal(pid), message, line, cut: false })
}

fn field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = word(text)?;
    Some((if word == b"-" { b"" } else { word }, rest))
}

/// Behind `[id name="value" …][…]`; in a value `\"`, `\\` and `\]` are escapes.
fn behind_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix(b"[") {
        let (mut quoted, mut escaped) = (false, false);
        let end = inner.iter().position(|byte| {
            let plain = !std::mem::take(&mut escaped);
            match byte {
                b'\\' if plain && quoted => escaped = true,
                b'"' if plain => quoted = !quoted,
                b']' if !quoted => return true,
                _ => {}
            }
            false
        })?;
        rest = inner.get(end.checked_add(1)?..)?;
    }
    (rest.len() < text.len()).then_some(rest)
}

/// The bytes before the first blank, if there are any, and what is behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = memchr::memchr(b' ', text)?;
    let (word, rest) = text.split_at_checked(blank)?;
    if word.is_empty() { None } else { Some((word, rest.get(1..)?)) }
}

fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 10 {
        return None;
    }
    text.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
