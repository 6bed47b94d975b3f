//! A host with a few files.

use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::denyhosts::{Settings, read};
use portreeve_dialect::{DirectoryEntry, Files, ReadFailure};
use std::collections::BTreeMap;

/// What must be there, one line for each key.
pub(crate) const LEAST: &str = "SECURE_LOG = /var/log/auth.log\n\
    HOSTS_DENY = /etc/hosts.deny\n\
    PURGE_DENY =\n\
    BLOCK_SERVICE = sshd\n\
    DENY_THRESHOLD_INVALID = 5\n\
    DENY_THRESHOLD_VALID = 10\n\
    DENY_THRESHOLD_ROOT = 1\n\
    DENY_THRESHOLD_RESTRICTED = 1\n\
    WORK_DIR = /var/lib/denyhosts\n\
    ETC_DIR = /etc\n\
    LOCK_FILE = /run/denyhosts.pid\n";

/// Files and variables.
#[derive(Default)]
pub(crate) struct Host {
    /// By their paths.
    pub(crate) files: BTreeMap<String, String>,
}

impl Host {
    /// One with a file more.
    pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }
}

impl Files for Host {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure> {
        let reason = "no such file or directory".to_owned();
        let found = self.files.get(path).map(|text| text.clone().into_bytes());
        found.ok_or(ReadFailure { reason })
    }

    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        if path.starts_with("/locked") {
            return Err(ReadFailure { reason: "permission denied".to_owned() });
        }
        Ok(self.read(path).ok())
    }

    fn list(&mut self, _: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        Ok(Vec::new())
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        match name {
            "HOSTNAME" => Some("gate".to_owned()),
            "EMPTY" => Some(String::new()),
            "AGAIN" => Some("$[AGAIN]".to_owned()),
            _ => None,
        }
    }
}

/// A configuration from a text, and the codes of what was found, in the order of the text.
pub(crate) fn config(text: &str) -> (Option<Settings>, Vec<&'static str>, Sources, Diagnostics) {
    let mut host = Host::default().with("/etc/denyhosts.conf", text);
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let path = "/etc/denyhosts.conf";
    let settings = read(path, None, "/etc", &mut host, &mut sources, &mut found);
    found.sort();
    let codes = found.iter().map(|finding| finding.code.0).collect();
    (settings, codes, sources, found)
}
