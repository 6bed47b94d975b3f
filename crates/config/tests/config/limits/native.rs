//! Native TOML: limits in `[defaults]`, services, traps and included files, in every spelling that
//! TOML has for them and many that it has not.

use super::{Limits, Random, flagged, in_force};
use crate::common::{Host, findings, main};
use std::collections::BTreeMap;

const MAIN: &str = "/etc/portreeve/portreeve.toml";
const MORE: &str = "/etc/portreeve/services.d/door.toml";

/// A value, and what it must mean: `Some(None)` switches the limit off, `None` must not pass
/// unheard.
type Value = (&'static str, Option<Option<&'static str>>);

const ODD: Option<Option<&str>> = None;
const OFF: Option<Option<&str>> = Some(None);

const fn is(text: &'static str) -> Option<Option<&'static str>> {
    Some(Some(text))
}

const COUNTS: &[Value] = &[
    ("5", is("5")),
    ("1_000", is("1000")),
    ("+5", is("5")),
    ("0x10", is("16")),
    ("0", is("0")),
    ("4294967295", is("4294967295")),
    ("'unlimited'", OFF),
    ("\"unlimited\"", OFF),
    ("\"\"\"unlimited\"\"\"", OFF),
    ("\"5\"", ODD),
    ("5.0", ODD),
    ("-1", ODD),
    ("4294967296", ODD),
    ("99999999999999999999999", ODD),
    ("05", ODD),
    ("UNLIMITED", ODD),
    ("\"UNLIMITED\"", ODD),
    ("\"unlimited \"", ODD),
    ("\"\"", ODD),
    ("true", ODD),
    ("[5]", ODD),
    ("{}", ODD),
    ("\u{ff15}", ODD),
    ("5\u{a0}", ODD),
    ("5\0", ODD),
    ("5 6", ODD),
    ("", ODD),
];
const SOURCES: &[Value] = &[
    ("5", is("5")),
    ("{ max = 5 }", is("5")),
    ("{ max = 5, v4 = 24 }", is("5")),
    ("{ \"max\" = 5 }", is("5")),
    ("\"unlimited\"", OFF),
    ("{ Max = 5 }", ODD),
    ("{ max = 5, v4 = 33 }", ODD),
    ("{ max = 5, width = 24 }", ODD),
    ("{}", ODD),
    ("{ v4 = 24 }", ODD),
    ("\"5\"", ODD),
    ("-5", ODD),
    ("\"Unlimited\"", ODD),
];
const RATES: &[Value] = &[
    ("{ connections = 30, per = \"1s\", pause = \"10s\" }", is("30 1000 10000")),
    ("{ connections = 30, pause = \"10s\" }", is("30 1000 10000")),
    ("{pause='1m30s',connections=3,per='500ms'}", is("3 500 90000")),
    ("\"none\"", OFF),
    ("{ connections = 30 }", ODD),
    ("{ connections = 0, pause = \"10s\" }", ODD),
    ("{ connections = 30, pause = 10 }", ODD),
    ("{ connections = 30, per = \"0s\", pause = \"10s\" }", ODD),
    ("{ connection = 30, pause = \"10s\" }", ODD),
    ("{ connections = \"30\", pause = \"10s\" }", ODD),
    ("30", ODD),
    ("\"None\"", ODD),
    ("\"30/1s\"", ODD),
];
const LOADS: &[Value] = &[
    ("2.5", is("250")),
    ("2", is("200")),
    ("2.50", is("250")),
    ("\"unlimited\"", OFF),
    ("2.555", ODD),
    ("-2.5", ODD),
    ("inf", ODD),
    ("nan", ODD),
    ("1e1", ODD),
    ("\"2.5\"", ODD),
];
const STARTUPS: &[Value] = &[
    ("\"10:30:100\"", is("10:30:100")),
    ("\"openssh\"", is("10:30:100")),
    ("10", is("10:100:10")),
    ("'3:50:9'", is("3:50:9")),
    ("\"none\"", OFF),
    ("\"10:30\"", ODD),
    ("\"10:0:100\"", ODD),
    ("\"10:101:100\"", ODD),
    ("\"100:30:10\"", ODD),
    ("\"10:30:100:5\"", ODD),
    ("\"10: 30:100\"", ODD),
    ("\"10:30:-1\"", ODD),
    ("\"OpenSSH\"", ODD),
    ("0", ODD),
    ("[10, 30, 100]", ODD),
];
const GRACES: &[Value] = &[
    ("\"2m\"", is("120000")),
    ("\"1m30s\"", is("90000")),
    ("'500ms'", is("500")),
    ("\"none\"", OFF),
    ("120", ODD),
    ("\"120\"", ODD),
    ("\"2 m\"", ODD),
    ("\"-2m\"", ODD),
    ("\"0s\"", ODD),
    ("\"2M\"", ODD),
    ("\"99999999999999999999s\"", ODD),
];
const HOURS: &[Value] = &[
    ("[\"08:00-15:25\"]", is("480-925")),
    ("[\n  \"08:00-09:00\", # morning\n  \"22:00-06:00\",\n]", is("480-540 1320-360")),
    ("\"always\"", OFF),
    ("[\"08:00\"]", ODD),
    ("[\"8-15\"]", ODD),
    ("[\"08:00-25:00\"]", ODD),
    ("[\"08:00 - 09:00\"]", is("480-540")),
    ("[480]", ODD),
    ("\"Always\"", ODD),
];
const ALLOWED: &[Value] = &[
    ("[\"192.0.2.0/24\"]", is("192.0.2.0/24")),
    ("[ '10.0.0.1' , \"2001:db8::/32\" ]", is("10.0.0.1 2001:db8::/32")),
    ("[]", is("")),
    ("\"everybody\"", OFF),
    ("[\"everybody\"]", ODD),
    ("[\"ALL\"]", ODD),
    ("[\"192.0.2.0/33\"]", ODD),
    ("[\"192.0.2.300\"]", ODD),
    ("[\"192.0.2.0/24,10.0.0.1\"]", ODD),
    ("[\"192.0.2.0/255.255.255.0\"]", ODD),
    ("[\"192.0.2.\u{ff11}\"]", ODD),
    ("[\"192.0.2.1 \"]", ODD),
    ("[\"\"]", ODD),
    ("[192.0]", ODD),
    ("\"Everybody\"", ODD),
];
const DENIED: &[Value] = &[
    ("[\"192.0.2.66\"]", is("192.0.2.66")),
    ("[\"192.0.2.66\", \"10.0.0.0/8\"]", is("10.0.0.0/8 192.0.2.66")),
    ("[]", OFF),
    ("[\"ALL\"]", ODD),
    ("[\"192.0.2.66/40\"]", ODD),
    ("[\"192.0.2.x\"]", ODD),
    ("[\"192.0.2.66\\u0000\"]", ODD),
    ("\"everybody\"", ODD),
    ("{}", ODD),
];
const MASKS: &[Value] = &[
    ("\"027\"", is("27")),
    ("\"0027\"", is("27")),
    ("27", ODD),
    ("0o27", is("27")),
    ("\"1777\"", ODD),
    ("\"8\"", ODD),
    ("\"\"", ODD),
];
const BANS: &[Value] = &[
    ("\"1d\"", is("86400000")),
    ("\"forever\"", is("forever")),
    ("\"never\"", OFF),
    ("\"Forever\"", ODD),
    ("86400", ODD),
    ("\"-1d\"", ODD),
    ("\"0s\"", ODD),
];

const IDLES: &[Value] = &[
    ("\"10m\"", is("600000")),
    ("'1s'", is("1000")),
    ("\"30d\"", is("2592000000")),
    ("\"none\"", OFF),
    ("\"999ms\"", ODD),
    ("\"31d\"", ODD),
    ("600", ODD),
    ("\"0s\"", ODD),
    ("\"None\"", ODD),
    ("\"never\"", ODD),
    ("false", ODD),
    ("{ after = \"10m\" }", ODD),
];
const KILLS: &[Value] = &[
    ("\"30s\"", is("30000")),
    ("\"0s\"", is("0")),
    ("'10m'", is("600000")),
    ("\"5s\"", OFF),
    ("\"11m\"", ODD),
    ("30", ODD),
    ("\"none\"", ODD),
];
const KEEPS: &[Value] = &[
    ("{ every = \"15s\", tries = 4 }", is("15 4")),
    ("{ every = '1m' }", is("60 4")),
    ("true", is("system")),
    ("false", OFF),
    ("{ tries = 4 }", ODD),
    ("{ every = 15 }", ODD),
    ("{ every = \"0s\" }", ODD),
    ("{ every = \"1500ms\" }", ODD),
    ("{ every = \"32768s\" }", ODD),
    ("{ every = \"15s\", tries = 0 }", ODD),
    ("{ every = \"15s\", tries = 128 }", ODD),
    ("{ every = \"32767s\", tries = 66 }", ODD),
    ("{ every = \"15s\", Tries = 4 }", ODD),
    ("\"15s\"", ODD),
    ("\"true\"", ODD),
    ("1", ODD),
];
const REFUSALS: &[Value] = &[
    ("\"reset\"", is("reset")),
    ("{ delay = \"20s\" }", is("20000")),
    ("{ words = 'no', delay = '10m' }", is("600000 no")),
    ("{ words = \"no\" }", is("no")),
    ("\"close\"", OFF),
    ("{}", OFF),
    ("{ delay = \"0s\" }", OFF),
    ("{ delay = \"11m\" }", ODD),
    ("{ delay = 20 }", ODD),
    ("{ delay = \"20s\", reset = true }", ODD),
    ("\"Reset\"", ODD),
    ("\"tarpit\"", ODD),
    ("\"20s\"", ODD),
    ("true", ODD),
];

/// A limit: its key, what the model calls it, its values.
type Tried = (&'static str, &'static str, &'static [Value]);

const SERVICE: &[Tried] = &[
    ("instances", "instances", COUNTS),
    ("per-source", "per_source", SOURCES),
    ("per-source-startups", "per_source_startups", SOURCES),
    ("rate", "rate", RATES),
    ("max-load", "load", LOADS),
    ("startups", "startups", STARTUPS),
    ("grace", "grace", GRACES),
    ("hours", "hours", HOURS),
    ("allow", "allow", ALLOWED),
    ("deny", "deny", DENIED),
    ("umask", "umask", MASKS),
    ("idle", "idle", IDLES),
    ("kill-after", "kill_after", KILLS),
    ("keep-alive", "keep_alive", KEEPS),
    ("refuse", "refuse", REFUSALS),
];
const TRAP: &[Tried] = &[
    ("ban", "ban", BANS),
    ("hours", "hours", HOURS),
    ("deny", "deny", DENIED),
    ("refuse", "refuse", REFUSALS),
];

/// What a text says, and the lines that must not pass unheard.
#[derive(Default)]
struct Written {
    text: String,
    sets: BTreeMap<&'static str, Option<&'static str>>,
    odd: Vec<usize>,
}

impl Written {
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    /// Writes limits, none of them twice unless that is the fault.
    fn limits(&mut self, random: &mut Random, tried: &[Tried], most: usize) {
        let mut left: Vec<&Tried> = tried.iter().collect();
        for _ in 0..random.below(most + 1).min(tried.len()) {
            let (key, name, values) = *left.remove(random.below(left.len()));
            let (value, meaning) = match random.one_in(4) {
                true => random.pick(values),
                false => random.pick(&values[..3]),
            };
            let (key, known) = spelled(random, key);
            let (equals, said) = match random.below(60) {
                0 => (" == ", false),
                1 => (": ", false),
                2 => ("\u{a0}= ", false),
                3 => (" += ", false),
                4..=9 => ("=", true),
                10..=14 => ("\t=\t", true),
                _ => (" = ", true),
            };
            let behind = random.pick(&["", "", "  # a comment", "#5", "\t"]);
            let before = random.pick(&["", "", "  ", "\t"]);
            let at = self.line();
            self.text += &format!("{before}{key}{equals}{value}{behind}\n");
            match meaning.filter(|_| known && said) {
                Some(meaning) => drop(self.sets.insert(name, meaning)),
                None => self.odd.push(at),
            }
            if random.one_in(40) {
                self.odd.push(self.line());
                self.text += &format!("{key} = {value}\n");
            }
        }
    }
}

/// A key in some spelling, and whether TOML takes it for the key.
fn spelled(random: &mut Random, key: &str) -> (String, bool) {
    match random.below(30) {
        0..=2 => (format!("\"{key}\""), true),
        3..=5 => (format!("'{key}'"), true),
        6 => (format!("\"\\u{:04x}{}\"", u32::from(key.as_bytes()[0]), &key[1..]), true),
        7 => (key.to_uppercase(), false),
        8 if key.contains('-') => (key.replace('-', "_"), false),
        9 => (format!("{key}s"), false),
        10 => (format!("\"{key} \""), false),
        11 if key.contains(['a', 'o']) => {
            (key.replace('a', "\u{430}").replace('o', "\u{43e}"), false)
        }
        12 => (format!("\u{feff}{key}"), false),
        13 => (format!("{key}\0"), false),
        14 => (format!("admission.{key}"), false),
        _ => (key.to_owned(), true),
    }
}

/// The configuration: its files, what must be in force, what must be said.
struct Case {
    files: BTreeMap<&'static str, String>,
    limits: Limits,
    odd: Vec<(&'static str, usize)>,
}

fn case(random: &mut Random) -> Case {
    let trap = random.one_in(6);
    let mut defaults = Written::default();
    if random.one_in(2) {
        defaults.text += "[defaults]\n";
        // what a trap would not take from there is no fault, and tried with services
        defaults.limits(random, if trap { &TRAP[..1] } else { SERVICE }, 3);
    }
    let mut own = Written::default();
    own.text += match trap {
        true => "[trap.door]\nlisten = [\"192.0.2.1:23\"]\n",
        false => {
            "[service.door]\nlisten = [\"192.0.2.1:22\"]\nrun = [\"/bin/cat\"]\nuser = \"nobody\"\n"
        }
    };
    own.limits(random, if trap { TRAP } else { SERVICE }, 4);
    let apart = random.one_in(3);
    let above = defaults.line() - 1;
    let path = if apart { MORE } else { MAIN };
    let shift = if apart { 0 } else { above };
    let odd = defaults.odd.iter().map(|line| (MAIN, *line));
    let odd = odd.chain(own.odd.iter().map(|line| (path, line + shift))).collect();
    let mut files = BTreeMap::from([(MAIN, defaults.text)]);
    files.entry(path).or_default().push_str(&own.text);
    for text in files.values_mut() {
        match random.below(12) {
            0 => drop(text.pop()),
            1 => *text = text.replace('\n', "\r\n"),
            2 => text.insert(0, '\u{feff}'),
            _ => {}
        }
    }
    let mut sets = if trap { BTreeMap::from([("ban", Some("86400000"))]) } else { BTreeMap::new() };
    sets.extend(defaults.sets);
    sets.extend(own.sets);
    // grace without a word is two minutes wherever startups are counted
    let counts =
        ["startups", "per_source_startups"].iter().any(|k| matches!(sets.get(k), Some(Some(_))));
    if counts {
        sets.entry("grace").or_insert(Some("120000"));
    }
    let on = sets.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
    Case { files, limits: on.collect(), odd }
}

fn one_case(seed: u64) -> &'static str {
    let Case { files, limits: want, odd } = case(&mut Random(seed));
    let host = files.iter().fold(Host::default(), |host, (path, text)| host.with(path, text));
    let loaded = host.clone().load(&main());
    let told = || format!("seed {seed}: {files:#?}\n{}", findings(&loaded));
    let Some(config) = &loaded.config else {
        assert!(loaded.errors() > 0, "{}", told());
        return "refused";
    };
    for (path, line) in &odd {
        assert!(flagged(&loaded, path, *line), "{path}:{line} is passed over: {}", told());
    }
    if !odd.is_empty() {
        return "flagged";
    }
    let limits = in_force(config).unwrap_or_else(|| panic!("one service: {}", told()));
    assert_eq!(limits, want, "{}", told());
    "as written"
}

#[test]
fn no_native_text_makes_a_limit_silently_not_apply() {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..8_000 {
        *ends.entry(one_case(seed)).or_default() += 1;
    }
    for (end, least) in [("as written", 1500), ("refused", 1500)] {
        assert!(ends.get(end).is_some_and(|count| *count >= least), "{end}: {ends:?}");
    }
}
