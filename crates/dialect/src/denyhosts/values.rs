//! Values of denyhosts.cfg.

use super::codes;
use super::lines::Said;
use portreeve_diag::{Code, Diagnostic, Diagnostics, Level};

/// A text as it may stand in a finding: bounded, and in one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let odd = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(MOST).map(odd).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Entries with somewhere to tell what is wrong with them.
pub(super) struct Values<'a> {
    /// What is said.
    pub(super) entries: &'a [Said],
    /// What is wrong.
    pub(super) found: &'a mut Diagnostics,
    /// What relative paths begin with: an absolute path.
    pub(super) base: &'a str,
}

impl Values<'_> {
    /// What is said of a key, if it is.
    pub(super) fn said(&self, name: &str) -> Option<&Said> {
        self.entries.iter().find(|said| said.name == name)
    }

    /// What is said of a key with a value.
    pub(super) fn given(&self, name: &str) -> Option<Said> {
        self.said(name).filter(|said| !said.value.is_empty()).cloned()
    }

    /// Tells of a value.
    pub(super) fn tell(&mut self, level: Level, code: Code, said: &Said, why: &str, help: &str) {
        let message = format!("`{}`: {why}", said.name);
        self.found.push(Diagnostic::new(level, code, Some(said.at), message).help(help));
    }

    /// Tells that a value is none.
    pub(super) fn bad(&mut self, said: &Said, why: &str, help: &str) {
        self.tell(Level::Error, codes::BAD_VALUE, said, why, help);
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let said = self.given(name)?;
        if said.value.contains(char::is_control) {
            self.bad(&said, "there is a control character in it", "remove it");
            return None;
        }
        Some(said.value)
    }

    /// A path, made absolute and without `.` and `..`.
    pub(super) fn path(&mut self, name: &str) -> Option<String> {
        let said = self.given(name)?;
        if said.value.contains(['\0', '\n']) {
            self.bad(&said, "that is no path", "write an absolute path");
            return None;
        }
        if !said.value.starts_with('/') {
            let path = absolute(self.base, &said.value);
            let why = format!("`{}` is relative, and taken as `{path}`", shown(&said.value));
            let help = "DenyHosts takes it from wherever it is started; write an absolute path";
            self.tell(Level::Warning, codes::RELATIVE, &said, &why, help);
        }
        Some(absolute(self.base, &said.value))
    }

    /// A whole number. Blank is an error, as it is for DenyHosts.
    pub(super) fn number(&mut self, name: &str, most: u32) -> Option<u32> {
        let said = self.said(name)?.clone();
        let value = whole(&said.value).filter(|number| *number <= u64::from(most));
        let value = value.and_then(|number| u32::try_from(number).ok());
        if value.is_none() {
            let why = match said.value.as_str() {
                "" => "a number cannot be blank".to_owned(),
                text => format!("`{}` is no whole number from 0 to {most}", shown(text)),
            };
            self.bad(&said, &why, "write digits alone");
        }
        value
    }

    /// A time in seconds.
    pub(super) fn time(&mut self, name: &str) -> Option<u64> {
        let said = self.given(name)?;
        match seconds(&said.value) {
            Ok((seconds, "")) => Some(seconds),
            Ok((seconds, rest)) => {
                let why = format!("`{}` behind the time is not read", shown(rest));
                self.tell(Level::Warning, codes::BAD_VALUE, &said, &why, "remove it");
                Some(seconds)
            }
            Err(why) => {
                self.bad(&said, why, "write digits and one of s, m, h, d, w, y: `5d`");
                None
            }
        }
    }

    pub(super) fn truth(&mut self, name: &str, built_in: bool) -> bool {
        let Some(said) = self.said(name).cloned() else { return built_in };
        let word = said.value.to_lowercase();
        let yes = ["1", "t", "true", "y", "yes"].contains(&word.as_str());
        if !yes && !["0", "f", "false", "n", "no", "off", ""].contains(&word.as_str()) {
            let why = format!("`{}` is neither yes nor no, which makes it no", shown(&said.value));
            self.tell(Level::Warning, codes::NOT_TRUE, &said, &why, "write YES or NO");
        }
        yes
    }

    /// Several texts with commas between.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// A program with arguments, as a shell would divide them that puts nothing in.
    pub(super) fn program(&mut self, said: &Said, text: &str) -> Option<Vec<String>> {
        const HELP: &str = "write a script that does it, and name that";
        if text.contains(['$', '`', '|', '&', ';', '<', '>', '(', ')', '*', '?', '~', '\n', '\0']) {
            let why = format!("`{}` needs a shell, and none is run", shown(text));
            self.tell(Level::Error, codes::SHELL, said, &why, HELP);
            return None;
        }
        let words = crate::fail2ban::shell_words(text);
        let Some(words) = words.filter(|words| !words.is_empty()) else {
            let why = format!("`{}` has a quote that is not closed", shown(text));
            self.tell(Level::Error, codes::SHELL, said, &why, HELP);
            return None;
        };
        if !words.first().is_some_and(|program| program.starts_with('/')) {
            let why = format!("`{}` is no absolute path", shown(text));
            self.bad(said, &why, "write the whole path of the program");
            return None;
        }
        Some(words)
    }
}

/// A path below another unless it is absolute, without empty parts, `.` and `..`.
fn absolute(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { base };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A number as Python reads it, but no negative one.
fn whole(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits.split('_').all(fits).then(|| digits.replace('_', "").parse().ok()).flatten()
}

/// Seconds, and what stands behind the time.
fn seconds(text: &str) -> Result<(u64, &str), &'static str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let units: u64 =
        digits.parse().map_err(|_| "it does not begin with a number that is a time")?;
    if units == 0 {
        return Err("a time of nothing is refused");
    }
    let unit = rest.trim_start();
    let (factor, rest) = match unit.split_at_checked(1) {
        Some(("s", rest)) => (1, rest),
        Some(("m", rest)) => (60, rest),
        Some(("h", rest)) => (3600, rest),
        Some(("d", rest)) => (86_400, rest),
        Some(("w", rest)) => (604_800, rest),
        Some(("y", rest)) => (31_536_000, rest),
        _ => (1, unit),
    };
    let most = 100 * 31_536_000;
    let seconds = units.checked_mul(factor).filter(|seconds| *seconds <= most);
    Ok((seconds.ok_or("that is more than 100 years")?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_digits_and_a_letter() {
        for (text, want) in [
            ("30", Some((30, ""))),
            ("30s", Some((30, ""))),
            ("5 d", Some((432_000, ""))),
            ("1w", Some((604_800, ""))),
            ("2y", Some((63_072_000, ""))),
            ("1h30m", Some((3600, "30m"))),
            ("5D", Some((5, "D"))),
            ("0", None),
            ("0d", None),
            ("", None),
            ("d", None),
            ("-1", None),
            ("101y", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text).ok(), want, "{text}");
        }
    }

    #[test]
    fn numbers_and_paths() {
        for (text, want) in
            [("5", Some(5)), ("+1_0", Some(10)), ("-1", None), ("", None), ("5 # x", None)]
        {
            assert_eq!(whole(text), want, "{text}");
        }
        for (path, want) in [
            ("data", "/usr/share/denyhosts/data"),
            ("../x/./y", "/usr/share/x/y"),
            ("/etc//hosts.deny", "/etc/hosts.deny"),
            ("../../../../x", "/x"),
        ] {
            assert_eq!(absolute("/usr/share/denyhosts", path), want, "{path}");
        }
    }
}
