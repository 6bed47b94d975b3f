//! Lines of a list, good and bad.

use super::*;
use crate::check::Check;
use crate::world::{Found, Unread, World};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::DirectoryEntry;
use portreeve_lists::Set;
use portreeve_model::{Dialect, Origin, Zone};
use std::net::IpAddr;

/// A host with one file.
struct One(Vec<u8>);

impl World for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, Unread> {
        Ok(self.0.clone())
    }
    fn read_source(&mut self, path: &str, _: Owner) -> Found {
        Found { bytes: self.read(path), watched: Vec::new() }
    }
    fn list(&mut self, _: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        Err(Unread::absent())
    }
    fn zone(&mut self, _: &str) -> Option<Zone> {
        None
    }
    fn idle_times(&mut self) -> Result<(), String> {
        Ok(())
    }
}

fn list(text: impl AsRef<[u8]>) -> (Result<Image, String>, Sources, Diagnostics) {
    let mut check = Check::default();
    let file = check.sources.add("/l", "").0;
    let origin = Origin { file, line: 1, column: 1, dialect: Dialect::Native };
    let mut world = One(text.as_ref().to_vec());
    let mut reader = Reader::new(&mut check, &mut world, origin);
    let image = read(&SourceFile { path: "/l".into(), file }, &mut reader);
    let (sources, found) = check.done();
    (image, sources, found)
}

fn set(text: impl AsRef<[u8]>) -> Set<Vec<u8>> {
    let (image, _, found) = list(text);
    assert!(found.is_empty(), "{found:?}");
    Set::new(image.unwrap().bytes).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Place, code and message of each finding.
fn told(text: impl AsRef<[u8]>) -> Vec<String> {
    let (_, sources, found) = list(text);
    let place = |at| match at {
        Some(at) => {
            let (line, column) = sources.line_column(at);
            format!("{line}:{column} ")
        }
        None => String::new(),
    };
    let one = |one: &Diagnostic| format!("{}{}: {}", place(one.at), one.code, one.message);
    found.iter().map(one).collect()
}

#[test]
fn each_line_is_an_entry_and_the_line_is_its_value() {
    let set = set("\u{feff}# offices\r\n192.0.2.1\r\n\n  10.0.0.0/8\t# all of ten\n\
                   2001:db8::/32\n192.0.2.10-192.0.2.20#x\nGate.Example.org\n.example.net\n\
                   ::ffff:198.51.100.7\n10.1.0.0/16");
    for (peer, line) in [
        ("192.0.2.1", Some(2)),
        ("10.1.2.3", Some(4)),
        ("2001:db8:1::", Some(5)),
        ("192.0.2.20", Some(6)),
        ("192.0.2.21", None),
        ("198.51.100.7", Some(9)),
    ] {
        assert_eq!(set.by_address(ip(peer)), line, "{peer}");
    }
    assert_eq!(set.by_name("gate.example.org"), Some(7));
    assert_eq!(set.by_name("a.example.net"), Some(8));
    assert_eq!((set.first_name(), set.counts()), (Some(7), (5, 1, 2)));
}

#[test]
fn a_bad_line_is_told_with_its_place_and_the_list_is_refused() {
    let text = b"10.0.0.1\n\t10.0.0.300\r\n10.0.0.0/33\n1.2.3.4 ; SBL1\n@other\nALL\n\
                 10.0.0.9-10.0.0.1\na.\xff.org\n\xc3\xa9\xff\n10.0.0.0/8\n";
    assert_eq!(
        told(text),
        [
            "2:2 bad-pattern: `10.0.0.300` is no address, network or host name",
            "3:1 bad-pattern: `10.0.0.0/33`: the prefix length is 0 to 32 (IPv4) or 0 to 128 (IPv6)",
            "4:9 bad-pattern: something stands behind the entry",
            "5:1 bad-pattern: `@other`: a list names no other list",
            "6:1 bad-pattern: `ALL` has no special meaning here",
            "7:1 bad-pattern: `10.0.0.9-10.0.0.1`: the range ends before it begins",
            "8:3 not-utf8: no entry has such bytes",
            "9:2 not-utf8: no entry has such bytes",
        ]
    );
    let (image, ..) = list(text);
    assert_eq!(image, Err("8 lines of it are wrong".into()));
}

#[test]
fn an_odd_line_counts_as_in_the_configuration_and_is_told() {
    let (image, ..) = list("192.0.2.7/24\n10.0.0.x\n");
    assert_eq!(image.unwrap().entries, 2);
    assert_eq!(
        told("192.0.2.7/24\n10.0.0.x\n"),
        [
            "1:1 host-bits: `192.0.2.7/24` is an address inside `192.0.2.0/24`",
            "2:1 looks-like-address: `10.0.0.x` is read as a host name",
        ]
    );
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let (bad, odd) = ("a b c\n".repeat(5000), "10.0.0.1/8\n".repeat(3000));
    let found = told(format!("{odd}{bad}"));
    assert_eq!(found.len(), 100 + 20 + 2);
    for rest in ["`/l`: 4900 more lines are wrong", "`/l`: 2980 more lines are odd"] {
        assert!(found.iter().any(|told| told.ends_with(rest)), "{found:?}");
    }
    let long = told([b"x".repeat(1 << 20), b"\n1.2.3.4\n".to_vec()].concat());
    assert_eq!(long.len(), 1);
    assert!(long[0].starts_with("1:1 bad-pattern: an entry of 1048576 bytes"), "{long:?}");
}

#[test]
fn a_list_without_an_entry_is_a_warning() {
    for text in ["", "\n\n", "# nothing\r\n", "\u{feff}"] {
        let (image, _, found) = list(text);
        assert_eq!(image.unwrap().entries, 0);
        assert!(!found.has_errors());
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [codes::EMPTY_LIST]);
    }
}

#[test]
fn the_quick_way_reads_what_the_slow_one_reads() {
    for text in [
        "0.0.0.0",
        "255.255.255.255",
        "1.2.3.4/32",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.0.1/8",
        "01.2.3.4",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "256.2.3.4",
        "1..3.4",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/08",
        "1.2.3.4/+8",
        "1.2.3.0000",
        "/8",
        ".1.2.3.4",
        "1.2.3.4.",
        "1.2.3.4/1/2",
        "4294967297.0.0.0",
    ] {
        let slow = pattern_of(text);
        match entry::parse(text.as_bytes()) {
            Ok(Some(Entry { pattern, .. })) => assert_eq!(Some(pattern), slow, "{text}"),
            Ok(None) => panic!("{text} is an entry"),
            Err(_) => assert_eq!(slow, None, "{text}"),
        }
    }
}

fn pattern_of(text: &str) -> Option<Pattern> {
    crate::words::pattern::parse(text).ok().map(|entry| entry.pattern)
}
