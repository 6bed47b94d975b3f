//! A list that the tests of changing lists look at, and who is on it.

use crate::SOON;
use portreeve_testkit::{World, read_to_end_bounded};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A service with a list, and one without. Ports that need no power over the network: in one test the
/// door has none.
pub(crate) const SERVICES: &str = "[service.listed]\nlisten = [\"192.168.0.1:1700\"]\n\
     run = [\"/bin/echo\", \"in\"]\ndeny = [\"@/etc/portreeve/deny\"]\n\
     [service.other]\nlisten = [\"192.168.0.1:1701\"]\nrun = [\"/bin/echo\", \"in\"]\n";
pub(crate) const LISTED: &str = "192.168.0.1:1700";
pub(crate) const OTHER: &str = "192.168.0.1:1701";

/// Entries that deny the client `lan`, and such as do not.
pub(crate) const SHUT: &str = "198.51.100.0/24\n192.168.0.50\n";
pub(crate) const OPEN: &str = "198.51.100.0/24\n";

/// What a peer is told: whether it came in. Anything but these two is an error.
pub(crate) fn is_in(world: &World, client: &str, to: &str) -> bool {
    let stream = world.connect(client, to).unwrap();
    match read_to_end_bounded(&stream, 16, SOON).text().as_str() {
        "in\n" => true,
        "" => false,
        other => panic!("neither let in nor refused: {other:?}"),
    }
}

/// A list, from outside.
pub(crate) struct List<'w>(pub(crate) &'w World);

impl List<'_> {
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.etc(Path::new("portreeve").join(name));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Puts another one in its place.
    pub(crate) fn replace(&self, text: &str) {
        self.write("new", text);
        let at = |name: &str| self.0.etc(Path::new("portreeve").join(name));
        fs::rename(at("new"), at("deny")).unwrap();
    }
}
