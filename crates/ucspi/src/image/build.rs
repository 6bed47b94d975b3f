//! From a database, or from rule after rule, to an image.

use super::steps::{Does, Step, Summary};
use super::{HEAD, MARK};
use crate::cdb::{Damage, HEADER, Maker, Reader};
use crate::rules::{Rule, Stored, data};
use std::collections::HashMap;
use std::fmt;

/// Bytes of a database that is taken as an access list.
pub const MOST_BYTES: usize = 512 << 20;
/// Variables that one rule may set.
pub const MOST_SETTINGS: usize = 128;
/// Bytes of one rule's data: what the kernel passes to a program for sure.
pub(super) const MOST_DATA: usize = 64 << 10;
/// Bytes of a key.
const MOST_KEY: usize = 4 << 10;

/// Why there is no image of some rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRules {
    /// The database is damaged.
    Damaged(Damage),
    /// The database is, or would become, larger than [`MOST_BYTES`].
    TooLarge,
    /// A key is longer than 4 KiB.
    Key {
        /// How it begins.
        begins: Vec<u8>,
    },
    /// A rule sets more than [`MOST_SETTINGS`] variables, or more than 64 KiB of them.
    Settings {
        /// Its key.
        key: Vec<u8>,
    },
}

impl fmt::Display for BadRules {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => damage.fmt(out),
            Self::TooLarge => write!(out, "the rules take more than {} MiB", MOST_BYTES >> 20),
            Self::Key { begins } => {
                write!(out, "the key `{}…` is longer than 4 KiB", begins.escape_ascii())
            }
            Self::Settings { key } => {
                let key = key.escape_ascii();
                write!(out, "`{key}` sets over {MOST_SETTINGS} variables, or over 64 KiB of them")
            }
        }
    }
}

impl std::error::Error for BadRules {}

/// An image of a database, whole and sound.
///
/// # Errors
/// [`BadRules`].
pub fn of_database(database: &[u8]) -> Result<Vec<u8>, BadRules> {
    if database.len() > MOST_BYTES {
        return Err(BadRules::TooLarge);
    }
    let reader = Reader::new(database);
    reader.examine().map_err(BadRules::Damaged)?;
    let mut keys = Keys::default();
    for record in reader.records().flatten() {
        fits(record.key, record.data)?;
        let first = reader.get(record.key).ok().flatten();
        // of several rules with one key only the first is ever found
        if first.is_some_and(|data| data.as_ptr() == record.data.as_ptr()) {
            keys.add(record.key, record.data);
        }
    }
    keys.image(database)
}

/// An image of no rules: nobody is refused.
#[must_use]
pub fn of_nothing() -> Vec<u8> {
    Keys::default().image(&[0; HEADER]).unwrap_or_default()
}

/// Makes an image of rules that come one after the other; of several with one key the first counts.
#[derive(Debug, Default)]
pub struct Builder {
    maker: Maker,
    database: Vec<u8>,
}

impl Builder {
    /// Without rules.
    #[must_use]
    pub fn new() -> Self {
        Self { maker: Maker::new(), database: vec![0; HEADER] }
    }

    /// Adds what the rule of a line does to a key that its address stands for.
    ///
    /// # Errors
    /// [`BadRules`].
    pub fn add(&mut self, key: &[u8], rule: &Rule<'_>, line: u32) -> Result<(), BadRules> {
        let mut data = data(rule);
        fits(key, &data)?;
        // an item that says nothing to those who obey rules, and where it was written to us
        data.extend_from_slice(format!(":{line}\0").as_bytes());
        let head = self.maker.record(key, data.len()).map_err(|_| BadRules::TooLarge)?;
        for part in [&head, key, &data] {
            self.database.extend_from_slice(part);
        }
        let enough = self.database.len() > MOST_BYTES;
        if enough { Err(BadRules::TooLarge) } else { Ok(()) }
    }

    /// The image.
    ///
    /// # Errors
    /// [`BadRules`].
    pub fn finish(mut self) -> Result<Vec<u8>, BadRules> {
        let ending = self.maker.finish().map_err(|_| BadRules::TooLarge)?;
        ending.tables.for_each(|table| self.database.extend_from_slice(&table));
        if let Some(header) = self.database.get_mut(..HEADER) {
            header.copy_from_slice(&ending.header);
        }
        of_database(&self.database)
    }
}

/// The line that a rule was written in, where its text was read.
pub(super) fn line(data: &[u8]) -> Option<u32> {
    let items = data.split(|byte| *byte == 0);
    let line = items.filter_map(|item| item.strip_prefix(b":")).next()?;
    str::from_utf8(line).ok()?.parse().ok()
}

fn fits(key: &[u8], data: &[u8]) -> Result<(), BadRules> {
    if key.len() > MOST_KEY {
        let begins = key.get(..64).unwrap_or_default().to_vec();
        return Err(BadRules::Key { begins });
    }
    if data.len() > MOST_DATA || Stored::parse(data).settings.len() > MOST_SETTINGS {
        return Err(BadRules::Settings { key: key.to_vec() });
    }
    Ok(())
}

/// What is told of the keys.
#[derive(Debug, Default)]
struct Keys {
    summary: Summary,
    /// What rules do by what stands behind the `@` of their keys.
    users: HashMap<Vec<u8>, Does>,
}

impl Keys {
    fn add(&mut self, key: &[u8], data: &[u8]) {
        let does = Does::of(&Stored::parse(data));
        for step in Step::of(key).into_iter().flatten() {
            self.summary.add(step, does);
            if matches!(step, Step::UserAddress | Step::UserHost) {
                let behind = key.iter().rposition(|byte| *byte == b'@');
                let behind = behind.and_then(|at| key.get(at..)).unwrap_or_default();
                let whose = behind.get(1..).unwrap_or_default().to_vec();
                let so_far = self.users.entry(whose).or_default();
                *so_far = so_far.or(does);
            }
        }
    }

    fn image(self, database: &[u8]) -> Result<Vec<u8>, BadRules> {
        let length = u64::try_from(database.len()).map_err(|_| BadRules::TooLarge)?;
        let mut image = Vec::with_capacity(HEAD.saturating_add(database.len()));
        image.extend_from_slice(&MARK);
        image.extend_from_slice(&self.summary.0.to_le_bytes());
        image.extend_from_slice(&length.to_le_bytes());
        image.extend_from_slice(database);
        if self.users.is_empty() {
            return Ok(image);
        }
        let start = image.len();
        let mut users: Vec<(Vec<u8>, Does)> = self.users.into_iter().collect();
        users.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut maker = Maker::new();
        image.extend_from_slice(&[0; HEADER]);
        for (whose, does) in users {
            let head = maker.record(&whose, 1).map_err(|_| BadRules::TooLarge)?;
            for part in [&head, whose.as_slice(), &[does.0]] {
                image.extend_from_slice(part);
            }
        }
        let ending = maker.finish().map_err(|_| BadRules::TooLarge)?;
        ending.tables.for_each(|table| image.extend_from_slice(&table));
        let header = start..start.saturating_add(HEADER);
        if let Some(header) = image.get_mut(header) {
            header.copy_from_slice(&ending.header);
        }
        Ok(image)
    }
}
