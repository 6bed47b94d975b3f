//! The edge to the configuration: its files, and what the host says about them.

use crate::exit::{Exit, Failure};
use crate::paths::{Configuration, Paths};
use portreeve_config::{Disk, Entry, Loaded, Trust};
use portreeve_model::{Config, Resolved};
use portreeve_sys::privileges;
use std::path::Path;

/// Reads a configuration as the door would that this user opens: files are believed that are
/// root's or the caller's own.
///
/// # Errors
/// The path cannot be written in a message; everything else is a finding.
pub(crate) fn load(entry: &Configuration) -> Result<Loaded, Failure> {
    Ok(portreeve_config::load(&named(entry)?, &mut disk()))
}

/// As [`load`], with everything found that can be said of it.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_thoroughly(entry: &Configuration) -> Result<Loaded, Failure> {
    Ok(portreeve_config::load(&named(entry)?, &mut disk().thorough()))
}

fn named(entry: &Configuration) -> Result<Entry, Failure> {
    Ok(match entry {
        Configuration::Native(path) => Entry::Native(as_text(path)?),
        Configuration::Xinetd(path) => Entry::Xinetd(as_text(path)?),
    })
}

/// The disk as [`load`] reads it.
pub(crate) fn disk() -> Disk {
    Disk::new(match privileges::own_uid() {
        0 => Trust::Root,
        own => Trust::User(own),
    })
}

/// A path as a text.
///
/// # Errors
/// It is none.
pub(crate) fn as_text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the path {} is not UTF-8", path.display());
        Failure::new(Exit::Usage, message)
    })
}

/// What the host says about a configuration: users, programs, banners, names. Asked as the door
/// would that the options mean: the host's own is root's, whoever asks.
pub(crate) fn host(config: &Config, paths: &Paths) -> Resolved {
    let as_root = privileges::is_root() || paths.own_root().is_none();
    portreeve_config::resolve(config, as_root)
}
