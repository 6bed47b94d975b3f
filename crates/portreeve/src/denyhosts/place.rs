//! The work directory: counters, history of purges, where the log was read to.

use super::files;
use super::say::Say;
use super::setup::Setup;
use portreeve_dialect::denyhosts::{Counters, Store};
use std::path::Path;

/// Reads the counters; lines that are none are told of.
///
/// # Errors
/// A file cannot be read.
pub(super) fn load(work: &Path, say: &mut Say) -> Result<Store, String> {
    let mut store = Store::default();
    for name in Store::names() {
        for ending in ["", Store::IPV6] {
            let path = work.join(format!("{name}{ending}"));
            store.fill(name, counters(&path, say)?);
        }
    }
    Ok(store)
}

/// Reads a file of counters.
///
/// # Errors
/// It cannot be read.
pub(super) fn counters(path: &Path, say: &mut Say) -> Result<Counters, String> {
    let Some(bytes) = files::bytes(path)? else { return Ok(Counters::default()) };
    let (counters, bad) = Counters::read(&String::from_utf8_lossy(&bytes));
    for bad in bad {
        say.warning(&format!("{}:{}: {}; the line is left out", path.display(), bad.line, bad.why));
    }
    Ok(counters)
}

/// Writes the counters: files that are empty only where they were there.
///
/// # Errors
/// A file cannot be written.
pub(super) fn save(setup: &Setup) -> Result<(), String> {
    for (name, text) in setup.store.clone().print() {
        let optional = name.ends_with(Store::IPV6) || name == "hosts-restricted";
        write(setup, &name, &text, optional)?;
    }
    Ok(())
}

/// Writes a file of the work directory; an optional one that is empty only where it was there.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(setup: &Setup, name: &str, text: &str, optional: bool) -> Result<(), String> {
    let path = setup.work(name);
    if optional && text.is_empty() && !path.exists() {
        return Ok(());
    }
    files::replace(&path, text.as_bytes(), 0o644)
}

/// Where a log was read to: its first line, and an offset behind a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offset {
    /// The log's first line, without its end.
    pub(super) first: Vec<u8>,
    /// Bytes.
    pub(super) at: u64,
}

impl Offset {
    /// What a file says; the beginning where it says nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let bytes = files::bytes(path)?.unwrap_or_default();
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default().to_vec();
        let number = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        Ok(Self { first, at: number.trim().parse().unwrap_or(0) })
    }

    /// Writes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(&self, path: &Path) -> Result<(), String> {
        let mut bytes = self.first.clone();
        bytes.extend_from_slice(format!("\n{}\n", self.at).as_bytes());
        files::replace(path, &bytes, 0o644)
    }
}
