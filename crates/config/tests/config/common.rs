//! A host made of texts.

use portreeve_config::{Entry, Loaded, Unread, World, load};
use portreeve_diag::{Paint, render};
use portreeve_dialect::{DirectoryEntry, EntryKind};
use portreeve_model::Zone;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files by path; directories are where their names say.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Why its kernel does not tell when a connection was last used.
    pub(crate) no_idle_times: Option<String>,
    /// Whether everything is to be found that can be said.
    pub(crate) thorough: bool,
}

impl Host {
    pub(crate) fn with(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.into(), text.as_ref().to_vec());
        self
    }

    /// All files below a directory of this crate, under the same paths below `at`.
    pub(crate) fn with_directory(mut self, directory: &Path, at: &str) -> Self {
        for entry in directory.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let there = format!("{at}/{name}");
            if path.is_dir() {
                self = self.with_directory(&path, &there);
            } else {
                self.files.insert(there, bytes(&path));
            }
        }
        self
    }

    pub(crate) fn load(&mut self, entry: &Entry) -> Loaded {
        load(entry, self)
    }
}

impl World for Host {
    fn variable(&mut self, name: &str) -> Option<String> {
        (name == "HOSTNAME").then(|| "gate".to_owned())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        self.files.get(path).cloned().ok_or_else(Unread::absent)
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        let rests = self.files.keys().filter_map(|path| path.strip_prefix(&prefix));
        let names: std::collections::BTreeMap<&str, EntryKind> = rests
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Other),
                None => (rest, EntryKind::File),
            })
            .collect();
        if names.is_empty() {
            return Err(Unread::absent());
        }
        let entry = |(name, kind): (&str, EntryKind)| DirectoryEntry { name: name.into(), kind };
        Ok(names.into_iter().map(entry).collect())
    }

    fn zone(&mut self, name: &str) -> Option<Zone> {
        let known = ["local", "UTC", "Europe/Paris", "Asia/Kathmandu"].contains(&name);
        known.then(|| Zone { name: name.into(), offsets: vec![(0, 3600)] })
    }

    fn thorough(&self) -> bool {
        self.thorough
    }

    fn idle_times(&mut self) -> Result<(), String> {
        self.no_idle_times.clone().map_or(Ok(()), Err)
    }
}

/// The bytes of a file of the tree.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).unwrap().take(1 << 20).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The findings as text.
pub(crate) fn findings(loaded: &Loaded) -> String {
    render(&loaded.diagnostics, &loaded.sources, Paint::Plain)
}

/// A denyhosts.cfg with what must be in one.
const DENYHOSTS: &str = "SECURE_LOG = /var/log/auth.log\nHOSTS_DENY = /etc/hosts.deny\nPURGE_DENY =\n\
    BLOCK_SERVICE = sshd\nDENY_THRESHOLD_INVALID = 5\nDENY_THRESHOLD_VALID = 10\n\
    DENY_THRESHOLD_ROOT = 1\nDENY_THRESHOLD_RESTRICTED = 1\nWORK_DIR = /var/lib/denyhosts\n\
    ETC_DIR = /etc\nLOCK_FILE = /run/denyhosts.pid\n";

/// A configuration from one native text.
pub(crate) fn native(text: &str) -> Loaded {
    let rules = ["/etc/tcp.ssh.cdb", "/etc/x", "/etc/a.cdb", "/etc/\"b\" c"];
    let host = Host::default().with("/etc/portreeve/portreeve.toml", text);
    let jails =
        "[DEFAULT]\nlogpath = /var/log/x\n[sshd]\nenabled = yes\nfilter = sshd\n[recidive]\n";
    let host = host
        .with("/etc/portreeve/mail.password", "of a file\n")
        .with("/etc/fail2ban/jail.conf", jails)
        .with("/etc/fail2ban/filter.d/recidive.conf", "[Definition]\nfailregex = y <HOST>\n")
        .with("/etc/denyhosts.conf", DENYHOSTS)
        .with("/usr/share/denyhosts/denyhosts.cfg", DENYHOSTS)
        .with("/etc/fail2ban/filter.d/sshd.conf", "[Definition]\nfailregex = x <HOST>\n");
    rules.into_iter().fold(host, |host, path| host.with(path, ":allow\n")).load(&main())
}

/// Where the native configuration of a fake host begins.
pub(crate) fn main() -> Entry {
    Entry::Native("/etc/portreeve/portreeve.toml".into())
}

/// A path of this crate.
pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a text with a file of the tree, or writes it there when `PORTREEVE_BLESS` is set.
pub(crate) fn golden(path: &Path, text: &str) {
    if std::env::var_os("PORTREEVE_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let want = if path.exists() { String::from_utf8(bytes(path)).unwrap() } else { String::new() };
    assert!(want == text, "{} differs; it would be:\n{text}", path.display());
}
