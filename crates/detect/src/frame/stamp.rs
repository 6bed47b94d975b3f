//! The times at the starts of lines.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::Moment;

/// TAI64 labels: seconds of the epoch plus 2^62, and ten leap seconds, as daemontools has them.
const TAI: i64 = (1 << 62) + 10;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// The time at the start and what follows it and a blank. `None` if there is none of the known kinds:
/// `Nov 22 12:00:00` (with a year behind the day, or a fraction), `2026-11-22T12:00:00.000+01:00` (or
/// without the zone, or with a blank for the `T`), `@` and a TAI64 or TAI64N label.
pub(super) fn stamp(line: &[u8]) -> Option<(Moment, &[u8])> {
    match line.first()? {
        b'@' => tai(line),
        b'0'..=b'9' => iso(line),
        b'A'..=b'S' => classic(line),
        _ => None,
    }
}

/// The times that programs put into log files of their own, with nothing but the text behind:
/// `Sun Nov 22 12:00:00 2026`, the same in brackets and perhaps with a fraction, `2026/11/22 12:00:00`.
pub(super) fn own(line: &[u8]) -> Option<(Moment, &[u8])> {
    match line.first()? {
        b'[' => {
            let (at, rest) = ctime(line.get(1..)?)?;
            Some((at, blank(rest.strip_prefix(b"]")?)?))
        }
        b'F' | b'M' | b'S' | b'T' | b'W' => {
            let (at, rest) = ctime(line)?;
            Some((at, blank(rest)?))
        }
        b'0'..=b'9' => {
            let (year, rest) = number(line, 4)?;
            let (month, rest) = number(rest.strip_prefix(b"/")?, 2)?;
            let (day, rest) = number(rest.strip_prefix(b"/")?, 2)?;
            let (time, rest) = clock(rest.strip_prefix(b" ")?)?;
            let small = |value: u32| i8::try_from(value).ok();
            let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
            Some((Moment::Local(DateTime::from_parts(date, time)), blank(rest)?))
        }
        _ => None,
    }
}

/// `Sun Nov 22 12:00:00.123 2026`.
fn ctime(text: &[u8]) -> Option<(Moment, &[u8])> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    if !WEEKDAYS.contains(&name) {
        return None;
    }
    let (month, day, rest) = month_and_day(rest.strip_prefix(b" ")?)?;
    let (time, rest) = clock(rest)?;
    let (year, rest) = number(rest.strip_prefix(b" ")?, 4)?;
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    Some((Moment::Local(DateTime::from_parts(date, time)), rest))
}

/// `Nov 22 ` or `Nov  2 `.
fn month_and_day(text: &[u8]) -> Option<(i8, i8, &[u8])> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    let month =
        i8::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?.checked_add(1)?;
    let rest = rest.strip_prefix(b" ")?;
    let (day, rest) = match rest.strip_prefix(b" ") {
        Some(rest) => number(rest, 1)?,
        None => number(rest, 2).or_else(|| number(rest, 1))?,
    };
    Some((month, i8::try_from(day).ok()?, rest.strip_prefix(b" ")?))
}

/// `Nov 22 12:00:00`, `Nov 22 2026 12:00:00`, `Nov  2 12:00:00.123`.
fn classic(line: &[u8]) -> Option<(Moment, &[u8])> {
    let (month, day, rest) = month_and_day(line)?;
    let (year, rest) = match year(rest) {
        Some((year, rest)) => (Some(year), rest),
        None => (None, rest),
    };
    let (time, rest) = clock(rest)?;
    let date = Date::new(year.unwrap_or(0), month, day).ok()?;
    let at = DateTime::from_parts(date, time);
    Some((if year.is_some() { Moment::Local(at) } else { Moment::Yearless(at) }, blank(rest)?))
}

/// `2026 ` before a time.
fn year(text: &[u8]) -> Option<(i16, &[u8])> {
    let (year, rest) = number(text, 4)?;
    Some((i16::try_from(year).ok()?, rest.strip_prefix(b" ")?))
}

/// `2026-11-22T12:00:00.123456+01:00`.
fn iso(line: &[u8]) -> Option<(Moment, &[u8])> {
    let (year, rest) = number(line, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" "))?;
    let (time, rest) = clock(rest)?;
    let day =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let at = DateTime::from_parts(day.ok()?, time);
    match zone(rest)? {
        (Some(offset), rest) => {
            let exact = offset.to_timestamp(at).ok()?.as_microsecond();
            Some((Moment::Exact(exact), blank(rest)?))
        }
        (None, rest) => Some((Moment::Local(at), blank(rest)?)),
    }
}

/// `Z`, `+01:00`, `+0100`, or nothing.
fn zone(text: &[u8]) -> Option<(Option<Offset>, &[u8])> {
    let (sign, rest) = match text.split_first() {
        Some((b'Z' | b'z', rest)) => return Some((Some(Offset::UTC), rest)),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        _ => return Some((None, text)),
    };
    let (hours, rest) = number(rest, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some((Some(Offset::from_seconds(sign * seconds).ok()?), rest))
}

/// `12:00:00` with a fraction of up to nine digits behind `.` or `,`.
fn clock(text: &[u8]) -> Option<(Time, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, mut rest) = number(rest.strip_prefix(b":")?, 2)?;
    let mut nanos = 0;
    if let Some(digits) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=9).contains(&count) {
            let (value, after) = number(digits, count)?;
            nanos = value * 10_u32.pow(9 - u32::try_from(count).ok()?);
            rest = after;
        }
    }
    let small = |value: u32| i8::try_from(value).ok();
    // A leap second is the one before it: no civil time has it.
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, i32::try_from(nanos).ok()?);
    Some((time.ok()?, rest))
}

/// `@` and 16 hexadecimal digits of seconds, and perhaps 8 of nanoseconds.
fn tai(line: &[u8]) -> Option<(Moment, &[u8])> {
    let digits = line.get(1..)?;
    let count = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (label, rest) = digits.split_at_checked(count)?;
    let (seconds, nanos) = match count {
        16 => (label, None),
        24 => (label.get(..16)?, Some(label.get(16..)?)),
        _ => return None,
    };
    let hex = |digits: &[u8]| i64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let seconds = hex(seconds)?.checked_sub(TAI)?;
    let nanos = nanos.map_or(Some(0), hex)?;
    if nanos >= 1_000_000_000 {
        return None;
    }
    let micros = seconds.checked_mul(1_000_000)?.checked_add(nanos / 1000)?;
    Some((Moment::Exact(micros), blank(rest)?))
}

/// A number of exactly so many digits, at most nine.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(digits)?;
    let mut value = 0_u32;
    for byte in head {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some((value, rest))
}

/// What is behind one blank or the line's end.
fn blank(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b" ") }
}
