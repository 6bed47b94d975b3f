//! tcpdchk, the ancestor's and ours, and `portreeve check`, about the same files.

use crate::asked::{LIMIT, world};
use portreeve_testkit::{Answer, Batch, Question, World};
use portreeve_tests::Random;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Sets of rules that are checked.
const SETS: usize = 400;

/// Files that rules name here.
const LISTS: [(&str, &str); 2] = [
    (
        "/run/lists/checked",
        "host1.example.com 192.0.2.10\nnobody.invalid @nosuch\n10.0.0.0/33 .2.10 host.\n\
         alias.other.org 192.0.2.77 /run/lists/inner\n",
    ),
    ("/run/lists/inner", "two.liar.net\n198.51.100.9\n"),
];

const DAEMONS: &[&str] = &[
    "sshd",
    "sshd",
    "ALL",
    "in.ftpd",
    "@sshd",
    "/sbin/sshd",
    ".ftpd",
    "in.",
    "KNOWN",
    "LOCAL",
    "FAIL",
    "sshd@two.example.com",
    "sshd@server.example.com",
    "sshd@192.0.2.1",
    "sshd@nobody.invalid",
    "sshd@@nosuch",
    "sshd@192.0.2.77",
];

const CLIENTS: &[&str] = &[
    "ALL",
    "KNOWN",
    "LOCAL",
    "PARANOID",
    "UNKNOWN",
    "192.0.2.",
    "192.0.2.10",
    "192.0.2.77",
    "203.0.113.2",
    "0.0.0.0",
    "host1.example.com",
    "HOST1.example.com",
    "alias.other.org",
    "two.example.com",
    "two.liar.net",
    "nobody.invalid",
    "else.invalid",
    "plain",
    "host.",
    ".2.10",
    ".example.com",
    "@nosuch",
    "@other",
    "FAIL",
    "10.0.0.0/8",
    "10.0.0.0/33",
    "10.0.0.0/x",
    "10.0.0.0/255.0.0.1.2",
    "[2001:db8::]/32",
    "joe@192.0.2.10",
    ".joe@ALL",
    "joe.@ALL",
    "@joe@ALL",
    "/joe@ALL",
    "LOCAL@alias.other.org",
    "joe@nobody.invalid",
    "/run/lists/checked",
    "/run/lists/loop",
    "/run/lists/none",
];

const OPTIONS: &[&str] = &[
    "severity loud",
    "severity x.info",
    "severity mail.info",
    "allow",
    "deny",
    "spawn",
    "spawn true",
    "bogus",
    "nice x",
    "umask 999",
    "linger -1",
    "rfc931 none",
    "keepalive yes",
    "setenv A b",
    "user nobody-here",
    "group nobody-here",
    "banners /run/lists",
    "banners /run/no-banners",
    "",
];

fn words(random: &mut Random, all: &[&str]) -> String {
    match random.below(20) {
        0 => String::new(),
        1 => format!("{} EXCEPT", random.pick(all)),
        2 => format!("{} EXCEPT {}", random.pick(all), random.pick(all)),
        _ => random.some(all, 3).join(" "),
    }
}

fn file(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(6) {
        text += &match random.below(15) {
            0 => "sshd ALL".to_owned(),
            1 => "# a comment".to_owned(),
            _ => {
                let options: Vec<String> = (0..random.below(5).saturating_sub(2))
                    .map(|_| format!(" : {}", random.pick(OPTIONS)))
                    .collect();
                let (daemons, clients) = (words(random, DAEMONS), words(random, CLIENTS));
                format!("{daemons}: {clients}{}", options.concat())
            }
        };
        text.push('\n');
    }
    text
}

/// What its super-server runs.
const SERVICES: &str = "a stream tcp nowait root /bin/true sshd\n";

/// What the ancestor says, and how `portreeve check` calls it; nothing is what is not about rules.
const CODES: &[(&str, &[&str])] = &[
    ("no such process name", &[]),
    ("host not found", &["hosts-host-not-found", "hosts-not-looked-up"]),
    ("hostname alias", &["hosts-host-alias"]),
    ("(official name: ", &["hosts-host-alias"]),
    ("more than one address", &["hosts-host-addresses"]),
    ("(consider using", &["hosts-host-addresses"]),
    ("->name lookup failed", &["hosts-address-nameless", "hosts-not-looked-up"]),
    ("mismatch", &["hosts-name-mismatch"]),
    ("unknown or empty netgroup", &["hosts-netgroup"]),
    ("bad net/mask pattern", &["hosts-prefix-length", "hosts-never-matches"]),
    ("list is empty or ends in EXCEPT", &["hosts-empty-list"]),
    ("missing \":\" separator", &["hosts-no-separator"]),
    ("begins with", &["hosts-doubtful"]),
    ("ends in dot", &["hosts-doubtful"]),
    ("reserved word", &["hosts-doubtful"]),
    ("FAIL is no longer", &["hosts-doubtful"]),
    ("(use EXCEPT or", &["hosts-doubtful"]),
    ("open /run/lists/loop", &["hosts-list-unreadable"]),
    ("unknown user", &["hosts-unknown"]),
    ("/run/no-banners: ", &["hosts-unknown"]),
    ("unknown group", &["hosts-unknown"]),
    ("bad ", &["hosts-option"]),
    ("option \"", &["hosts-option"]),
    ("missing option name", &["hosts-option"]),
];

/// A line: the file's name, the line's number, what is said.
fn said(line: &str) -> Option<(&str, u64, &str)> {
    let (_level, rest) = line.split_once(": ")?;
    let (path, rest) = rest.split_once(", line ")?;
    let (number, text) = rest.split_once(": ")?;
    Some((path, number.parse().ok()?, text))
}

/// A private host with rules of each set in a folder of its own.
fn laid_out(world: &World, sets: &[[String; 2]]) -> String {
    for (path, text) in LISTS {
        world.write(path, text);
    }
    world.door_run(&["ln", "-sf", "/run/lists/loop", "/run/lists/loop"]);
    let inside = "/run/checked";
    let outside = format!("/proc/{}/root{inside}", world.door_pid());
    for (number, texts) in sets.iter().enumerate() {
        let folder = Path::new(&outside).join(number.to_string());
        fs::create_dir_all(&folder).expect("make a folder");
        for (name, text) in ["hosts.allow", "hosts.deny"].iter().zip(texts) {
            fs::write(folder.join(name), text).expect("write");
        }
    }
    inside.to_owned()
}

fn asked(
    world: &World,
    batch: &Batch,
    name: &str,
    program: &Path,
    all: &[Question],
) -> Vec<Answer> {
    let mut env = world.door("/usr/bin/env");
    let asked = batch.ask(&mut env, name, program, all);
    let output = world.run(env, LIMIT);
    assert!(output.status.success(), "{output:?}");
    asked.answers()
}

/// What was compared so far.
struct Compared {
    looked: usize,
    /// Of [`CODES`]: what the ancestor said.
    told: Vec<bool>,
    wrong: Vec<String>,
}

impl Compared {
    /// Looks for everything that the ancestor said of these texts.
    fn compare(&mut self, texts: &[String; 2], theirs: &Answer, ours: &Answer, found: &Answer) {
        let ours = String::from_utf8_lossy(&ours.out);
        let found: Value = serde_json::from_slice(&found.out)
            .unwrap_or_else(|error| panic!("{error}: {found:?} of {texts:?}"));
        let findings = found["findings"].as_array().expect("findings");
        for line in String::from_utf8_lossy(&theirs.log).lines() {
            let Some((path, number, text)) = said(line) else {
                panic!("{line} is of no rule, in {texts:?}")
            };
            self.looked += 1;
            if !ours.contains(&format!("{path}, line {number}: {text}")) {
                self.wrong.push(format!("tcpdchk: {line}\n{texts:?}"));
            }
            let at = CODES.iter().position(|(part, _)| text.contains(part));
            let at = at.unwrap_or_else(|| panic!("{line} has no code"));
            self.told[at] = true;
            let is_it = |finding: &Value| is_it(finding, CODES[at].1, path, number, text);
            if !CODES[at].1.is_empty() && !findings.iter().any(is_it) {
                self.wrong.push(format!("check: {line}\n{texts:?}"));
            }
        }
    }
}

/// Whether a finding of `portreeve check` is what the ancestor says.
fn is_it(finding: &Value, codes: &[&str], path: &str, number: u64, text: &str) -> bool {
    let place = &finding["at"];
    let here = place["path"].as_str().is_some_and(|it| it.ends_with(path))
        && place["line"].as_u64() == Some(number);
    // why it cannot be opened is said in other words
    let what = if text.starts_with("open ") { text.rsplit_once(": ") } else { None };
    let text = what.map_or(text, |(what, _)| what);
    // a name is looked up, and told of, once for all places
    let once = || finding["message"].as_str().is_some_and(|it| it.contains(text));
    codes.iter().any(|code| finding["code"] == *code) && (here || once())
}

#[test]
fn whatever_tcpdchk_finds_both_of_ours_find() {
    let mut random = Random(0x7c9d_c4e0);
    let sets: Vec<[String; 2]> =
        (0..SETS).map(|_| [file(&mut random), file(&mut random)]).collect();
    let world = world();
    let inside = laid_out(&world, &sets);
    let inetd = world.dir().join("inetd.conf");
    fs::write(&inetd, SERVICES).expect("write");
    let inetd = inetd.display().to_string();
    let questions = |arguments: &[&str]| -> Vec<Question> {
        let question = |number: usize| Question {
            folder: Path::new(&inside).join(number.to_string()),
            input: "/dev/null".into(),
            environment: Vec::new(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
        };
        (0..sets.len()).map(question).collect()
    };
    let batch = Batch::new(world.dir());
    let chk = questions(&["tcpdchk", "-d", "-i", &inetd]);
    let check = ["portreeve", "check", "hosts-access", "hosts.allow", "hosts.deny", "--json"];
    let theirs = asked(&world, &batch, "theirs", Path::new("/usr/sbin/tcpdchk"), &chk);
    let ours = asked(&world, &batch, "ours", Path::new("/run/ours/tcpdchk"), &chk);
    let portreeve = world.bin("portreeve");
    let found = asked(&world, &batch, "check", &portreeve, &questions(&check));
    let told = vec![false; CODES.len()];
    let mut compared = Compared { looked: 0, told, wrong: Vec::new() };
    for ((texts, theirs), (ours, found)) in sets.iter().zip(&theirs).zip(ours.iter().zip(&found)) {
        compared.compare(texts, theirs, ours, found);
    }
    let Compared { looked, told, mut wrong } = compared;
    wrong.truncate(12);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(looked > 10 * SETS / 4, "the ancestor said {looked} things");
    let never: Vec<_> = CODES.iter().zip(told).filter(|(_, told)| !told).collect();
    assert!(never.is_empty(), "the ancestor never said {never:?}");
}
