//! Texts as people write them, and as they write them wrong.

use portreeve_tests::Random;

/// How many are tried: `PORTREEVE_SETS`, else few enough for every run.
pub(crate) fn sets() -> usize {
    std::env::var("PORTREEVE_SETS").ok().and_then(|sets| sets.parse().ok()).unwrap_or(300)
}

const OCTETS: &[&str] = &["0", "1", "2", "3", "4", "10", "127", "255", "256", "300"];

fn octets(random: &mut Random, count: usize) -> String {
    let all: Vec<&str> = (0..count).map(|_| *random.pick(OCTETS)).collect();
    all.join(".")
}

fn address(random: &mut Random) -> String {
    match random.below(10) {
        0..3 => octets(random, 4),
        3 | 4 => {
            let count = 1 + random.below(3);
            octets(random, count) + "."
        }
        5 => {
            let count = 1 + random.below(3);
            octets(random, count)
        }
        6 => {
            let parts = (0..=random.below(4)).map(|_| {
                let (low, high) = (*random.pick(OCTETS), *random.pick(OCTETS));
                match random.below(4) {
                    0 => low.to_owned(),
                    1 => format!("{low}-{high}"),
                    2 => format!("-{high}"),
                    _ => format!("{low}-"),
                }
            });
            parts.collect::<Vec<_>>().join(".") + *random.pick(&["", "."])
        }
        7 => format!("={}", random.pick(&["", ".dom", "host.dom", "a.b.dom", ".b.dom", "A.dom"])),
        8 => {
            let user = *random.pick(&["joe", "", "x y"]);
            format!("{user}@{}", random.pick(&["1.2.3.4", "=host.dom", "1.2.", "=.dom"]))
        }
        _ => (*random.pick(&["", " 1.2.3.4", "1.2.3.4 ", "*", "10.0.0.0/8", "a-b", "1--2"])).into(),
    }
}

fn setting(random: &mut Random) -> String {
    let quote = *random.pick(&["\"", "/", ",", "=", "x", "y", " "]);
    let comma = *random.pick(&[",", ",", ",", ",", " ,", "", ", "]);
    let name = *random.pick(&["A", "B=", "", "A B", "RELAYCLIENT"]);
    let value = *random.pick(&["", "v", "first second", "z=z", "a\0b"]);
    let end = if random.chance(85) { quote } else { "" };
    format!("{comma}{name}={quote}{value}{end}")
}

fn rule(random: &mut Random) -> String {
    if random.chance(5) {
        let odd = ["", "#c", "# x:deny", " #x", "no value", "   ", "\t"];
        return (*random.pick(&odd)).into();
    }
    let address = address(random);
    if random.chance(6) {
        let odd = [
            ":ALLOW", "deny", ":deny ", ":allow\t", ":allowx", ": allow", ":deny#", ":", ":allow,",
        ];
        return address + *random.pick(&odd);
    }
    let settings: String = (0..random.below(3)).map(|_| setting(random)).collect();
    format!("{address}:{}{settings}", random.pick(&["allow", "deny"]))
}

/// Rules for tcprules.
pub(crate) fn rules(random: &mut Random) -> Vec<u8> {
    let count = *random.pick(&[1, 1, 2, 5, 12]);
    let lines: Vec<String> = (0..count).map(|_| rule(random)).collect();
    let end = *random.pick(&["\n", "\n", "", "\r\n"]);
    (lines.join("\n") + end).into_bytes()
}

/// Somebody for tcprulescheck.
pub(crate) fn peer(random: &mut Random) -> Vec<(&'static str, &'static str)> {
    let addresses = ["1.2.3.4", "10.0.0.1", "127.255.3.1", "1.", "", "x y", "255.255.255.255"];
    let hosts = ["", "host.dom", "a.b.dom", "A.dom", ".dom", "dom."];
    let mut peer = Vec::new();
    if random.chance(90) {
        peer.push(("TCPREMOTEIP", *random.pick(&addresses)));
    }
    if random.chance(50) {
        peer.push(("TCPREMOTEHOST", *random.pick(&hosts)));
    }
    if random.chance(50) {
        peer.push(("TCPREMOTEINFO", *random.pick(&["joe", "", "x y"])));
    }
    peer
}

/// Records for cdbmake.
pub(crate) fn records(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..*random.pick(&[0, 1, 3, 10, 300]) {
        let mut key = (*random.pick(&["", "a", "b", "one", "two", "x\ny", "->"])).to_owned();
        if random.chance(50) {
            key += &random.below(1000).to_string();
        }
        let data = "d".repeat(random.below(40));
        let key_length = if random.chance(99) { key.len() } else { key.len() + 1 };
        let start = if random.chance(99) { "+" } else { "" };
        text.extend_from_slice(
            format!("{start}{key_length},{}:{key}->{data}\n", data.len()).as_bytes(),
        );
    }
    if random.chance(90) {
        text.push(b'\n');
    }
    if random.chance(20) {
        text.extend_from_slice(b"what follows is not read");
    }
    text
}
