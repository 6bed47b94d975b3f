//! The readers, and what must hold of each for any input.

mod answers;
mod bounds;
mod configuration;
mod databases;
mod detect;
mod detectors;
mod filters;
mod frames;
mod judge;
mod kept;
mod lists;
mod servers;
mod texts;
mod wrappers;

use std::collections::BTreeSet;

/// What an input led to, as a number: inputs of one number are of one kind. An error says what does
/// not hold.
pub type Outcome = Result<u64, String>;

/// A reader.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// Gives it an input. A panic is a breach as well.
    pub check: fn(&[u8]) -> Outcome,
    /// What mutations begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its language.
    pub words: fn() -> Vec<String>,
    /// Longest input, in bytes.
    pub longest: usize,
}

/// All of them.
pub const ALL: [Target; 36] = [
    configuration::XINETD,
    configuration::TOML,
    texts::SERVICES,
    texts::PLAN,
    kept::KEPT,
    wrappers::WRAPPERS,
    lists::LIST_FILE,
    lists::IMAGE,
    databases::RULES,
    databases::CDB,
    databases::IMAGE,
    answers::IDENT,
    answers::EVIDENCE,
    frames::CONTROL,
    frames::CLERK,
    frames::RELAY,
    frames::COMPILE,
    detect::FRAME,
    detect::DETECT,
    detectors::ADDRESS,
    detectors::SSHD,
    detectors::DROPBEAR,
    detectors::PAM,
    servers::APACHE,
    servers::DOVECOT,
    servers::EXIM,
    servers::NGINX,
    servers::POSTFIX,
    servers::PROFTPD,
    servers::PURE_FTPD,
    servers::SENDMAIL,
    servers::VSFTPD,
    servers::ACCESS,
    filters::FILTER,
    filters::DATES,
    judge::JUDGE,
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

/// A number for a set of words, the same on every run.
fn signature<'a>(words: impl IntoIterator<Item = &'a str>) -> u64 {
    let kinds: BTreeSet<&str> = words.into_iter().collect();
    let bytes = kinds.iter().flat_map(|word| word.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
