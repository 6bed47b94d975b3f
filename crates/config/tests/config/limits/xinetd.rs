//! xinetd.conf: limits in `defaults`, in services and in included files, in every operator, case,
//! spacing and spelling, with slips of single characters on top.

use super::{Limits, Random, flagged, in_force};
use crate::common::{Host, findings};
use portreeve_config::Entry;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const MAIN: &str = "/etc/xinetd.conf";
const MORE: &str = "/etc/more.conf";

const COUNTS: &[&str] = &[
    "5",
    "0",
    "1",
    "50",
    "+5",
    "007",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "-1",
    "1e3",
    "0x10",
    "5.0",
    "5,",
    "5;",
    "\"5\"",
    "5 # five",
    "5 #five",
    "5#five",
    "5 6",
    "",
    "UNLIMITED",
    "unlimited",
    "UnLimited",
    "UNLIMITED # all",
    "UNLIMITED 5",
    "none",
    "\u{ff15}",
    "5\u{a0}",
    "\u{665}",
    "5\0",
    "5\\",
];
const RATES: &[&str] = &[
    "30 10",
    "30",
    "30 10 5",
    "0 10",
    "30 0",
    "+3 +4",
    "4294967296 1",
    "30 -1",
    "30,10",
    "30 10 # slow",
    "UNLIMITED",
    "UNLIMITED 10",
    "30\u{a0}10",
    "30 10s",
    "1 1",
];
const LOADS: &[&str] = &[
    "2.5",
    "2",
    "0",
    "0.0",
    ".5",
    "2.",
    "2.567",
    "-1",
    "1e3",
    "2,5",
    "2.5 # high",
    "UNLIMITED",
    "99999999999",
];
const PEERS: &[&str] = &[
    "10.0.0.1",
    "10.0.0.1 10.0.0.2",
    "10.1.0.0/16",
    "192.0.2.7 10.1.0.0/16",
    "2001:db8::/32",
    "",
    "10.0.0.1 # me",
    "10.0.0.1, 10.0.0.2",
    "10.0.0.300",
    "10.0.0.1/33",
    "ALL",
    "88.???.1.2",
    "10.0.0.1/",
    "10.0.0.\u{ff11}",
    "10.0.0.1\u{200b}",
    "10.0.0.2\0",
];
const TIMES: &[&str] = &[
    "08:00-15:25",
    "08:00-09:00 10:00-11:59",
    "8:00-9:00",
    "08:00-08:00",
    "24:00-25:00",
    "08:00",
    "08:00 - 09:00",
    "08:00-09:00 # day",
    "08:00\u{2013}09:00",
    "",
    "09:60-10:00",
    "08:00-15:25,16:00-17:00",
];
const SIZES: &[&str] = &[
    "8M",
    "8m",
    "512k",
    "4096",
    "UNLIMITED",
    "Unlimited",
    "8G",
    "8 M",
    "-8M",
    "8MB",
    "99999999999999999999",
    "18014398509481984k",
    "8M # room",
    "",
    "0",
    "1.5M",
];
const SECONDS: &[&str] =
    &["20", "UNLIMITED", "20s", "-1", "20 # s", "", "99999999999999999999", "+7", "2m"];
const MASKS: &[&str] = &["027", "077", "0", "777", "1777", "8", "0o27", "27 # x", "", "-1", "0077"];
const DENIALS: &[&str] =
    &["60", "FOREVER", "forever", "1 # day", "-1", "", "1d", "99999999999999999999", "+5"];

/// Attributes with what they are tried with.
const TRIED: &[(&str, &[&str])] = &[
    ("instances", COUNTS),
    ("per_source", COUNTS),
    ("cps", RATES),
    ("max_load", LOADS),
    ("only_from", PEERS),
    ("no_access", PEERS),
    ("access_times", TIMES),
    ("rlimit_as", SIZES),
    ("rlimit_data", SIZES),
    ("rlimit_rss", SIZES),
    ("rlimit_stack", SIZES),
    ("rlimit_files", SIZES),
    ("rlimit_cpu", SECONDS),
    ("umask", MASKS),
];

/// What else may stand in an entry without limiting anything.
const NEUTRAL: &[&str] = &[
    "socket_type",
    "protocol",
    "wait",
    "user",
    "server",
    "server_args",
    "port",
    "type",
    "id",
    "disable",
    "log_on_success",
    "log_on_failure",
    "log_type",
    "group",
    "groups",
    "nice",
    "env",
    "passenv",
    "banner",
    "banner_success",
    "banner_fail",
    "bind",
    "interface",
    "v6only",
    "enabled",
    "disabled",
];

const PROGRAM: &str = "\tsocket_type = stream\n\ttype = UNLISTED\n\tport = 700\n\tprotocol = tcp\n\
                       \twait = no\n\tuser = nobody\n\tserver = /bin/cat\n\tlog_on_success = HOST USERID\n";
const SENSOR: &str = "\tsocket_type = stream\n\ttype = INTERNAL UNLISTED\n\tport = 700\n\tprotocol = tcp\n\
                      \twait = no\n\tuser = nobody\n\tflags = SENSOR\n";

/// A line that sets a limit, in some shape.
fn line(random: &mut Random, name: &str, values: &[&str]) -> String {
    let mut name = match random.below(8) {
        0 => name.to_uppercase(),
        1 => name.replace('_', "-"),
        2 => name.replace('a', "\u{430}").replace('o', "\u{43e}"),
        3 if random.one_in(2) => format!("{name}s"),
        4 if random.one_in(2) => format!("#{name}"),
        _ => name.to_owned(),
    };
    if random.one_in(30) {
        name.insert(0, '\u{feff}');
    }
    let before = random.pick(&["\t", "", "  ", " \t ", "\u{a0}", "\r"]);
    let operator = match random.below(12) {
        0 => " += ",
        1 => " -= ",
        2 => "=",
        3 => "= ",
        4 => "\t=\t",
        5 => " == ",
        6 => " ",
        7 => "\u{a0}= ",
        _ => " = ",
    };
    let after = random.pick(&["", "", "", " ", "\t", "\r", " \\", "\u{c}", " #"]);
    format!("{before}{name}{operator}{}{after}\n", random.pick(values))
}

/// A few lines about limits.
fn lines(random: &mut Random, most: usize) -> String {
    let mut text = String::new();
    let mut last: Option<(&str, &[&str])> = None;
    for _ in 0..random.below(most + 1) {
        let again = last.filter(|_| random.one_in(3));
        let (name, values) = again.unwrap_or_else(|| random.pick(TRIED));
        last = Some((name, values));
        // plain ones among the odd, or nothing would ever be accepted
        text += &match random.below(4) {
            0 => line(random, name, values),
            1 => format!("\t{name} = {}\n", random.pick(values)),
            2 => format!("\t{name} {} {}\n", random.pick(&["=", "+=", "-="]), values[0]),
            _ => format!("\t{name} = {}\n", values[random.below(2)]),
        };
    }
    text
}

/// The files of a configuration.
fn files(random: &mut Random) -> BTreeMap<&'static str, String> {
    let mut main = String::new();
    if random.one_in(2) {
        main += &format!("defaults\n{{\n{}}}\n", lines(random, 3));
    }
    let own = match random.below(8) {
        0 => format!("{SENSOR}\tdeny_time = {}\n", random.pick(DENIALS)),
        1 => format!("{PROGRAM}\tflags = IDONLY\n{}", lines(random, 3)),
        _ => format!("{PROGRAM}{}", lines(random, 4)),
    };
    let entry = format!("service door\n{{\n{own}}}\n");
    let mut files = BTreeMap::new();
    if random.one_in(4) {
        main += &format!("include {MORE}\n");
        files.insert(MORE, entry);
    } else {
        main += &entry;
    }
    files.insert(MAIN, main);
    for text in files.values_mut() {
        match random.below(10) {
            0 => drop(text.pop()),
            1 if random.one_in(3) => *text = text.replace('\n', "\r\n"),
            2 if random.one_in(3) => text.insert(0, '\u{feff}'),
            3 | 4 => slip(random, text),
            _ => {}
        }
    }
    files
}

/// One character too many, too few, or another.
fn slip(random: &mut Random, text: &mut String) {
    let mut letters: Vec<char> = text.chars().collect();
    let at = random.below(letters.len());
    let odd: Vec<char> = "=+-#{}.,:/ \t\n\r0159MNUx\0\u{a0}\u{feff}\u{43e}".chars().collect();
    match random.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, random.pick(&odd)),
        2 => letters[at] = random.pick(&odd),
        _ => letters.insert(at, letters[at]),
    }
    *text = letters.into_iter().collect();
}

/// What the plain reading makes of a text.
enum Plain {
    /// These limits are in force, and these lines need a word at least.
    Says(Limits, Vec<(&'static str, usize)>),
    /// This line is none it understands: somebody must be told of it.
    Odd(&'static str, usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Where {
    Outside,
    Header,
    Inside,
}

/// The second reading: xinetd's manual in a hundred lines, for these texts alone.
#[derive(Default)]
struct Reading {
    /// Of `defaults` and of the service: the lines that set limits.
    sets: [Vec<Set>; 2],
    odd: Option<(&'static str, usize)>,
}

struct Set {
    at: (&'static str, usize),
    name: String,
    operator: String,
    words: Vec<String>,
}

impl Reading {
    fn file(&mut self, files: &BTreeMap<&'static str, String>, path: &'static str) {
        let (mut state, mut entry, mut last) = (Where::Outside, 0, 0);
        for (line, text) in (1..).zip(files[path].trim_start_matches('\u{feff}').split('\n')) {
            let text = text.trim_matches([' ', '\t']);
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            last = line;
            let plain = text.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
            let words: Vec<&str> =
                text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            let words = unglued(words);
            // a keyword is one in any case
            let keyword = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
            state = match (state, words.as_slice()) {
                (Where::Inside, [name, "=" | "+=" | "-=", ..]) if neutral(name) => Where::Inside,
                _ if !plain => return self.strange(path, line),
                (Where::Outside, [_]) if keyword == "defaults" => {
                    entry = 0;
                    Where::Header
                }
                (Where::Outside, [_, _]) if keyword == "service" => {
                    entry = 1;
                    Where::Header
                }
                (Where::Outside, [_, MORE]) if keyword == "include" => {
                    self.file(files, MORE);
                    Where::Outside
                }
                (Where::Header, ["{"]) => Where::Inside,
                (Where::Inside, ["}"]) => Where::Outside,
                (Where::Inside, [name, operator @ ("=" | "+=" | "-="), words @ ..]) => {
                    let name = name.to_ascii_lowercase();
                    let known = name == "flags" || name == "deny_time";
                    if known || TRIED.iter().any(|(known, _)| *known == name) {
                        let words = words.iter().map(ToString::to_string).collect();
                        let operator = (*operator).to_owned();
                        self.sets[entry].push(Set { at: (path, line), name, operator, words });
                    } else {
                        return self.strange(path, line);
                    }
                    Where::Inside
                }
                _ => return self.strange(path, line),
            };
        }
        if state != Where::Outside {
            self.strange(path, last);
        }
    }

    fn strange(&mut self, path: &'static str, line: usize) {
        self.odd = self.odd.or(Some((path, line)));
    }

    fn judge(self) -> Plain {
        if let Some((path, line)) = self.odd {
            return Plain::Odd(path, line);
        }
        // without a word, xinetd admits fifty a second
        let mut limits = Limits::from([("rate".to_owned(), "50 1000 10000".to_owned())]);
        let mut words = Vec::new();
        let mut lists: BTreeMap<&str, Option<Vec<String>>> = BTreeMap::new();
        for (entry, sets) in self.sets.iter().enumerate() {
            let mut seen: BTreeMap<&str, &[String]> = BTreeMap::new();
            for set in sets {
                let name = set.name.as_str();
                if name == "only_from" || name == "no_access" {
                    let known = lists
                        .entry(if name == "only_from" { "allow" } else { "deny" })
                        .or_default();
                    let Some(fault) = edit(known, set, entry, seen.contains_key(name)) else {
                        return Plain::Odd(set.at.0, set.at.1);
                    };
                    words.extend(fault.then_some(set.at));
                    seen.insert(name, &set.words);
                    continue;
                }
                let twice = seen.insert(name, &set.words);
                let value = value(name, &set.words).filter(|_| set.operator == "=");
                let own = matches!(name, "flags" | "deny_time" | "access_times");
                let elsewhere = entry == 0 && (own || name.starts_with("rlimit"));
                let Some((key, value)) = value.filter(|_| twice.is_none() && !elsewhere) else {
                    return Plain::Odd(set.at.0, set.at.1);
                };
                limits.remove(key);
                limits.extend(value.map(|value| (key.to_owned(), value)));
            }
        }
        for (key, list) in lists {
            let Some(mut list) = list else { continue };
            list.sort_unstable();
            list.dedup();
            if key == "allow" || !list.is_empty() {
                limits.insert(key.to_owned(), list.join(" "));
            }
        }
        Plain::Says(limits, words)
    }
}

/// Whether an attribute limits nothing.
fn neutral(name: &str) -> bool {
    NEUTRAL.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The words of a line, an operator that touches the value behind it set apart.
fn unglued(mut words: Vec<&str>) -> Vec<&str> {
    let second = words.get(1).copied().unwrap_or_default();
    for operator in ["+=", "-=", "="] {
        if let Some(value) = second.strip_prefix(operator).filter(|value| !value.is_empty()) {
            words.splice(1..2, [operator, value]);
            break;
        }
    }
    words
}

/// Changes a list; whether that deserves a word, or nothing where it cannot be meant.
fn edit(list: &mut Option<Vec<String>>, set: &Set, entry: usize, again: bool) -> Option<bool> {
    let items: Option<Vec<String>> = set.words.iter().map(|word| network(word)).collect();
    let items = items?;
    let mut fault = false;
    match (set.operator.as_str(), entry) {
        ("-=", _) => {
            let held = list.as_mut().filter(|held| items.iter().all(|item| held.contains(item)));
            // nothing taken from nothing leaves nothing behind
            let Some(held) = held else { return items.is_empty().then_some(false) };
            held.retain(|item| !items.contains(item));
        }
        ("=", 1) => {
            fault = again && list.as_ref().is_some_and(|list| !list.is_empty());
            *list = Some(items);
        }
        _ => list.get_or_insert_default().extend(items),
    }
    Some(fault)
}

/// An address or a network, as the model writes it. Final zeros are wildcards to xinetd, and odd to
/// this reading.
fn network(word: &str) -> Option<String> {
    if let Ok(address) = word.parse::<Ipv4Addr>() {
        return (address.octets()[3] != 0).then(|| word.to_owned());
    }
    ["10.1.0.0/16", "2001:db8::/32"].contains(&word).then(|| word.to_owned())
}

/// The limit that a value sets: its name and, unless it switches the limit off, what is in force.
#[expect(clippy::too_many_lines, reason = "one table of attributes, kept plain")]
fn value(name: &str, words: &[String]) -> Option<(&'static str, Option<String>)> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let one = || match words.as_slice() {
        [word] => Some(*word),
        _ => None,
    };
    let unlimited = |word: &str| word.eq_ignore_ascii_case("unlimited");
    let digits = |word: &str| -> Option<u64> {
        let word = word.strip_prefix('+').unwrap_or(word);
        let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        word.parse().ok().filter(|_| plain)
    };
    let count = |word: &str| digits(word).filter(|n| *n <= u64::from(u32::MAX));
    let resource = |key, n: Option<u64>| {
        let word = one()?;
        let limit = if unlimited(word) { "Unlimited".to_owned() } else { format!("At({})", n?) };
        Some((key, Some(format!("{limit} {limit}"))))
    };
    let size = |word: &str| {
        let unit = match word.chars().last()? {
            'k' | 'K' => 1 << 10,
            'm' | 'M' => 1 << 20,
            _ => 1,
        };
        let number = if unit == 1 { word } else { word.get(..word.len() - 1)? };
        digits(number)?.checked_mul(unit)
    };
    match name {
        "instances" | "per_source" => {
            let key = if name == "instances" { "instances" } else { "per_source" };
            let word = one()?;
            if unlimited(word) {
                Some((key, None))
            } else {
                Some((key, Some(count(word)?.to_string())))
            }
        }
        "cps" => match words.as_slice() {
            [most, wait] => {
                let (most, wait) = (count(most)?, count(wait)?);
                Some(("rate", (most > 0).then(|| format!("{most} 1000 {}", wait * 1000))))
            }
            _ => None,
        },
        "max_load" => {
            let word = one()?;
            let (whole, part) = word.split_once('.').unwrap_or((word, ""));
            let plain = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
            let whole = if whole.is_empty() && !part.is_empty() { "0" } else { whole };
            let part: String = part.chars().chain("00".chars()).take(2).collect();
            let load =
                whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)?;
            let fine = plain(whole) && plain(word.split_once('.').map_or("", |(_, part)| part));
            (fine && load > 0).then(|| ("load", Some(load.to_string())))
        }
        "access_times" => {
            let range = |word: &&str| {
                let (from, to) = word.split_once('-')?;
                let minute = |text: &str| {
                    let (hour, minute) = text.split_once(':')?;
                    let two = hour.len() <= 2 && minute.len() <= 2;
                    let part = |text: &str| if text.is_empty() { Some(0) } else { count(text) };
                    let (hour, minute) = (part(hour)?, part(minute)?);
                    (two && hour < 24 && minute < 60).then_some(hour * 60 + minute)
                };
                let (from, to) = (minute(from)?, minute(to)?);
                (from <= to).then(|| format!("{from}-{}", to + 1))
            };
            let ranges: Option<Vec<_>> = words.iter().map(range).collect();
            ranges.filter(|all| !all.is_empty()).map(|all| ("hours", Some(all.join(" "))))
        }
        "rlimit_as" => resource("AddressSpace", size(one()?)),
        "rlimit_data" => resource("Data", size(one()?)),
        "rlimit_rss" => resource("ResidentSet", size(one()?)),
        "rlimit_stack" => resource("Stack", size(one()?)),
        "rlimit_files" => resource("OpenFiles", size(one()?)),
        "rlimit_cpu" => resource("CpuTime", digits(one()?)),
        "umask" => {
            let word = one()?;
            let octal = word.bytes().all(|b| (b'0'..=b'7').contains(&b));
            let mask = u32::from_str_radix(word, 8).ok().filter(|mask| octal && *mask <= 0o777)?;
            Some(("umask", Some(format!("{mask:o}"))))
        }
        "flags" => match words.as_slice() {
            ["IDONLY"] => Some(("ident", Some(String::new()))),
            ["SENSOR"] => Some(("sensor", None)),
            _ => None,
        },
        "deny_time" => {
            let word = one()?;
            let time = match word.to_ascii_uppercase().as_str() {
                "FOREVER" => "forever".to_owned(),
                _ => (count(word).filter(|n| *n > 0)? * 60_000).to_string(),
            };
            Some(("ban", Some(time)))
        }
        _ => None,
    }
}

/// Whether a line is a list whose words could all be networks or names.
fn slipped(text: &str, line: usize) -> bool {
    let words: Vec<&str> = text.lines().nth(line - 1).unwrap_or("").split_whitespace().collect();
    let words = unglued(words);
    let [name, _, words @ ..] = words.as_slice() else { return false };
    let letter = |c: char| c.is_ascii_alphanumeric() || ".:/{}-_".contains(c);
    let list = ["only_from", "no_access"].iter().any(|list| list.eq_ignore_ascii_case(name));
    list && words.iter().all(|word| word.chars().all(letter))
}

fn one_case(seed: u64) -> &'static str {
    let files = files(&mut Random(seed));
    let host = files.iter().fold(Host::default(), |host, (path, text)| host.with(path, text));
    let loaded = host.clone().load(&Entry::Xinetd(MAIN.into()));
    let told = || format!("seed {seed}: {files:#?}\n{}", findings(&loaded));
    let Some(config) = &loaded.config else {
        assert!(loaded.errors() > 0, "{}", told());
        return "refused";
    };
    let Some(limits) = in_force(config) else {
        assert!(config.services.is_empty(), "one service at most: {}", told());
        return "nothing is open";
    };
    let mut reading = Reading::default();
    reading.file(&files, MAIN);
    match reading.judge() {
        // another network than those written above: a slip, and accepted as what it says
        Plain::Odd(path, line) if slipped(&files[path], line) => "slipped",
        Plain::Odd(path, line) => {
            assert!(flagged(&loaded, path, line), "{path}:{line} is passed over: {}", told());
            "flagged"
        }
        Plain::Says(want, words) => {
            for (path, line) in words {
                assert!(flagged(&loaded, path, line), "{path}:{line} is passed over: {}", told());
            }
            let mut want = want;
            // a trap is for everybody who knocks, at any rate
            if want.contains_key("ban") {
                want.retain(|name, _| name == "ban");
                assert_eq!(limits.get("ban"), want.get("ban"), "{}", told());
            } else {
                assert_eq!(limits, want, "{}", told());
            }
            "as written"
        }
    }
}

#[test]
fn no_xinetd_text_makes_a_limit_silently_not_apply() {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..12_000 {
        *ends.entry(one_case(seed)).or_default() += 1;
    }
    for (end, least) in [("as written", 1500), ("refused", 1500), ("flagged", 50)] {
        assert!(ends.get(end).is_some_and(|count| *count >= least), "{end}: {ends:?}");
    }
}
