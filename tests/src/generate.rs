//! Small configurations and peers, from a seed: what several judges are asked to agree about.

/// A generator that gives the same numbers for the same seed (xorshift64*).
#[derive(Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// From any number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % limit.max(1)
    }

    /// One of several.
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Yes, once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// The peers: client of the standard world (with `many` at 198.51.100.0/24) and its address.
pub const PEERS: [(&str, &str); 7] = [
    ("lan", "192.168.0.50"),
    ("far", "203.0.113.7"),
    ("far", "2001:db8:f::7"),
    ("many", "198.51.100.1"),
    ("many", "198.51.100.127"),
    ("many", "198.51.100.128"),
    ("many", "198.51.100.254"),
];

/// Forms of IPv4 items that mean the same to xinetd and to portreeve.
const XINETD_ITEMS: [&str; 14] = [
    "192.168.0.50",
    "192.168.0.0/16",
    "192.168.0.{50,51}",
    "192.168.0.{49,51}",
    "203.0.113.7",
    "203.0.113.0",
    "203.0.0.0",
    "198.51.100.0/25",
    "198.51.100.128/25",
    "198.51.100.127",
    "198.51.{99,100}",
    "198.51.100.254/32",
    "0.0.0.0",
    "10.0.0.0/8",
];

const NATIVE_ITEMS: [&str; 12] = [
    "192.168.0.50",
    "192.168.0.0/24",
    "203.0.113.7/32",
    "203.0.113.0/29",
    "198.51.100.0/25",
    "198.51.100.128/25",
    "198.51.100.126/31",
    "0.0.0.0/0",
    "::/0",
    "2001:db8:f::/64",
    "2001:db8:f::7",
    "2001:db8::/127",
];

/// Services of one configuration.
pub const SERVICES: usize = 4;

/// The port of a service.
#[must_use]
pub fn port(service: usize) -> u16 {
    700 + u16::try_from(service).unwrap_or(0)
}

/// The name of a service.
#[must_use]
pub fn name(service: usize) -> String {
    format!("s{service}")
}

/// Hours of the day around now, as `H:M` at full hours: surely open, surely closed.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The hour of the day now.
    pub hour: usize,
}

impl Clock {
    fn open(self) -> &'static str {
        "00:00-23:59"
    }

    fn closed(self) -> &'static str {
        if (8..20).contains(&self.hour) { "00:30-04:30" } else { "11:00-15:00" }
    }
}

/// A configuration in xinetd's language, of forms in which both programs mean the same.
#[must_use]
pub fn xinetd(seed: u64, clock: Clock) -> String {
    let mut dice = Seeded::new(seed);
    (0..SERVICES).map(|service| xinetd_entry(&mut dice, service, clock)).collect()
}

fn xinetd_entry(dice: &mut Seeded, service: usize, clock: Clock) -> String {
    let mut lines = vec![
        "type = UNLISTED".to_owned(),
        "socket_type = stream".to_owned(),
        "protocol = tcp".to_owned(),
        "wait = no".to_owned(),
        "user = root".to_owned(),
        "flags = NOLIBWRAP IPv4".to_owned(),
        "bind = 192.168.0.1".to_owned(),
        format!("port = {}", port(service)),
        "server = /bin/echo".to_owned(),
        "server_args = in".to_owned(),
    ];
    for (attribute, chance) in [("only_from", 2), ("no_access", 3)] {
        if dice.once_in(chance) {
            let items: Vec<_> = (0..=dice.below(3)).map(|_| dice.one(&XINETD_ITEMS)).collect();
            lines.push(format!("{attribute} = {}", items.join(" ")));
        }
    }
    if dice.once_in(4) {
        let times = if dice.once_in(2) { clock.open() } else { clock.closed() };
        lines.push(format!("access_times = {times}"));
    }
    if dice.once_in(6) {
        lines.push("instances = 0".to_owned());
    }
    if dice.once_in(6) {
        lines.push("per_source = 0".to_owned());
    }
    format!("service {}\n{{\n{}\n}}\n", name(service), lines.join("\n"))
}

/// A native configuration.
#[must_use]
pub fn native(seed: u64, clock: Clock) -> String {
    let mut dice = Seeded::new(seed);
    let ban = "[ban]\nnever = [\"192.168.0.50\"]\n".to_owned();
    (0..SERVICES).fold(ban, |text, service| text + &native_table(&mut dice, service, clock))
}

fn native_table(dice: &mut Seeded, service: usize, clock: Clock) -> String {
    let mut lines = vec![
        format!("[service.{}]", name(service)),
        format!("listen = [\"*:{}\"]", port(service)),
        "run = [\"/bin/echo\", \"in\"]".to_owned(),
    ];
    let list = |dice: &mut Seeded| {
        let items: Vec<_> =
            (0..=dice.below(3)).map(|_| format!("\"{}\"", dice.one(&NATIVE_ITEMS))).collect();
        format!("[{}]", items.join(", "))
    };
    for (key, chance) in [("allow", 2), ("deny", 3)] {
        if dice.once_in(chance) {
            lines.push(format!("{key} = {}", list(dice)));
        }
    }
    if dice.once_in(5) {
        lines.push(format!("access = [{{ allow = {} }}]", list(dice)));
    }
    if dice.once_in(4) {
        let times = if dice.once_in(2) { clock.open() } else { clock.closed() };
        lines.push(format!("hours = [\"{times}\"]"));
    }
    if dice.once_in(6) {
        lines.push("instances = 0".to_owned());
    }
    if dice.once_in(6) {
        lines.push("per-source = 0".to_owned());
    }
    lines.join("\n") + "\n"
}
