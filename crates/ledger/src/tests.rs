#![expect(clippy::disallowed_methods, reason = "tests read small files of their own")]

use super::*;
use crate::schema::{STEPS, migrate};
use portreeve_model::Offence;
use portreeve_model::Sentence;
use portreeve_wire::clerk::{BanEnd, BanRecord};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const NOW: i64 = 1_795_000_000;

/// A directory of the test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("portreeve-ledger-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
    fn open(&self) -> Ledger {
        open(&self.0, NOW).unwrap()
    }
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ban(network: &str, until: Option<i64>) -> BanRecord {
    BanRecord {
        network: network.parse().unwrap(),
        since: NOW,
        until,
        service: "telnet".into(),
        reason: "touched the trap `telnet`".into(),
        origin: Some("/etc/xinetd.d/telnet:3:9".into()),
        only: String::new(),
        judge: String::new(),
    }
}

fn end(network: &str, at: i64) -> BanEnd {
    let at = u64::try_from(at).unwrap() * 1000;
    BanEnd { ban: ban(network, None).key(), at, how: "expired".to_owned(), by: None }
}

fn offence(at: u64) -> Offence {
    Offence {
        at,
        kind: "trap".into(),
        peer: Some("192.0.2.7".parse().unwrap()),
        port: Some(4000),
        service: "telnet".into(),
        user: None,
        source: "door".into(),
        watch: None,
        detector: None,
        session: None,
        certain: true,
        count: 1,
        why: "touched a trap".into(),
        sentence: Some(Sentence::For(Duration::from_secs(60))),
        spared: None,
    }
}

fn all(ledger: &Ledger) -> Vec<BanRecord> {
    let mut bans = Vec::new();
    assert_eq!(ledger.bans(|ban| bans.push(ban)).unwrap(), 0);
    bans
}

#[test]
fn bans_are_kept_replaced_forgotten_and_expire() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    assert_eq!(ledger.notice(), None);
    let (v4, v6) = (ban("192.0.2.7", Some(NOW + 60)), ban("2001:db8::/64", None));
    ledger.apply(&[Change::Keep(v4.clone()), Change::Keep(v6.clone())]).unwrap();
    let longer = ban("192.0.2.7", Some(NOW + 600));
    ledger.keep(&longer).unwrap();
    drop(ledger);

    let mut ledger = folder.open();
    assert_eq!(all(&ledger), [longer.clone(), v6.clone()]);
    ledger.forget(end("192.0.2.0/24", NOW)).unwrap();
    assert_eq!(all(&ledger).len(), 2, "another network is not this one");
    assert_eq!(ledger.expire(NOW + 599).unwrap(), 0);
    assert_eq!(ledger.expire(NOW + 600).unwrap(), 1);
    assert_eq!(all(&ledger), std::slice::from_ref(&v6));
    ledger.forget(end("2001:db8::/64", NOW)).unwrap();
    assert_eq!(all(&ledger), []);
}

#[test]
fn a_row_that_is_no_ban_is_counted_and_passed_over() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    ledger.keep(&ban("192.0.2.7", None)).unwrap();
    let odd = "INSERT INTO bans VALUES ('everybody', '', 4, 32, 0, NULL, '', 'x', 'y', NULL)";
    ledger.connection.execute(odd, []).unwrap();
    let not_utf8 = "INSERT INTO bans VALUES ('0.0.0.0', '', 4, 32, 0, NULL, '', CAST(x'ff' AS TEXT), 'y', NULL)";
    ledger.connection.execute(not_utf8, []).unwrap();
    let mut seen = 0;
    assert_eq!(ledger.bans(|_| seen += 1).unwrap(), 2);
    assert_eq!(seen, 1);
}

#[test]
fn long_texts_are_cut_between_characters() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    let reason = "ü".repeat(2000);
    ledger.keep(&BanRecord { reason, ..ban("192.0.2.7", None) }).unwrap();
    assert_eq!(all(&ledger)[0].reason, "ü".repeat(512));
}

#[test]
fn offences_are_bounded_and_the_newest_stay() {
    let folder = Folder::new();
    let mut ledger = folder.open().keeping_offences(10);
    let many: Vec<_> = (0..1500).map(|at| Change::record(offence(at))).collect();
    ledger.apply(&many).unwrap();
    ledger.record_offence(&offence(1500)).unwrap();
    let rows = ledger.offences(100).unwrap();
    assert_eq!(rows.len(), 11, "the bound, and what has come since it was last enforced");
    assert_eq!((rows[0].at, rows[10].at), (1500, 1490));
    assert_eq!((rows[0].peer.as_deref(), rows[0].seconds), (Some("192.0.2.7"), Some(60)));
}

#[test]
fn an_unfinished_change_leaves_no_trace() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    let refused =
        "CREATE TRIGGER no BEFORE INSERT ON offences BEGIN SELECT RAISE(ABORT, 'no'); END";
    ledger.connection.execute(refused, []).unwrap();
    let both = [Change::Keep(ban("192.0.2.7", None)), Change::record(offence(1))];
    assert!(!ledger.apply(&both).unwrap_err().is_damage());
    assert_eq!(all(&ledger), []);
}

#[test]
fn a_file_that_is_no_ledger_is_kept_aside() {
    let folder = Folder::new();
    std::fs::write(folder.0.join(FILE_NAME), "not a database, ".repeat(1000)).unwrap();
    let mut ledger = folder.open();
    assert!(ledger.notice().unwrap().contains("ledger.sqlite.damaged-1795000000"));
    ledger.keep(&ban("192.0.2.7", None)).unwrap();
    drop(ledger);
    let names = folder.names();
    assert!(names.contains(&"ledger.sqlite.damaged-1795000000".to_owned()), "{names:?}");
    assert_eq!(all(&folder.open()).len(), 1);

    std::fs::write(folder.0.join(FILE_NAME), "again").unwrap();
    drop(folder.open());
    assert!(folder.names().contains(&"ledger.sqlite.damaged-1795000000-1".to_owned()));
}

#[test]
fn bans_of_a_damaged_file_are_saved_as_far_as_it_can_be_read() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    ledger.keep(&ban("192.0.2.7", None)).unwrap();
    let many: Vec<_> = (0..5000).map(|at| Change::record(offence(at))).collect();
    ledger.apply(&many).unwrap();
    drop(ledger);
    let path = folder.0.join(FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xee);
    std::fs::write(&path, bytes).unwrap();

    let ledger = folder.open();
    assert!(ledger.notice().unwrap().ends_with("1 of its bans are in the new one"));
    assert_eq!(all(&ledger).len(), 1);
    assert_eq!(ledger.offences(10).unwrap(), []);
}

#[test]
fn a_file_of_a_newer_portreeve_is_left_alone() {
    let folder = Folder::new();
    let ledger = folder.open();
    ledger.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(ledger);
    let error = open(&folder.0, NOW).unwrap_err();
    assert!(matches!(error, LedgerError::Newer { found: 99, known: 4, .. }), "{error}");
    assert_eq!(folder.names(), [FILE_NAME]);
}

#[test]
fn an_older_file_is_brought_up_step_by_step() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    ledger.keep(&ban("192.0.2.7", None)).unwrap();
    let steps = [STEPS[0], STEPS[1], STEPS[2], "ALTER TABLE bans ADD COLUMN note TEXT"];
    migrate(&mut ledger.connection, Path::new("x"), &steps).unwrap();
    let version: i64 =
        ledger.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!((version, all(&ledger).len()), (4, 1));
    let broken = [steps[0], steps[1], steps[2], steps[3], "CREATE TABLE more (a); no sentence"];
    assert!(migrate(&mut ledger.connection, Path::new("x"), &broken).is_err());
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'more'";
    let more: i64 = ledger.connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(more, 0, "half a step is no step");
}

#[test]
fn offences_of_a_first_version_are_those_of_traps() {
    let folder = Folder::new();
    let old = Connection::open(folder.0.join(FILE_NAME)).unwrap();
    old.execute_batch(STEPS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let row =
        "INSERT INTO offences VALUES (7, 5, 'trap', '192.0.2.7', 4000, 'telnet', NULL, 'why')";
    old.execute(row, []).unwrap();
    drop(old);
    let mut ledger = folder.open();
    let nobody = Offence { peer: None, port: None, certain: false, sentence: None, ..offence(9) };
    let nobody = Offence { kind: "auth-failed".into(), user: Some("root".into()), ..nobody };
    ledger.record_offence(&nobody).unwrap();
    let rows = ledger.offences(10).unwrap();
    assert_eq!((rows.len(), rows[0].id, rows[1].id), (2, 8, 7));
    assert_eq!((rows[1].kind.as_str(), rows[1].peer.as_deref()), ("trap", Some("192.0.2.7")));
    assert_eq!((rows[1].source.as_str(), rows[1].at, rows[1].seconds), ("door", 5, None));
    assert_eq!((rows[0].peer.as_deref(), rows[0].user.as_deref()), (None, Some("root")));
    assert_eq!(rows[0].seconds, Some(0));
}

#[test]
fn a_reader_beside_it_sees_what_was_acknowledged() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    ledger.keep(&ban("192.0.2.7", None)).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let shell = Connection::open_with_flags(folder.0.join(FILE_NAME), flags).unwrap();
    let shown: (String, i64, i64) = shell
        .query_row("SELECT network, family, length FROM bans", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(shown, ("192.0.2.7".to_owned(), 4, 32));
}

#[test]
fn a_position_comes_with_what_was_found_before_it_or_not_at_all() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    let position = |offset| Position {
        source: "/var/log/auth.log".into(),
        device: u64::MAX,
        inode: 7,
        offset,
        tail: 64,
        mark: u64::MAX - 1,
        lines: offset / 10,
        offences: 2,
        at: NOW,
        ..Position::default()
    };
    let read = |offset| Change::Read {
        offences: vec![offence(1), offence(2)],
        proposals: vec![],
        position: Box::new(position(offset)),
    };
    ledger.apply(&[read(100), read(200)]).unwrap();
    assert_eq!(ledger.positions().unwrap(), [position(200)]);
    assert_eq!(ledger.offences(100).unwrap().len(), 4);
    drop(ledger);
    let mut ledger = folder.open();
    assert_eq!(ledger.positions().unwrap(), [position(200)]);
    let other = Position { inode: 8, within: true, cursor: Some("s=1".into()), ..position(10) };
    let alone =
        Change::Read { offences: vec![], proposals: vec![], position: Box::new(other.clone()) };
    ledger.apply(&[alone]).unwrap();
    let all = ledger.positions().unwrap();
    assert!(all.len() == 2 && all.contains(&other) && all.contains(&position(200)));
}

#[test]
fn names_that_come_and_go_push_out_no_journal_and_no_pattern() {
    let folder = Folder::new();
    let mut ledger = folder.open();
    let read = |source: String, at| Change::Read {
        offences: vec![],
        proposals: vec![],
        position: Box::new(Position { source, at, ..Position::default() }),
    };
    let mut changes = vec![read("journal:ssh".into(), 1), read("pattern:/var/log/*".into(), 1)];
    changes.extend((0..4100).map(|number| read(format!("/var/log/{number}"), NOW + number)));
    ledger.apply(&changes).unwrap();
    let all = ledger.positions().unwrap();
    let has = |source: &str| all.iter().any(|position| position.source == source);
    assert!(has("journal:ssh") && has("pattern:/var/log/*") && has("/var/log/4099"));
    assert!(!has("/var/log/0") && all.len() == 4098, "{}", all.len());
}
