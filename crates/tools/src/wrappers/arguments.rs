//! The arguments of tcpdmatch and tcpdchk.

use crate::applet::Call;
use crate::say;
use std::ffi::OsString;
use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// `-a`: say where nothing says what happens.
    pub(super) implicit: bool,
    /// `-d`: the files of the current folder.
    pub(super) here: bool,
    /// `-v`: every rule.
    pub(super) verbose: bool,
    /// `-i`: the super-server's configuration.
    pub(super) inetd: Option<PathBuf>,
    /// What follows.
    pub(super) rest: Vec<OsString>,
}

impl Arguments {
    /// Reads them; `letters` are those that the command knows. Nothing, once it has been said what
    /// is wrong.
    pub(super) fn read(call: &Call, letters: &str) -> Option<Self> {
        let mut read = Self::default();
        let mut words = call.arguments.iter();
        while let Some(word) = words.next() {
            let flags = match word.to_str().and_then(|text| text.strip_prefix('-')) {
                Some("-") => break,
                Some(flags) if !flags.is_empty() => flags,
                _ => {
                    read.rest.push(word.clone());
                    break;
                }
            };
            let mut flags = flags.chars();
            while let Some(flag) = flags.next() {
                match flag {
                    flag if !letters.contains(flag) => {
                        say(format!("{}: invalid option -- '{flag}'\n", call.name));
                        return None;
                    }
                    'a' => read.implicit = true,
                    'd' => read.here = true,
                    'v' => read.verbose = true,
                    _ => {
                        let rest: String = flags.by_ref().collect();
                        let value = Some(rest).filter(|it| !it.is_empty()).map(OsString::from);
                        let Some(value) = value.or_else(|| words.next().cloned()) else {
                            say(format!("{}: option requires an argument -- 'i'\n", call.name));
                            return None;
                        };
                        read.inetd = Some(value.into());
                    }
                }
            }
        }
        read.rest.extend(words.cloned());
        Some(read)
    }
}
