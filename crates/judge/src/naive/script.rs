//! Judges and what happens to them, made of any bytes.

use portreeve_model::{
    By, Charge, Decay, Dialect, Growth, Hears, Judge, Kind, Level, Network, Offence, OnSuccess,
    Origin, Points, Sited, Tally, Term, Users, When,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// An offence; the flag: what is proposed for it is done.
    Offence(Box<Offence>, bool),
    /// Somebody has authenticated.
    Success(IpAddr, Option<&'static str>, u64),
    /// Somebody was pardoned.
    Pardon(Network, u64),
}

/// Some judges, and what happens.
#[derive(Clone, Debug)]
pub struct Script {
    /// Who judges.
    pub judges: Vec<Judge>,
    /// What happens, in the order in which it is heard.
    pub events: Vec<Event>,
}

struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> usize {
        self.0.next().copied().unwrap_or_default().into()
    }

    /// One of these, of which there is one at least.
    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let at = self.next() % choices.len().max(1);
        let [chosen, ..] = choices.get(at..).unwrap_or_default() else {
            unreachable!("no choices")
        };
        chosen.clone()
    }
}

const SECOND: u64 = 1000;
const USERS: [&str; 3] = ["root", "joe", "ann"];
const KINDS: [Kind; 4] = [Kind::AuthFailed, Kind::InvalidUser, Kind::NoAuth, Kind::Trap];

impl Script {
    /// What these bytes stand for; any do.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut bytes = Bytes(bytes.iter());
        let judges =
            (0..=bytes.next() % 2).filter_map(|number| judge(&mut bytes, number)).collect();
        let (mut events, mut now) = (Vec::new(), 1_000_000 * SECOND);
        while !bytes.0.as_slice().is_empty() {
            let first = bytes.next();
            now += [0, 0, 1, 999, 1000, 5000, 10_000, 70_000]
                .get(first % 8)
                .copied()
                .unwrap_or_default();
            events.push(event(&mut bytes, first / 8, now));
        }
        Self { judges, events }
    }
}

fn event(bytes: &mut Bytes<'_>, what: usize, now: u64) -> Event {
    let peer = peer(bytes);
    match what {
        0 => {
            let lengths = if peer.is_ipv4() { [32, 31, 24, 16] } else { [128, 64, 56, 32] };
            let length = bytes.of(&lengths);
            Event::Pardon(Network::around(peer, length, length), now)
        }
        1..=3 => {
            let user = bytes.of(&[Some(USERS[0]), Some(USERS[1]), Some(USERS[2]), None]);
            Event::Success(peer, user, now - bytes.of(&[0, 0, 0, 3000]))
        }
        _ => {
            let byte = bytes.next();
            let user = USERS.get(byte % 4).map(|user| (*user).to_owned());
            let kind = bytes.of(&KINDS).word().to_owned();
            let late = bytes.of(&[0, 0, 0, 0, 0, 1, 2000, 20_000]);
            let offence = Offence {
                at: now - late,
                kind,
                peer: Some(peer).filter(|_| byte != 255),
                port: None,
                service: bytes.of(&["ssh", "smtp@192.0.2.1:25", ""]).to_owned(),
                user,
                source: bytes.of(&["pipe", "journal", "file"]).to_owned(),
                watch: None,
                detector: None,
                session: None,
                certain: byte != 254,
                count: if byte / 4 == 9 { 3 } else { 1 },
                why: String::new(),
                sentence: None,
                spared: None,
            };
            Event::Offence(Box::new(offence), byte & 64 != 0)
        }
    }
}

fn peer(bytes: &mut Bytes<'_>) -> IpAddr {
    let byte = bytes.next();
    let (host, net) = (byte & 3, byte >> 2 & 3);
    let word = |number: usize| u16::try_from(number).unwrap_or_default();
    let [host, net] = [word(host), word(net)];
    match byte & 0x30 {
        0x10 => Ipv6Addr::new(0x2001, 0xdb8, 0, net << 6, 0, 0, 0, host).into(),
        0x20 => Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, host).into(),
        _ => Ipv4Addr::from(0xc000_0200 + (u32::from(net) << 7) + u32::from(host)).into(),
    }
}

fn judge(bytes: &mut Bytes<'_>, number: usize) -> Option<Judge> {
    let widths = [(32, 128), (32, 64), (24, 56), (16, 48)];
    let first = bytes.next() % 3;
    let some = 1 + bytes.next() % 3;
    let levels =
        widths.into_iter().skip(first).take(some).enumerate().map(|(place, (v4, v6))| Level {
            v4,
            v6,
            share: bytes.of(&[1000, 500, 250]),
            offenders: if place == 0 { 1 } else { bytes.of(&[1, 2, 3]) },
        });
    let levels = levels.collect();
    let tallies = (0..=bytes.next() % 3).map(|_| tally(bytes)).collect();
    let hears = match bytes.next() % 4 {
        0 => Hears { services: vec!["smtp".parse().ok()?], ..Hears::default() },
        _ => Hears::default(),
    };
    let spared = "2001:db8:0:1::/64".parse().ok().filter(|_| bytes.next() % 8 == 1);
    Some(Judge {
        name: format!("judge-{number}").parse().ok()?,
        hears,
        spares: spared.into_iter().collect(),
        tallies,
        levels,
        success: bytes.of(&[OnSuccess::ForgetsAccount, OnSuccess::Nothing, OnSuccess::ForgetsAll]),
        term: term(bytes),
        only: Vec::new(),
        origin: Sited::new((), Origin { file: 0, line: 0, column: 0, dialect: Dialect::Native }),
    })
}

fn tally(bytes: &mut Bytes<'_>) -> Tally {
    let ten = Duration::from_secs(10);
    let decays = [
        Decay::Window(ten),
        Decay::Window(Duration::from_secs(600)),
        Decay::Idle(Some(ten)),
        Decay::Idle(None),
        Decay::Drain(Duration::from_secs(1)),
        Decay::Drain(Duration::from_millis(2500)),
    ];
    let named = vec![USERS[0].to_owned()];
    let charges = (0..=bytes.next() % 2).map(|_| Charge {
        kinds: bytes.of(&[vec![], KINDS[..2].to_vec(), KINDS[2..].to_vec()]),
        users: bytes.of(&[
            Users::Any,
            Users::Invalid,
            Users::ValidBut(named.clone()),
            Users::These(named.clone()),
        ]),
        points: Points(bytes.of(&[1000, 2000, 1500, 0])),
    });
    let charges = charges.collect();
    Tally {
        name: "tally".into(),
        charges,
        by: bytes.of(&[By::Network, By::NetworkAndUser, By::User, By::Network]),
        decay: bytes.of(&decays),
        limit: Points(bytes.of(&[3000, 1000, 5000, 2500])),
        when: bytes.of(&[When::Reached, When::Exceeded]),
        most: bytes.of(&[None, None, Some(Points(6000))]),
        lasting: bytes.next() % 8 == 1,
    }
}

fn term(bytes: &mut Bytes<'_>) -> Term {
    Term {
        first: bytes.of(&[Some(Duration::from_secs(5)), Some(Duration::from_secs(100)), None]),
        growth: bytes.of(&[
            Growth::None,
            Growth::Factor(2000),
            Growth::Factors(vec![1000, 3000, 10_000]),
        ]),
        most: bytes.of(&[None, Some(Duration::from_secs(30))]),
        random: Duration::ZERO,
        remembered: bytes.of(&[None, Some(Duration::from_secs(60))]),
        overall: bytes.next() % 2 == 1,
        patience: bytes.of(&[None, Some(2)]),
    }
}
