//! Values of a plan's text.

use super::parse::Wrong;
use super::word::unescaped;
use portreeve_model::{Limit, Resource, ResourceLimit, Signal};
use std::time::Duration;

/// What a value is.
pub(super) type Value<T> = Result<T, Wrong>;

const PATH: &str = "an absolute path";
const FILE: &str = "a path that begins with `/` or `./`";
const WORD: &str = "a word";
const ID: &str = "a number below 4294967295";
const TIME: &str = "a time such as `5000ms`, at most a day";
const NOTHING: &str = "no value";

/// The longest time.
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn flag(key: &'static str, value: Option<&[u8]>) -> Value<()> {
    value.is_none().then_some(()).ok_or(Wrong::Value(key, NOTHING))
}

pub(super) fn word(key: &'static str, value: Option<&[u8]>) -> Value<Vec<u8>> {
    value.and_then(unescaped).ok_or(Wrong::Value(key, WORD))
}

pub(super) fn path(key: &'static str, value: Option<&[u8]>) -> Value<Vec<u8>> {
    let path = word(key, value).ok().filter(|path| path.starts_with(b"/"));
    path.ok_or(Wrong::Value(key, PATH))
}

pub(super) fn file(key: &'static str, value: Option<&[u8]>) -> Value<Vec<u8>> {
    let begins = |path: &Vec<u8>| path.starts_with(b"/") || path.starts_with(b"./");
    word(key, value).ok().filter(begins).ok_or(Wrong::Value(key, FILE))
}

/// The name of a variable.
pub(super) fn name(key: &'static str, value: Option<&[u8]>) -> Value<Vec<u8>> {
    let fits = |name: &Vec<u8>| !name.is_empty() && !name.contains(&b'=');
    word(key, value).ok().filter(fits).ok_or(Wrong::Value(key, "a name without `=`"))
}

pub(super) fn variable(value: Option<&[u8]>) -> Value<(Vec<u8>, Vec<u8>)> {
    let key = "environment-set";
    let wrong = || Wrong::Value(key, "a name without `=`, and a value");
    let mut words = value.ok_or_else(wrong)?.splitn(2, |byte| *byte == b' ');
    let (first, second) = (words.next(), words.next());
    match (name(key, first), word(key, second)) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err(wrong()),
    }
}

/// A decimal number, of digits alone.
fn number<T: std::str::FromStr>(value: Option<&[u8]>) -> Option<T> {
    let digits = str::from_utf8(value?).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then_some(digits)?.parse().ok()
}

pub(super) fn id(key: &'static str, value: Option<&[u8]>) -> Value<u32> {
    number(value).filter(|id| *id != u32::MAX).ok_or(Wrong::Value(key, ID))
}

pub(super) fn time(key: &'static str, value: Option<&[u8]>) -> Value<Duration> {
    let time = number(value.and_then(|value| value.strip_suffix(b"ms"))).map(Duration::from_millis);
    time.filter(|time| *time <= DAY).ok_or(Wrong::Value(key, TIME))
}

pub(super) fn log_size(value: Option<&[u8]>) -> Value<u64> {
    let size = number(value).filter(|size| (4096..=16_777_215).contains(size));
    size.ok_or(Wrong::Value("log-size", "a number from 4096 to 16777215"))
}

pub(super) fn log_files(value: Option<&[u8]>) -> Value<u32> {
    let files = number(value).filter(|files| *files >= 2);
    files.ok_or(Wrong::Value("log-files", "a number from 2"))
}

pub(super) fn nice(value: Option<&[u8]>) -> Value<i32> {
    let (sign, digits) = match value {
        Some([b'-', digits @ ..]) => (-1, Some(digits)),
        _ => (1, value),
    };
    let nice = number::<i32>(digits).and_then(|nice| nice.checked_mul(sign));
    let nice = nice.filter(|nice| (-20..=19).contains(nice));
    nice.ok_or(Wrong::Value("nice", "a number from -20 to 19"))
}

pub(super) fn umask(value: Option<&[u8]>) -> Value<u32> {
    let digits = value.and_then(|value| str::from_utf8(value).ok()).unwrap_or_default();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let umask = plain.then(|| u32::from_str_radix(digits, 8).ok()).flatten();
    let umask = umask.filter(|umask| *umask <= 0o777);
    umask.ok_or(Wrong::Value("umask", "an octal number up to 777"))
}

pub(super) fn ready(value: Option<&[u8]>) -> Value<u32> {
    let ready = number(value).filter(|ready| (3..=31).contains(ready));
    ready.ok_or(Wrong::Value("ready", "a descriptor from 3 to 31"))
}

pub(super) fn deaths(value: Option<&[u8]>) -> Value<u32> {
    let deaths = number(value).filter(|deaths| *deaths >= 1);
    deaths.ok_or(Wrong::Value("restart-limit", "a number from 1"))
}

pub(super) fn signal(value: Option<&[u8]>) -> Value<Signal> {
    let signal = value.and_then(|value| Signal::parse(str::from_utf8(value).ok()?));
    signal.ok_or(Wrong::Value("stop-signal", "a signal's name or number"))
}

pub(super) fn limit(value: Option<&[u8]>) -> Value<ResourceLimit> {
    let wrong =
        || Wrong::Value("limit", "a resource, a soft and a hard limit that is not below it");
    let mut words = value.ok_or_else(wrong)?.split(|byte| *byte == b' ');
    let name = words.next().unwrap_or_default();
    let resource = Resource::ALL.iter().find(|(_, known)| known.as_bytes() == name);
    let (soft, hard) = (bound(words.next()), bound(words.next()));
    match (resource, soft, hard, words.next()) {
        (Some((resource, _)), Some(soft), Some(hard), None) if within(soft, hard) => {
            Ok(ResourceLimit { resource: *resource, soft, hard })
        }
        _ => Err(wrong()),
    }
}

fn bound(word: Option<&[u8]>) -> Option<Limit> {
    match word {
        Some(b"unlimited") => Some(Limit::Unlimited),
        _ => number(word).map(Limit::At),
    }
}

fn within(soft: Limit, hard: Limit) -> bool {
    match (soft, hard) {
        (_, Limit::Unlimited) => true,
        (Limit::Unlimited, Limit::At(_)) => false,
        (Limit::At(soft), Limit::At(hard)) => soft <= hard,
    }
}
