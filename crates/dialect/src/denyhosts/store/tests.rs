use super::*;
use crate::{DirectoryEntry, Files, ReadFailure};
use portreeve_diag::{Diagnostics, Sources};

struct One(&'static str);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, ReadFailure> {
        Ok(self.0.as_bytes().to_vec())
    }
    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        self.read(path).map(Some)
    }
    fn list(&mut self, _: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        Ok(Vec::new())
    }
}

const TEXT: &str = "SECURE_LOG=/l\nHOSTS_DENY=/h\nPURGE_DENY=\nBLOCK_SERVICE=sshd\n\
    DENY_THRESHOLD_INVALID=2\nDENY_THRESHOLD_VALID=3\nDENY_THRESHOLD_ROOT=1\n\
    DENY_THRESHOLD_RESTRICTED=1\nWORK_DIR=/w\nLOCK_FILE=/p\nAGE_RESET_VALID=60\nRESET_ON_SUCCESS=yes\n";

fn settings() -> Settings {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    super::super::read("/c", None, "/", &mut One(TEXT), &mut sources, &mut found).unwrap()
}

fn now() -> Civil {
    Civil::parse("Sat Nov 21 20:00:00 2026").unwrap()
}

fn after(store: &mut Store, deeds: &[(&str, &str, Deed)], idle: i64) -> usize {
    let (settings, restricted) = (settings(), ["admin".to_owned()].into());
    let late = deeds.iter().filter(|(host, user, deed)| {
        let what = (host.parse().unwrap(), *user, *deed);
        store.count(what, &settings, &restricted, now(), |_| idle)
    });
    late.count()
}

fn denied(store: &Store) -> Vec<String> {
    store.too_many(settings().thresholds).iter().map(ToString::to_string).collect()
}

#[test]
fn a_threshold_must_be_exceeded() {
    use Deed::{Invalid, Valid};
    for (user, deed, enough) in [
        ("x", Invalid, 3),
        ("ann", Valid, 4),
        ("root", Valid, 2),
        ("admin", Valid, 2),
        ("admin", Invalid, 2),
    ] {
        let mut store = Store::default();
        for time in 1..=enough {
            assert!(denied(&store).is_empty(), "{user} before {time}");
            after(&mut store, &[("8.8.8.8", user, deed)], 0);
        }
        assert_eq!(denied(&store), ["8.8.8.8"], "{user}");
    }
}

#[test]
fn idle_counters_begin_anew_and_a_success_takes_back() {
    use Deed::{Invalid, Success, Valid};
    let mut store = Store::default();
    let ann = ("8.8.8.8", "ann", Valid);
    after(&mut store, &[ann; 3], 60);
    after(&mut store, &[ann], 61);
    assert!(denied(&store).is_empty());
    after(&mut store, &[ann, ann, ("8.8.8.8", "ann", Success), ann, ann, ann], 0);
    assert!(denied(&store).is_empty());
    after(&mut store, &[("8.8.8.8", "x", Invalid); 3], 0);
    assert_eq!(after(&mut store, &[("8.8.8.8", "ann", Success)], 0), 0, "taken back first");
    assert!(store.suspicious.0.is_empty());
}

#[test]
fn files_are_read_as_they_were_written_and_ipv6_has_its_own() {
    let mut store = Store::default();
    let deeds = [
        ("8.8.8.8", "x", Deed::Invalid),
        ("2001:470::8", "a:b", Deed::Invalid),
        ("2001:470::8", "root", Deed::Valid),
        ("8.8.4.4", "ann", Deed::Valid),
    ];
    after(&mut store, &deeds, 0);
    let files = store.clone().print();
    let text =
        |name: &str| files.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str());
    let at = "Sat Nov 21 20:00:00 2026";
    assert_eq!(text("hosts"), Some(format!("8.8.8.8:1:{at}\n").as_str()));
    assert_eq!(text("hosts.ipv6"), Some(format!("2001:470::8:1:{at}\n").as_str()));
    assert_eq!(text("users-invalid"), Some(format!("a\\x3ab:1:{at}\nx:1:{at}\n").as_str()));
    assert_eq!(text("users-hosts.ipv6"), Some(format!("root - 2001:470::8:1:{at}\n").as_str()));
    let mut again = Store::default();
    for (name, text) in &files {
        let (read, bad) = Counters::read(text);
        assert!(bad.is_empty());
        again.fill(name.trim_end_matches(Store::IPV6), read);
    }
    assert_eq!(again, store);
    again.forget("2001:470::8");
    assert!(
        !again.print().iter().any(|(name, text)| name.starts_with("hosts") && text.contains("470"))
    );
}
