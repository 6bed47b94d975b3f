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
    async fn names_of(&self, peer: IpAddr) -> Result<Found<Vec<HostName>>, Failure> {
        if self.broken.contains(&peer.to_string().as_str()) {
            return Err(Failure::Timeout);
        }
        let names = self.names.iter().filter(|(address, _)| ip(address) == peer);
        let what = names.filter_map(|(_, name)| HostName::parse(name.as_bytes())).collect();
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
    let names = found.map(|found| found.what.iter().map(ToString::to_string).collect());
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
