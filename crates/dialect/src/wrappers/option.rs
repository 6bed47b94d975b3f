//! What the options of a rule mean (hosts_options(5)).

use super::raw::RawWord;
use portreeve_model::wrappers::{Deed, Setting, WrongOption};
use portreeve_model::{Facility, Severity};

/// Whether an option takes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Needed,
    Optional,
    None,
}

/// Where an option may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Any,
    Last,
}

type Read = fn(Option<&str>) -> Result<Deed, WrongOption>;

const OPTIONS: [(&str, Value, Place, Read); 15] = [
    ("user", Value::Needed, Place::Any, |_| Ok(Deed::User)),
    ("group", Value::Needed, Place::Any, |_| Ok(Deed::Group)),
    ("umask", Value::Needed, Place::Any, umask),
    ("linger", Value::Needed, Place::Any, linger),
    ("keepalive", Value::None, Place::Any, |_| Ok(Deed::KeepAlive)),
    ("spawn", Value::Needed, Place::Any, |_| Ok(Deed::Spawn)),
    ("twist", Value::Needed, Place::Last, |_| Ok(Deed::Twist)),
    ("rfc931", Value::Optional, Place::Any, rfc931),
    ("setenv", Value::Needed, Place::Any, |_| Ok(Deed::SetEnv)),
    ("nice", Value::Optional, Place::Any, nice),
    ("severity", Value::Needed, Place::Any, severity),
    ("allow", Value::None, Place::Last, |_| Ok(Deed::Allow)),
    ("deny", Value::None, Place::Last, |_| Ok(Deed::Deny)),
    ("banners", Value::Needed, Place::Any, |_| Ok(Deed::Banners)),
    ("aclexec", Value::Needed, Place::Any, |_| Ok(Deed::Aclexec)),
];

/// The words of the options, for people.
fn names() -> String {
    OPTIONS.map(|(name, ..)| name).join(", ")
}

/// Reads an option; `last` says whether another follows.
pub(super) fn setting(word: &RawWord, last: bool) -> Setting {
    let text = word.text.as_slice();
    let end = text.iter().position(|byte| *byte == b'=' || byte.is_ascii_whitespace());
    let (key, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, b""));
    // one `=` with blanks around it, or blanks alone
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"=").unwrap_or(rest).trim_ascii_start();
    let value = (!rest.is_empty()).then(|| rest.to_vec());
    let deed = deed(key, value.as_deref(), last).unwrap_or_else(Deed::Wrong);
    Setting { key: key.to_vec(), value, deed }
}

fn deed(key: &[u8], value: Option<&[u8]>, last: bool) -> Result<Deed, WrongOption> {
    if key.is_empty() {
        return Err(WrongOption::NoName);
    }
    let found = OPTIONS.iter().find(|(name, ..)| name.as_bytes().eq_ignore_ascii_case(key));
    let (_, takes, place, read) = found.ok_or(WrongOption::Name)?;
    match (value, takes) {
        (None, Value::Needed) => return Err(WrongOption::NeedsValue),
        (Some(_), Value::None) => return Err(WrongOption::NoValue),
        _ => {}
    }
    if *place == Place::Last && !last {
        return Err(WrongOption::NotLast);
    }
    // what is not UTF-8 is no number and no word either
    read(value.map(|value| std::str::from_utf8(value).unwrap_or("\u{fffd}")))
}

fn number(value: Option<&str>) -> Option<i32> {
    value?.parse().ok()
}

fn linger(value: Option<&str>) -> Result<Deed, WrongOption> {
    let seconds = number(value).and_then(|seconds| u32::try_from(seconds).ok());
    seconds.map(Deed::Linger).ok_or(WrongOption::Linger)
}

fn rfc931(value: Option<&str>) -> Result<Deed, WrongOption> {
    let Some(_) = value else { return Ok(Deed::Rfc931(None)) };
    let seconds = number(value).and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.filter(|seconds| *seconds > 0).ok_or(WrongOption::Timeout)?;
    Ok(Deed::Rfc931(Some(seconds)))
}

fn nice(value: Option<&str>) -> Result<Deed, WrongOption> {
    let Some(_) = value else { return Ok(Deed::Nice(10)) };
    number(value).map(Deed::Nice).ok_or(WrongOption::Nice)
}

fn umask(value: Option<&str>) -> Result<Deed, WrongOption> {
    let mask = value.and_then(|value| u32::from_str_radix(value, 8).ok());
    mask.filter(|mask| *mask <= 0o777).map(Deed::Umask).ok_or(WrongOption::Umask)
}

/// The ancestor knows neither `authpriv` nor `ftp`.
fn severity(value: Option<&str>) -> Result<Deed, WrongOption> {
    let value = value.unwrap_or_default();
    let (facility, level) = match value.split_once('.') {
        Some((facility, level)) => (Some(facility), level),
        None => (None, value),
    };
    let known = |name: &&str| !["authpriv", "ftp"].iter().any(|it| it.eq_ignore_ascii_case(name));
    let facility = match facility {
        Some(name) => {
            let found = Some(name).filter(known).and_then(Facility::by_name);
            Some(found.ok_or(WrongOption::Facility)?)
        }
        None => None,
    };
    Ok(Deed::Severity(facility, Severity::by_name(level).ok_or(WrongOption::Severity)?))
}

/// What is wrong, in the ancestor's words.
#[must_use]
pub fn wrong_option(wrong: WrongOption, setting: &Setting) -> String {
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let key = shown(&setting.key);
    let value = setting.value.as_deref().map(shown).unwrap_or_default();
    match wrong {
        WrongOption::NoName => "missing option name".into(),
        WrongOption::Name => format!("bad option name: \"{key}\""),
        WrongOption::NeedsValue => format!("option \"{key}\" requires value"),
        WrongOption::NoValue => format!("option \"{key}\" requires no value"),
        WrongOption::NotLast => format!("option \"{key}\" must be at end"),
        WrongOption::Facility => {
            let facility = value.split('.').next().unwrap_or_default();
            format!("bad syslog facility or severity: \"{facility}\"")
        }
        WrongOption::Severity => {
            let level = value.split_once('.').map_or(value.as_str(), |(_, level)| level);
            format!("bad syslog facility or severity: \"{level}\"")
        }
        WrongOption::Linger => format!("bad linger value: \"{value}\""),
        WrongOption::Timeout => format!("bad rfc931 timeout: \"{value}\""),
        WrongOption::Nice => format!("bad nice value: \"{value}\""),
        WrongOption::Umask => format!("bad umask value: \"{value}\""),
    }
}

/// What to do about it.
#[must_use]
pub(super) fn mend_option(wrong: WrongOption, setting: &Setting) -> String {
    match wrong {
        WrongOption::NoName => "remove the colon, or write an option behind it".into(),
        WrongOption::Name => format!("the options are {}", names()),
        WrongOption::NeedsValue => "write its value behind a blank".into(),
        WrongOption::NoValue => "remove what stands behind its name".into(),
        WrongOption::NotLast if setting.key.eq_ignore_ascii_case(b"twist") => {
            "remove the options behind it: `twist` ends the rule".into()
        }
        WrongOption::NotLast => "move it to the end of the rule, and have one such option".into(),
        WrongOption::Facility => "write a facility such as `mail`, `daemon` or `local0`".into(),
        WrongOption::Severity => "write a severity such as `info`, `notice` or `warning`".into(),
        WrongOption::Linger => "write a number of seconds, 0 or more".into(),
        WrongOption::Timeout => "write a number of seconds, 1 or more".into(),
        WrongOption::Nice => "write a whole number, such as `10`".into(),
        WrongOption::Umask => "write an octal number, 0 to 777".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::{FileId, Span};

    #[test]
    fn what_is_wrong_is_mended_by_what_is_told() {
        let told = |key: &str, wrong| {
            let setting = Setting { key: key.into(), value: None, deed: Deed::Wrong(wrong) };
            mend_option(wrong, &setting)
        };
        assert!(told("shout", WrongOption::Name).contains("spawn, twist"));
        assert!(told("TWIST", WrongOption::NotLast).contains("remove the options behind it"));
        assert!(told("allow", WrongOption::NotLast).contains("to the end of the rule"));
        assert!(told("umask", WrongOption::Umask).contains("octal"));
    }

    #[test]
    fn options_are_read_as_the_ancestor_reads_them() {
        let wrong = Deed::Wrong;
        for (text, last, want) in [
            ("allow", true, Deed::Allow),
            ("ALLOW", true, Deed::Allow),
            ("allow", false, wrong(WrongOption::NotLast)),
            ("allow yes", true, wrong(WrongOption::NoValue)),
            ("severity mail.info", false, Deed::Severity(Some(Facility(2)), Severity(6))),
            ("severity = notice", false, Deed::Severity(None, Severity(5))),
            ("severity authpriv.info", false, wrong(WrongOption::Facility)),
            ("severity mail.loud", false, wrong(WrongOption::Severity)),
            ("spawn", false, wrong(WrongOption::NeedsValue)),
            ("linger -1", false, wrong(WrongOption::Linger)),
            ("linger=30", false, Deed::Linger(30)),
            ("rfc931", false, Deed::Rfc931(None)),
            ("rfc931 0", false, wrong(WrongOption::Timeout)),
            ("nice", false, Deed::Nice(10)),
            ("nice -5", false, Deed::Nice(-5)),
            ("umask 022", false, Deed::Umask(0o22)),
            ("umask 8", false, wrong(WrongOption::Umask)),
            ("umask 1000", false, wrong(WrongOption::Umask)),
            ("", true, wrong(WrongOption::NoName)),
            ("shout", true, wrong(WrongOption::Name)),
        ] {
            let at = Span::new(FileId(0), 0, 0);
            let word = RawWord { text: text.as_bytes().to_vec(), at, bare: false };
            assert_eq!(setting(&word, last).deed, want, "{text}");
        }
        let at = Span::new(FileId(0), 0, 0);
        let word = RawWord { text: b"setenv = A  b  c".to_vec(), at, bare: false };
        assert_eq!(setting(&word, false).value.as_deref(), Some(&b"A  b  c"[..]));
    }
}
