use super::*;
use std::cell::RefCell;

/// A DNS in which every name and address is as a test wrote it.
#[derive(Default)]
struct Book {
    names: Vec<(&'static str, &'static str)>,
    addresses: Vec<(&'static str, &'static str)>,
    broken: Vec<&'static str>,
    asked: RefCell<Vec<String>>,
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl Directory for Book {
    async fn names_of(&self, peer: IpAddr) -> Result<Found<Claim>, Failure> {
        if self.broken.contains(&peer.to_string().as_str()) {
            return Err(Failure::Timeout);
        }
        let names = self.names.iter().filter(|(address, _)| ip(address) == peer);
        let mut what = Claim::default();
        for (_, name) in names {
            match HostName::parse(name.as_bytes()) {
                Some(name) => what.names.push(name),
                None => what.others = true,
            }
        }
        Ok(Found { what, life: Duration::from_secs(60) })
    }

    async fn has(&self, name: &HostName, peer: IpAddr) -> Result<Found<bool>, Failure> {
        let text = name.to_string();
        self.asked.borrow_mut().push(text.clone());
        if self.broken.contains(&text.as_str()) {
            return Err(Failure::Server("server failure".to_owned()));
        }
        let what =
            self.addresses.iter().any(|(known, address)| *known == text && ip(address) == peer);
        Ok(Found { what, life: Duration::from_secs(if what { 30 } else { 40 }) })
    }
}

fn run(book: Book, hosts: &str, peer: &str) -> (Result<Vec<String>, String>, Vec<String>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let book = Rc::new(book);
    let hosts = Hosts::parse(hosts.as_bytes());
    let found = tokio::task::LocalSet::new()
        .block_on(&runtime, confirm(&book, &hosts, ip(peer)))
        .map_err(|failure| failure.to_string());
    let life = found.as_ref().map_or(0, |found| found.life.as_secs());
    let names = found.map(|found| match found.what {
        Known::Confirmed(names) => names.iter().map(ToString::to_string).collect(),
        Known::None => Vec::new(),
        Known::Unconfirmed => vec!["?".to_owned()],
    });
    let mut asked = book.asked.take();
    asked.sort();
    (names, asked, life)
}

fn names(names: &[&str]) -> Result<Vec<String>, String> {
    Ok(names.iter().map(ToString::to_string).collect())
}

#[test]
fn only_names_that_come_back_are_kept_in_their_order() {
    let book = || Book {
        names: vec![
            ("192.0.2.7", "mail.example.org"),
            ("192.0.2.7", "bank.example.com"),
            ("192.0.2.7", "www.example.org"),
        ],
        addresses: vec![
            ("mail.example.org", "192.0.2.7"),
            ("www.example.org", "192.0.2.1"),
            ("www.example.org", "192.0.2.7"),
            ("bank.example.com", "198.51.100.1"),
        ],
        ..Book::default()
    };
    let (found, _, life) = run(book(), "", "192.0.2.7");
    assert_eq!((found, life), (names(&["mail.example.org", "www.example.org"]), 30));
    let (found, asked, life) = run(book(), "", "192.0.2.8");
    assert_eq!((found, asked.len(), life), (names(&[]), 0, 60));
}

#[test]
fn no_name_is_told_from_names_that_do_not_come_back() {
    let book = || Book {
        names: vec![
            ("192.0.2.1", "bank.example"),
            ("192.0.2.2", "nowhere.example"),
            ("192.0.2.3", "10.0.0.1"),
            ("192.0.2.4", "a b"),
            ("192.0.2.4", "real.example"),
            ("192.0.2.5", "gate"),
        ],
        addresses: vec![("bank.example", "198.51.100.1"), ("real.example", "192.0.2.4")],
        ..Book::default()
    };
    for (peer, want) in [
        ("192.0.2.1", names(&["?"])),            // it is another's
        ("192.0.2.2", names(&["?"])),            // there is none of that name
        ("192.0.2.3", names(&["?"])),            // an address that poses as a name
        ("192.0.2.4", names(&["real.example"])), // one that comes back is enough
        ("192.0.2.5", names(&["?"])),            // the hosts file says whose it is
        ("192.0.2.6", names(&[])),
    ] {
        assert_eq!(run(book(), "192.0.2.99 gate\n", peer).0, want, "{peer}");
    }
}

#[test]
fn a_failure_anywhere_is_a_failure() {
    let book = |broken| Book {
        names: vec![("192.0.2.7", "a.example"), ("192.0.2.7", "b.example")],
        addresses: vec![("a.example", "192.0.2.7"), ("b.example", "192.0.2.7")],
        broken,
        ..Book::default()
    };
    assert_eq!(run(book(vec!["192.0.2.7"]), "", "192.0.2.7").0, Err("timeout".into()));
    assert_eq!(run(book(vec!["b.example"]), "", "192.0.2.7").0, Err("server failure".into()));
    assert_eq!(run(book(vec!["other"]), "", "192.0.2.7").0, names(&["a.example", "b.example"]));
}

#[test]
fn the_hosts_file_goes_first_both_ways() {
    let book = || Book {
        names: vec![
            ("192.0.2.7", "gate"),
            ("192.0.2.7", "real.example"),
            ("192.0.2.9", "spoof.example"),
        ],
        addresses: vec![("gate", "192.0.2.7"), ("real.example", "192.0.2.7")],
        ..Book::default()
    };
    // The reverse zone claims a name that the file gives to another address.
    let (found, asked, _) = run(book(), "192.0.2.1 gate\n", "192.0.2.7");
    assert_eq!((found, asked), (names(&["real.example"]), vec!["real.example".to_owned()]));
    // An entry of the other family says nothing about this one.
    let (found, ..) = run(book(), "::1 gate\n", "192.0.2.7");
    assert_eq!(found, names(&["gate", "real.example"]));
    // A listed peer is not looked up at all.
    let (found, asked, _) = run(book(), "192.0.2.9 Trusted.Example alias\n", "192.0.2.9");
    assert_eq!((found, asked.len()), (names(&["trusted.example", "alias"]), 0));
}

#[test]
fn no_more_names_are_looked_at_than_the_bound() {
    let many: Vec<&'static str> =
        (0..100).map(|number| &*Box::leak(format!("n{number}.example").into_boxed_str())).collect();
    let book = Book {
        names: many.iter().map(|name| ("192.0.2.7", *name)).collect(),
        addresses: many.iter().map(|name| (*name, "192.0.2.7")).collect(),
        ..Book::default()
    };
    let (found, asked, _) = run(book, "", "192.0.2.7");
    assert_eq!((found.unwrap().len(), asked.len()), (MAX_NAMES, MAX_NAMES));
}
