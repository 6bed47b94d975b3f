//! From a database, or from rule after rule, to an image.

use super::steps::{Does, Step, Summary};
use super::{HEAD, MARK};
use crate::cdb::{Damage, HEADER, Maker, Reader, Sound};
use crate::rules::{Rule, Stored, data};
use std::collections::HashMap;
use std::fmt;
use std::io::Write;

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
    of_sound(&sound(database)?)
}

/// A database that may become an image: all of it was looked at.
///
/// # Errors
/// [`BadRules::TooLarge`], [`BadRules::Damaged`].
pub fn sound(database: &[u8]) -> Result<Sound<'_>, BadRules> {
    if database.len() > MOST_BYTES {
        return Err(BadRules::TooLarge);
    }
    Sound::new(Reader::new(database)).map_err(BadRules::Damaged)
}

/// An image of such a database.
///
/// # Errors
/// [`BadRules`].
pub fn of_sound(database: &Sound<'_>) -> Result<Vec<u8>, BadRules> {
    let mut keys = Keys::default();
    for (record, is_found) in database.records() {
        fits(record.key, record.data)?;
        // of several rules with one key only the first is ever found
        if is_found {
            keys.add(record.key, record.data);
        }
    }
    keys.image(database.bytes())
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
        write!(data, ":{line}\0").map_err(|_| BadRules::TooLarge)?;
        self.record(key, &data)
    }

    fn record(&mut self, key: &[u8], data: &[u8]) -> Result<(), BadRules> {
        let head = self.maker.record(key, data.len()).map_err(|_| BadRules::TooLarge)?;
        for part in [&head, key, data] {
            self.database.extend_from_slice(part);
        }
        let enough = self.database.len() > MOST_BYTES;
        if enough { Err(BadRules::TooLarge) } else { Ok(()) }
    }

    /// The image.
    ///
    /// # Errors
    /// [`BadRules`].
    pub fn finish(self) -> Result<Made, BadRules> {
        let repeated = self.maker.repeated(Reader::new(&self.database));
        let (mut kept, mut lines) = (self, Vec::new());
        if !repeated.is_empty() {
            (kept, lines) = kept.without(&repeated)?;
        }
        let Self { maker, mut database } = kept;
        let keys = maker.len();
        let ending = maker.finish().map_err(|_| BadRules::TooLarge)?;
        ending.tables.for_each(|table| database.extend_from_slice(&table));
        if let Some(header) = database.get_mut(..HEADER) {
            header.copy_from_slice(&ending.header);
        }
        Ok(Made { image: of_database(&database)?, keys, repeated: lines })
    }

    /// The same without the records that begin at these places, and these records' lines.
    fn without(&self, places: &[u32]) -> Result<(Self, Vec<u32>), BadRules> {
        let written = Reader::new(&self.database);
        let (mut kept, mut lines, mut at) = (Self::new(), Vec::new(), HEADER);
        let mut places = places.iter().peekable();
        while let Ok((record, next)) = written.record(at) {
            let is_here = |place: &&u32| usize::try_from(**place) == Ok(at);
            match places.next_if(is_here) {
                Some(_) => lines.extend(line(record.data)),
                None => kept.record(record.key, record.data)?,
            }
            at = next;
        }
        Ok((kept, lines))
    }
}

/// What a [`Builder`] made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The image.
    pub image: Vec<u8>,
    /// How many keys there are in it.
    pub keys: usize,
    /// The lines of what was added with a key that was there already, each as often as that was.
    pub repeated: Vec<u32>,
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
