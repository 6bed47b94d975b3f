//! Databases made here, as fail2ban makes them and as it does not.

use super::*;
use rusqlite::Connection;
use std::fs;

const TABLES: &str = "
CREATE TABLE fail2banDb(version INTEGER);
INSERT INTO fail2banDb VALUES (4);
CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL,
                  bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON);
CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL,
                  bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON,
                  PRIMARY KEY(ip, jail));
INSERT INTO bips VALUES ('192.0.2.7', 'sshd', 200, 600, 1, '{\"matches\": [1, 2]}');
INSERT INTO bips VALUES ('2001:db8::7', 'sshd', 100, -1, 3, NULL);
INSERT INTO bans VALUES ('sshd', '192.0.2.7', 200, 600, 1, '{}');
";

/// A directory of its own, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("foreign-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn with(&self, sql: &str) -> PathBuf {
        let path = self.0.join("fail2ban.sqlite3");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn all(path: &Path) -> Vec<Seen> {
    let mut found = Vec::new();
    let database = Fail2ban::open(path).unwrap();
    database
        .bans(&mut |seen| {
            found.push(seen);
            true
        })
        .unwrap();
    found
}

#[test]
fn bans_come_in_the_order_of_their_times() {
    let folder = Folder::new("order");
    let path = folder.with(TABLES);
    let ban = |row, id: &str, at, length, count| {
        Seen::Ban(JailBan { row, id: id.into(), jail: "sshd".into(), at, length, count })
    };
    let want = [ban(2, "2001:db8::7", 100, -1, 3), ban(1, "192.0.2.7", 200, 600, 1)];
    assert_eq!(all(&path), want);
    assert_eq!(Fail2ban::open(&path).unwrap().remembered().unwrap(), 1);
}

#[test]
fn rows_that_make_no_sense_are_told_and_hide_no_others() {
    let folder = Folder::new("odd");
    let path = folder.with(&format!(
        "{TABLES}
         INSERT INTO bips VALUES (x'00ff', 'sshd', 1, 1, 1, NULL);
         INSERT INTO bips VALUES ('192.0.2.8', 'sshd', 'soon', 1, 1, NULL);
         INSERT INTO bips VALUES (CAST(x'c0c1' AS TEXT), 'sshd', 1, 1, 1, NULL);
         INSERT INTO bips VALUES ('192.0.2.9', 'sshd', 5, 1.5, 1, NULL);
         INSERT INTO bips VALUES (printf('%300s', 'x'), 'sshd', 5, 5, 1, NULL);"
    ));
    let found = all(&path);
    let odd = found.iter().filter(|seen| matches!(seen, Seen::Odd(..))).count();
    assert_eq!((found.len(), odd), (7, 5), "{found:?}");
}

#[test]
fn what_is_no_database_of_its_is_told() {
    let folder = Folder::new("other");
    let path = folder.0.join("x");
    let why = |path: &Path| Fail2ban::open(path).unwrap_err().to_string();
    assert!(why(&path).contains("cannot be read"), "{}", why(&path));
    fs::write(&path, "no database at all, but more than sixteen bytes").unwrap();
    assert!(why(&path).contains("no SQLite database"), "{}", why(&path));
    let old =
        folder.with("CREATE TABLE fail2banDb(version INTEGER); INSERT INTO fail2banDb VALUES (2);");
    assert!(why(&old).contains("version 2"), "{}", why(&old));
    fs::remove_file(&old).unwrap();
    let newer = folder.with(&TABLES.replace("VALUES (4)", "VALUES (5)"));
    assert!(why(&newer).contains("version 5"), "{}", why(&newer));
    fs::remove_file(&newer).unwrap();
    let view = folder.with("CREATE TABLE fail2banDb(version); CREATE VIEW bips AS SELECT 1;");
    assert!(why(&view).contains("no database of fail2ban's"), "{}", why(&view));
}

#[test]
fn a_damaged_one_is_told_to_be() {
    let folder = Folder::new("damaged");
    let many: String = (0..2000)
        .map(|n| format!("INSERT INTO bips VALUES ('198.51.{n}', 'sshd', {n}, 600, 1, NULL);"))
        .collect();
    let path = folder.with(&format!("{TABLES} BEGIN; {many} COMMIT;"));
    let mut bytes = fs::File::open(&path)
        .and_then(|mut file| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes)?;
            Ok(bytes)
        })
        .unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 9000].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = Fail2ban::open(&path).unwrap_err();
    assert!(matches!(error, ForeignError::Damaged(..)), "{error}");
}

/// A journal that a crash has left is played back, in a copy: the database itself stays as it is.
#[test]
fn a_hot_journal_is_played_back_in_a_copy() {
    let folder = Folder::new("hot");
    let path = folder.with(TABLES);
    let crashed = folder.0.join("crashed.sqlite3");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN;").unwrap();
    let many = "UPDATE bips SET jail = 'other';
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO bips SELECT printf('%200s', i), 'y', i, 1, 1, NULL FROM n;";
    writer.execute_batch(many).unwrap();
    let with = |path: &Path| PathBuf::from(format!("{}-journal", path.display()));
    fs::copy(&path, &crashed).unwrap();
    fs::copy(with(&path), with(&crashed)).unwrap();
    drop(writer);
    let before = fs::metadata(&crashed).unwrap().len();
    assert_eq!(all(&crashed).len(), 2, "as it was before the transaction");
    assert_eq!(fs::metadata(&crashed).unwrap().len(), before);
    assert!(with(&crashed).exists());
    let left = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let own = format!("portreeve-import-{}-", std::process::id());
    assert!(!left.into_iter().any(|one| one.file_name().to_string_lossy().starts_with(&own)));
}

#[test]
fn one_that_is_being_written_is_read_as_it_was() {
    let folder = Folder::new("busy");
    let path = folder.with(TABLES);
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA journal_mode = memory; BEGIN; DELETE FROM bips;").unwrap();
    assert_eq!(all(&path).len(), 2);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(all(&path).len(), 0);
}
