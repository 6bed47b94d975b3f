//! The configuration and all that is read before anything is done.

use super::flags::Flags;
use super::say::{Say, Weight};
use super::{files, place};
use crate::terminal;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use portreeve_config::{Disk, World};
use portreeve_diag::{Diagnostics, Level, Paint, Sources, render};
use portreeve_dialect::denyhosts::{
    Allowed, Civil, Reading, Restricted, Settings, Store, read, restricted, tell_command,
};
use portreeve_dialect::{DirectoryEntry, Files, ReadFailure};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Where the configuration is looked for.
pub(super) const CONFIG: &str = "/etc/denyhosts.conf";

/// All of it.
#[derive(Debug)]
pub(super) struct Setup {
    /// The configuration.
    pub(super) settings: Settings,
    /// Who is never denied.
    pub(super) allowed: Allowed,
    /// Who has a threshold of their own.
    pub(super) restricted: Restricted,
    /// This host's own addresses.
    pub(super) own: BTreeSet<IpAddr>,
    /// What is counted.
    pub(super) store: Store,
    /// Whose clock times are of.
    pub(super) zone: TimeZone,
    /// Where things are told.
    pub(super) say: Say,
}

/// The host's files, as far as they can be believed.
struct OnDisk(Disk);

impl Files for OnDisk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure> {
        self.0.read(path).map_err(|unread| ReadFailure { reason: unread.reason })
    }

    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        match self.0.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(unread) if unread.absent => Ok(None),
            Err(unread) => Err(ReadFailure { reason: unread.reason }),
        }
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        self.0.list(directory).map_err(|unread| ReadFailure { reason: unread.reason })
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        self.0.variable(name)
    }
}

impl Setup {
    /// Reads it all, and makes what must be there.
    ///
    /// # Errors
    /// What is wrong, rendered.
    pub(super) fn load(flags: &Flags) -> Result<Self, String> {
        let path = flags.config.clone().unwrap_or_else(|| CONFIG.to_owned());
        let (sources, settings, allowed, restricted, found) = read_all(&path)?;
        let weight = match (flags.debug, flags.verbose) {
            (true, _) => Weight::Debug,
            (false, true) => Weight::Info,
            (false, false) => Weight::Warning,
        };
        if flags.verbose || flags.debug {
            terminal::remark(&render(&found, &sources, terminal::error_paint()));
        }
        let zone = TimeZone::system();
        let mut say = Say::console(weight, zone.clone());
        let work = PathBuf::from(&settings.work_dir);
        std::fs::create_dir_all(&work)
            .map_err(|error| format!("cannot make {}: {error}", work.display()))?;
        files::touch(Path::new(&settings.hosts_deny))?;
        let store = place::load(&work, &mut say)?;
        let own = portreeve_sys::socket::local_addresses().unwrap_or_default();
        let own = own.into_iter().collect();
        Ok(Self { settings, allowed, restricted, own, store, zone, say })
    }

    /// Now, by the host's clock.
    pub(super) fn now(&self) -> Civil {
        civil(crate::moment::now().to_zoned(self.zone.clone()).datetime())
    }

    /// A time as seconds since the epoch; one that the clocks skip is what it would have been.
    pub(super) fn seconds(&self, at: Civil) -> i64 {
        seconds(at, &self.zone)
    }

    /// A file of the work directory.
    pub(super) fn work(&self, name: &str) -> PathBuf {
        Path::new(&self.settings.work_dir).join(name)
    }
}

/// A local time as DenyHosts writes it.
pub(super) fn civil(at: DateTime) -> Civil {
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    Civil { year, month, day, hour, minute, second }
}

/// The moment of a local time, in seconds since the epoch.
pub(crate) fn seconds(at: Civil, zone: &TimeZone) -> i64 {
    let Civil { year, month, day, hour, minute, second } = at;
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok();
    let zoned = local.and_then(|local| local.to_zoned(zone.clone()).ok());
    zoned.map_or(0, |zoned| zoned.timestamp().as_second())
}

/// What a configuration and its lists come to.
pub(crate) type ReadAll = (Sources, Settings, Allowed, Restricted, Diagnostics);

/// Reads a configuration and its lists.
///
/// # Errors
/// Every error, rendered.
pub(crate) fn read_all(path: &str) -> Result<ReadAll, String> {
    let mut files = OnDisk(crate::configuration::disk());
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let base = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let base = base.to_string_lossy().into_owned();
    let settings = read(path, None, &base, &mut files, &mut sources, &mut found);
    let lists = settings.as_ref().map(|settings| {
        tell_command(settings, &mut found);
        let work = settings.at("WORK_DIR");
        let allowed = Allowed::read(
            &settings.work_dir,
            work,
            Reading::default(),
            &mut files,
            &mut sources,
            &mut found,
        );
        let etc = settings.at("ETC_DIR");
        (allowed, restricted(&settings.etc_dir, etc, &mut files, &mut found))
    });
    found.sort();
    match (settings, lists) {
        (Some(settings), Some((allowed, restricted))) if !found.has_errors() => {
            Ok((sources, settings, allowed, restricted, found))
        }
        _ => {
            let mut errors = Diagnostics::new();
            errors.extend(found.into_iter().filter(|finding| finding.level == Level::Error));
            Err(render(&errors, &sources, Paint::Plain))
        }
    }
}
