//! Texts as people write them, and as they write them wrong.

use portreeve_tests::Random;

/// How many are tried: `PORTREEVE_SETS`, else few enough for every run.
pub(crate) fn sets() -> usize {
    std::env::var("PORTREEVE_SETS").ok().and_then(|sets| sets.parse().ok()).unwrap_or(5_000)
}

const OCTETS: &[&str] = &["0", "1", "2", "3", "4", "10", "127", "255", "256", "300"];

fn octets(random: &mut Random, count: usize) -> String {
    let all: Vec<&str> = (0..count).map(|_| *random.pick(OCTETS)).collect();
    all.join(".")
}

/// Addresses as nobody should write them, and some that one may.
const ODD: &[&str] = &[
    "",
    "",
    " 1.2.3.4",
    "1.2.3.4 ",
    "*",
    "10.0.0.0/8",
    "a-b",
    "1--2",
    "1.2.3.4.",
    ".1.2.3",
    "01.2.3.4",
    "1.2.3.4-5-6",
    "1.2-3.4-5",
    "-",
    "--",
    "1.-.3.4",
    "250-300.",
    "1.2.3.9-3",
    "1-1.2.3.4",
    "1.2.3.-",
    "1.2.3.4294967297-4294967299",
    "18446744073709551617-3.",
    "1.2.3.99999999999999999999-4",
    "1.2.3.4-x",
    "1.2.3.4 - 5",
    "1.2.3.4-5 ",
    "1\t",
    "1.2\0.3",
    "\u{fc}",
    "=\u{fc}",
    "1.2.3.4-4294967295",
    "0-0.",
    "deny",
    "1.2.3.4,A=x",
    "2001:db8::1",
    "2001:db8:",
    "::1",
    "fe80::1%lo",
    "1.2.3.04",
    "1.2.3.4\r",
];

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
        7 => format!(
            "={}",
            random.pick(&[
                "",
                ".dom",
                "host.dom",
                "a.b.dom",
                ".b.dom",
                "A.dom",
                ".",
                "dom.",
                "host-1.dom",
                "a=b",
                "..dom",
            ])
        ),
        8 => {
            let user = *random.pick(&["joe", "", "x y", "joe-1", "j=e", "a@b", "=", "@"]);
            let at = ["1.2.3.4", "=host.dom", "1.2.", "=.dom", "1.2.3.4-5", "", "=", "2001:db8::1"];
            format!("{user}@{}", random.pick(&at))
        }
        _ => (*random.pick(ODD)).into(),
    }
}

fn setting(random: &mut Random) -> String {
    let quote = *random.pick(&["\"", "/", ",", "=", "x", "y", " ", "'", "\t", ":", "\u{1}", "\r"]);
    let comma = *random.pick(&[",", ",", ",", ",", " ,", "", ", "]);
    let name =
        *random.pick(&["A", "B=", "", "A B", "RELAYCLIENT", "PATH", "A,", "\0A", "TCPREMOTEIP"]);
    let long = "v".repeat(random.below(3000));
    let values = ["", "v", "first second", "z=z", "a\0b", ":deny", "%", "\u{fc}\u{7f}", "#", &long];
    let value = *random.pick(&values);
    let end = if random.chance(85) { quote } else { "" };
    format!("{comma}{name}={quote}{value}{end}")
}

fn rule(random: &mut Random) -> String {
    if random.chance(5) {
        let odd = [
            "",
            "#c",
            "# x:deny",
            " #x",
            "no value",
            "   ",
            "\t",
            "\r",
            "#\0:deny",
            " # x:deny",
            "\0",
            " \t ",
            "1.2.3.4",
        ];
        return (*random.pick(&odd)).into();
    }
    let address = address(random);
    if random.chance(6) {
        let odd = [
            ":ALLOW",
            "deny",
            ":deny ",
            ":allow\t",
            ":allowx",
            ": allow",
            ":deny#",
            ":",
            ":allow,",
            ":deny\r",
            ":allow ,A=\"x\"",
            ":deny\0",
            ":allowdeny",
            ":den",
            "::deny",
            ":deny:allow",
            ":allow,A",
            ":allow,A=",
            ":allow,A=\"",
            ":allow,=\"\"",
            ":allow,A=xx,",
            ":deny,,A=xyx",
            ":allow, A=\"x\"",
        ];
        return address + *random.pick(&odd);
    }
    let settings: String =
        (0..*random.pick(&[0, 0, 1, 1, 2, 9])).map(|_| setting(random)).collect();
    format!("{address}:{}{settings}", random.pick(&["allow", "deny"]))
}

/// Rules for tcprules.
pub(crate) fn rules(random: &mut Random) -> Vec<u8> {
    let count = *random.pick(&[0, 1, 1, 1, 2, 3, 5, 12, 40]);
    let lines: Vec<String> = (0..count).map(|_| rule(random)).collect();
    let end = *random.pick(&["\n", "\n", "", "\r\n", "\n\n", " \n"]);
    let between = if random.chance(3) { "\r\n" } else { "\n" };
    (lines.join(between) + end).into_bytes()
}

/// Somebody for tcprulescheck.
pub(crate) fn peer(random: &mut Random) -> Vec<(&'static str, String)> {
    let addresses = [
        "1.2.3.4",
        "1.2.3.4",
        "10.0.0.1",
        "127.255.3.1",
        "1.",
        "",
        "x y",
        "255.255.255.255",
        "1.2.3.300",
        "0.0.0.0",
        "2001:db8::1",
        "1.2.3.4.5",
        "..",
        ".",
        "1..2",
        "*",
        "10.1.2.3",
    ];
    let hosts = [
        "",
        "host.dom",
        "a.b.dom",
        "A.dom",
        ".dom",
        "dom.",
        "dom",
        "x.host.dom",
        "..",
        ".",
        "a..dom",
        "host-1.dom",
        "\u{fc}",
    ];
    let infos = ["joe", "", "x y", "joe-1", "j=e", "a", "=", "@", "joe@1.2.3.4", "a@b"];
    let long = "x".repeat(random.below(600));
    let mut peer = Vec::new();
    let mut tell = |name, chance, all: &[&str]| {
        if random.chance(chance) {
            let value = if random.chance(2) { long.as_str() } else { *random.pick(all) };
            peer.push((name, value.to_owned()));
        }
    };
    tell("TCPREMOTEIP", 92, &addresses);
    tell("TCPREMOTEHOST", 50, &hosts);
    tell("TCPREMOTEINFO", 50, &infos);
    peer
}

/// A record as it is written wrong.
const BAD_RECORDS: &[&str] = &[
    "+,:->",
    "+1,:a->",
    "+,1:->b",
    "+01,1:a->b",
    "+1,1:a=>b",
    "+1,1:a-b",
    "+-1,1:a->b",
    "+ 1,1:a->b",
    "+1 ,1:a->b",
    "+1,1:ab->b",
    "+1,2:a->b",
    "+4294967296,1:a->b",
    "+1,4294967295:a->b",
    "+99999999999999999999,1:a->b",
    "1,1:a->b",
    "+1;1:a->b",
    "+1,1;a->b",
    "+1,1:a->bc",
    "+",
    "+1",
    "+1,",
    "+1,1",
    "+1,1:",
    "+1,1:a",
    "+1,1:a-",
    "+1,1:a->",
    " ",
    "\r",
    "-1,1:a->b",
    "+1,1:a->b ",
    "+0x1,1:a->b",
];

/// Records for cdbmake.
pub(crate) fn records(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    let count = *random.pick(&[0, 1, 3, 10, 10, 60, 300]);
    for _ in 0..count {
        let mut key =
            (*random.pick(&["", "a", "b", "one", "two", "x\ny", "->", "\0", "+1,1:"])).to_owned();
        if random.chance(50) {
            key += &random.below(1000).to_string();
        }
        let length = if random.chance(1) { random.below(40_000) } else { random.below(40) };
        let data = (*random.pick(&["d", "\n", "\0", "->"])).repeat(length);
        text.extend_from_slice(format!("+{},{}:{key}->{data}\n", key.len(), data.len()).as_bytes());
        if random.below(5 * count) == 0 {
            text.extend_from_slice(random.pick(BAD_RECORDS).as_bytes());
            text.extend_from_slice(if random.chance(90) { b"\n" } else { b"" });
        }
    }
    if random.chance(90) {
        text.push(b'\n');
    }
    if random.chance(20) {
        text.extend_from_slice(b"what follows is not read");
    }
    text
}
