//! Where a jail's lines come from, and how they are to be read.

use super::codes;
use super::fault::{Fault, fault, shown};
use super::filter::said;
use super::options;
use super::text::{Text, blank};
use portreeve_model::JournalPlace;

/// `backend` of a jail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    /// It reads files.
    Files,
    /// It reads the journal.
    Journal(JournalPlace),
}

/// Reads `backend`.
pub(super) fn parse(text: &Text) -> Result<Backend, Fault> {
    let wrong = |message: String, help: &str| fault(codes::BACKEND, text.place(0), message, help);
    let words = text.as_str().trim_matches(blank);
    if ["auto", "polling", "pyinotify", "gamin"].contains(&words) {
        return Ok(Backend::Files); // they differ in how changes are noticed
    }
    if !words.starts_with("systemd") {
        let help = "write `auto` for files, or `systemd` for the journal";
        return Err(wrong(format!("the backend `{}` is not known", shown(words)), help));
    }
    let named = options::parse(text)?;
    if named.name.as_str().trim_matches(blank) != "systemd" {
        let message = format!("the backend `{}` is not known", shown(words));
        return Err(wrong(message, "write `systemd`"));
    }
    let mut place = JournalPlace::default();
    for (name, value) in named.options.iter() {
        let value = value.as_str();
        let absolute = |path: &str| path.starts_with('/') && path.len() <= 4095;
        let fits = match name {
            "journalpath" => {
                place.directory = Some(value.to_owned());
                absolute(value)
            }
            "journalfiles" => {
                let paths = value.split([' ', ',', '\n']).filter(|path| !path.is_empty());
                place.files = paths.map(str::to_owned).collect();
                !place.files.is_empty() && place.files.iter().all(|path| absolute(path))
            }
            "namespace" => {
                place.namespace = Some(value.to_owned());
                JournalPlace::is_namespace(value)
            }
            // SD_JOURNAL_SYSTEM: what is read anyway
            "journalflags" if value == "4" => true,
            _ => false,
        };
        if !fits {
            let message = format!("`{}` of the backend `systemd` is not served so", shown(name));
            let help =
                "it may have `journalpath`, `journalfiles`, `namespace` and `journalflags=4`";
            return Err(wrong(message, help));
        }
    }
    if place.directory.is_some() && !place.files.is_empty() {
        let message = "`journalpath` and `journalfiles` exclude one another".to_owned();
        return Err(wrong(message, "keep one of them"));
    }
    Ok(Backend::Journal(place))
}

/// Checks `logencoding`.
pub(super) fn encoding(text: Option<&Text>) -> Result<(), Fault> {
    let Some(text) = said(text) else { return Ok(()) };
    let word = text.as_str().trim_matches(blank).to_lowercase().replace('_', "-");
    let served = ["auto", "utf-8", "utf8", "u8", "ascii", "us-ascii"];
    if served.contains(&word.as_str()) {
        return Ok(());
    }
    let message = format!("`logencoding` is `{}`", shown(text.as_str()));
    let help = "lines are read as UTF-8, in which every byte of ASCII is the same: write `auto` if \
                what the filter looks for is ASCII";
    Err(fault(codes::LOG_ENCODING, text.place(0), message, help))
}

/// Reads `logtimezone`: seconds east of UTC.
pub(super) fn zone(text: Option<&Text>) -> Result<Option<i32>, Fault> {
    let Some(text) = said(text) else { return Ok(None) };
    let word = text.as_str().trim_matches(blank);
    let offset = ["UTC", "GMT", "Z"].iter().find_map(|zone| word.strip_prefix(zone));
    let offset = offset.unwrap_or(word);
    if let (true, false) = (offset.is_empty(), word.is_empty()) {
        return Ok(Some(0));
    }
    offset_seconds(offset).map(Some).ok_or_else(|| {
        let message = format!("`logtimezone` is `{}`", shown(word));
        let help = "write `UTC`, or an offset such as `UTC+0200`";
        fault(codes::TIME_ZONE, text.place(0), message, help)
    })
}

/// `+hhmm`, `+hh:mm` or `+hh`.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replacen(':', "", usize::from(digits.find(':') == Some(2)));
    let number = |part: Option<&str>| part?.parse::<i32>().ok();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (number(digits.get(..2))?, 0),
        4 => (number(digits.get(..2))?, number(digits.get(2..))?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::because(text, None)
    }

    #[test]
    fn backends_are_files_or_the_journal() {
        assert_eq!(parse(&text("auto")).unwrap(), Backend::Files);
        assert_eq!(parse(&text("systemd")).unwrap(), Backend::Journal(JournalPlace::default()));
        let files = text("systemd[journalfiles=\"/a/*.journal, /b\", journalflags=4]");
        let Backend::Journal(place) = parse(&files).unwrap() else { panic!() };
        assert_eq!(place.files, ["/a/*.journal", "/b"]);
        for wrong in
            ["inotify", "systemdx", "systemd[journalflags=1]", "systemd[journalpath=x]", ""]
        {
            assert!(parse(&text(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn zones_are_offsets() {
        for (word, want) in
            [("UTC", 0), ("GMT+0200", 7200), ("-05:30", -19_800), ("Z", 0), ("UTC+01", 3600)]
        {
            assert_eq!(zone(Some(&text(word))).unwrap(), Some(want), "{word}");
        }
        assert_eq!(zone(Some(&text(" "))).unwrap(), None);
        for wrong in ["CET", "Europe/Paris", "+2", "+2500", "UTC+0260"] {
            assert!(zone(Some(&text(wrong))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_are_utf_8() {
        for (word, served) in [("auto", true), ("UTF-8", true), ("", true), ("latin-1", false)] {
            assert_eq!(encoding(Some(&text(word))).is_ok(), served, "{word}");
        }
    }
}
