//! Generated files, each read both ways.

use crate::generate::{ADDRESSES, DAEMONS, Random, list, rules};
use portreeve_config::{Found, Owner, Unread, World, reread};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::DirectoryEntry;
use portreeve_dialect::wrappers::{list_file, read};
use portreeve_model::wrappers::{HostImage, Item, ListFile, Table, Tables, Which};
use portreeve_model::{Dialect, Origin, Source, SourceFile, SourceId, SourceKind, Zone};
use portreeve_policy::wrappers::{
    Answers, Decided, Decision, Endpoint, HostRules, Name, Need, Request, Side, Start, User, decide,
};
use portreeve_policy::{Image, Said};
use std::collections::BTreeMap;

const ALLOW: &str = "/hosts.allow";
const DENY: &str = "/hosts.deny";

/// A host with some files.
#[derive(Default)]
struct Host(BTreeMap<String, Vec<u8>>);

impl World for Host {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        self.0.get(path).cloned().ok_or_else(Unread::absent)
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

impl Host {
    /// The image of its two files.
    fn image(&mut self) -> Vec<u8> {
        let file = |path: &str, file| SourceFile { path: path.into(), file };
        let kind = SourceKind::Wrappers { allow: file(ALLOW, 0), deny: file(DENY, 1) };
        let origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };
        let source = [(SourceId(0), Source { kind, origin })];
        let (mut read, _, _) = reread(&source, &[ALLOW.into(), DENY.into()], self);
        read.pop().expect("one source").outcome.expect("an image").bytes
    }

    /// Its two files, and those that they may name, read line by line.
    fn plainly(&self) -> (Tables, Answers) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let mut table = |which, path| match self.0.get(path) {
            Some(text) => Table::Rules(read(which, path, text, &mut sources, &mut found)),
            None => Table::default(),
        };
        let allow = table(Which::Allow, ALLOW);
        let tables = Tables { allow, deny: table(Which::Deny, DENY) };
        let mut answers = Answers::default();
        for path in ["/l1", "/l2"] {
            let list = self.0.get(path).map_or(ListFile::Missing, |text| list_file(text));
            answers.lists.insert(path.into(), list);
        }
        (tables, answers)
    }
}

/// How it ends: the words of the end, the rule's place, and how many options are carried out.
type End = (String, Option<(Which, u32, u32)>, usize);

fn ended(decided: &Decided<'_>) -> End {
    let place = decided.found.map(|found| (found.which, found.origin.line, found.line));
    (format!("{:?}", decided.end), place, decided.settings.len())
}

/// Asks until it is decided; gives what had to be found out on the way.
fn asked<'r>(
    by: &dyn Fn(&Request, &Answers) -> Decision<'r>,
    mut request: Request,
    mut answers: Answers,
    names: &[Name; 2],
) -> (End, Vec<Need>) {
    let mut needs = Vec::new();
    loop {
        let need = match by(&request, &answers) {
            Decision::Decided(decided) => return (ended(&decided), needs),
            Decision::Need(need, _) => need,
        };
        match &need {
            Need::Name(Side::Client) => request.client.name = names[0].clone(),
            Need::Name(Side::Server) => request.server.name = names[1].clone(),
            Need::User => request.user = User::Known(b"joe".to_vec()),
            Need::Netgroup { group, host } => {
                let said = if host.len() % 2 == 0 { Said::Yes } else { Said::No };
                answers.netgroups.insert((group.clone(), host.clone()), said);
            }
            Need::List(path) => panic!("{path:?} is known"),
        }
        needs.push(need);
        assert!(needs.len() < 10, "{needs:?}");
    }
}

fn request(random: &mut Random) -> (Request, [Name; 2]) {
    let mut name = || match random.below(5) {
        0 => Name::Unknown,
        1 => Name::Paranoid,
        2 => Name::Failed,
        3 => Name::Known(b"host1.example.com".to_vec()),
        _ => Name::Known(b"plain".to_vec()),
    };
    let names = [name(), name()];
    let address = (random.below(12) > 0).then(|| random.one(&ADDRESSES).to_owned());
    let server = Some("192.0.2.1".to_owned()).filter(|_| random.below(2) == 0);
    let request = Request {
        daemon: random.one(&DAEMONS).into(),
        client: Endpoint { address, port: 1024, name: Name::NotAsked },
        server: Endpoint { address: server, port: 22, name: Name::NotAsked },
        ..Request::default()
    };
    (request, names)
}

#[test]
fn an_image_decides_as_the_rules_it_was_made_of() {
    let (mut plain_runs, mut cited) = (0_u32, 0_u32);
    for seed in 0..600 {
        let mut random = Random(seed);
        let mut host = Host::default();
        for (path, text) in [(ALLOW, rules(&mut random)), (DENY, rules(&mut random))] {
            host.0.insert(path.into(), text.into_bytes());
        }
        for path in ["/l1", "/l2"] {
            if random.below(4) > 0 {
                host.0.insert(path.into(), list(&mut random).into_bytes());
            }
        }
        let (tables, answers) = host.plainly();
        let image = host.image();
        let head = portreeve_wire::hosts::head(&image).expect("a head").0;
        plain_runs += u32::from(has_plain(&head));
        let rules = HostRules::read(&Image::whole(image)).expect("an image");
        for _ in 0..12 {
            let (request, names) = request(&mut random);
            let plainly = |request: &Request, answers: &Answers| {
                decide(&tables, request, answers, Start::Beginning)
            };
            let by_image = |request: &Request, answers: &Answers| {
                rules.decide(request, answers, Start::Beginning)
            };
            let (want, needs) = asked(&plainly, request.clone(), answers.clone(), &names);
            let none = Answers::default();
            let (end, fewer) = asked(&by_image, request.clone(), none, &names);
            let files: Vec<_> = host.0.values().map(|text| String::from_utf8_lossy(text)).collect();
            assert_eq!(end, want, "seed {seed}: {request:?} {names:?}\n{}", files.join("----\n"));
            let mut all = needs.iter();
            let known = fewer.iter().all(|need| all.any(|other| other == need));
            assert!(known, "seed {seed}: {request:?} {fewer:?}, of {needs:?}");
            cited += u32::from(end.1.is_some());
        }
    }
    assert!(plain_runs > 200 && cited > 2000, "{plain_runs} {cited}");
}

fn has_plain(head: &HostImage) -> bool {
    head.allow.iter().chain(&head.deny).any(|item| matches!(item, Item::Plain(_)))
}

#[test]
fn a_cut_image_is_none() {
    let mut host = Host::default();
    let text: String = (0..100).map(|n| format!("sshd: 192.0.2.{n}\n")).collect();
    host.0.insert(DENY.into(), text.into_bytes());
    let image = host.image();
    assert!(HostRules::read(&Image::whole(image.clone())).is_ok());
    for cut in 0..image.len() {
        assert!(HostRules::read(&Image::whole(image[..cut].to_vec())).is_err(), "{cut}");
    }
}
