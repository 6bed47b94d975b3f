//! Generated configurations: what one reads and the other refuses, or reads otherwise, is a defect.

use crate::ours::{paths, read_filter, read_jail, said};
use crate::real::ask;
use portreeve_testkit::Dir;
use portreeve_tests::Random;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Folders, each with a filter that is asked for in two ways, and two jails.
const FOLDERS: usize = 120;

const NAMES: &[&str] =
    &["a", "b", "c", "d", "__pre", "Mixed", "mode", "logtype", "x-y", "a?family=inet6"];
const OPTIONS: &[&str] =
    &["failregex", "ignoreregex", "prefregex", "datepattern", "journalmatch", "maxlines", "usedns"];
const PARTS: &[&str] = &[
    "%(a)s",
    "%(b)s",
    "%(c)s",
    "%(__pre)s",
    "%(MIXED)s",
    "%(known/a)s",
    "%(known/failregex)s",
    "%(sec/a)s",
    "%(default/a)s",
    "%(__name__)s",
    "<a>",
    "<b>",
    "<c>",
    "<mode>",
    "<known/a>",
    "<sec/b>",
    "<lt_<logtype>/a>",
    "<md-<mode>>",
    "<HOST>",
    "<F-USER>.*</F-USER>",
    "%%",
    "x",
    "y z",
    "^a$",
    "(?:1|2)",
    "é",
    ";",
    " ; gone",
    " # stays",
    "\n  next",
    "\n\t# gone\n   more",
    "\n\n  far",
    "=",
    ":",
    "[0]",
    "'",
    "\"",
    "\\S+",
    "  ",
];

/// A value: mostly one that can be read.
fn value(random: &mut Random) -> String {
    let count = random.below(5);
    let mut text: String = (0..count).map(|_| *random.pick(PARTS)).collect();
    if random.chance(2) {
        text.push_str(random.pick::<&str>(&["%", "%(nothing)s", "<a", "%(a"]));
    }
    text
}

fn option(random: &mut Random, out: &mut String) {
    let name = if random.chance(45) { *random.pick(OPTIONS) } else { *random.pick(NAMES) };
    let value = match name {
        "maxlines" => (*random.pick(&["1", " 5", "1_0", "+2", "%(d)s"])).to_owned(),
        "usedns" => (*random.pick(&["yes", "No", "raw", "warn"])).to_owned(),
        "logtype" => (*random.pick(&["file", "journal", "short", ""])).to_owned(),
        "mode" => (*random.pick(&["hard", "soft", "<a>"])).to_owned(),
        "d" => (*random.pick(&["3", "7"])).to_owned(),
        "journalmatch" => (*random.pick(&[
            "_A=1",
            "_A=1 _B=2 + _C=3",
            "_A='x y' +",
            "_A=<mode>\n  _D=4",
            "+",
            "_A=%(d)s",
        ]))
        .to_owned(),
        _ => value(random),
    };
    let indent = if random.chance(4) { "  " } else { "" };
    let sign = random.pick(&[" = ", "=", ": ", " : "]);
    let _ = writeln!(out, "{indent}{name}{sign}{value}");
}

fn section(random: &mut Random, out: &mut String, name: &str, least: usize) {
    let _ = writeln!(out, "[{name}]");
    for _ in 0..least + random.below(4) {
        option(random, out);
    }
    if random.chance(20) {
        out.push_str(random.pick::<&str>(&["\n", "# word\n", "; word\n", "  # word\n"]));
    }
}

/// A filter's file. Options that all references lead to are there most of the time.
fn file(random: &mut Random, includes: &[&str], main: bool) -> String {
    let mut out = String::new();
    if random.chance(60) && !includes.is_empty() {
        out.push_str("[INCLUDES]\n");
        for place in ["before", "after"] {
            if random.chance(50) {
                let _ = writeln!(out, "{place} = {}", random.pick(includes));
            }
        }
    }
    if main {
        out.push_str("[DEFAULT]\na = A\nb = B\nc = C\n__pre = P\nmixed = M\nd = 4\n");
        out.push_str("[sec]\na = SA\nb = SB %(a)s\n[lt_file]\na = FA\n[lt_journal]\na = JA\n");
    } else if random.chance(30) {
        section(random, &mut out, "DEFAULT", 0);
    }
    section(random, &mut out, "Definition", 1);
    if main && random.chance(90) && !out.contains("\nfailregex") {
        let (first, second) = (value(random), value(random));
        let _ = writeln!(
            out,
            "failregex = {first}\n  {second}\n  x <HOST>\nmd-hard = {}",
            value(random)
        );
    }
    if random.chance(50) {
        section(random, &mut out, "Init", 0);
    }
    if random.chance(10) {
        section(random, &mut out, "Init?family=inet6", 0);
    }
    out
}

/// A jail that is read with the real actions left out.
fn jail(random: &mut Random, out: &mut String, name: &str) {
    let _ = writeln!(out, "[{name}]\nenabled = {}", random.pick(&["true", "0", "Yes"]));
    let options =
        random.pick(&["", "[mode=hard]", "[a=\"1, 2\", Mixed='3']", "[maxlines=2][failregex=p]"]);
    let _ = writeln!(out, "filter = x{options}");
    let _ = writeln!(out, "backend = {}", random.pick(&["auto", "polling", "systemd"]));
    let _ = writeln!(
        out,
        "logpath = {}",
        random.pick(&[
            "/var/log/a",
            "/var/log/a tail\n  /var/log/*.b",
            "%(log)s\n  /c head",
            "/var/%(__name__)s",
        ])
    );
    for option in ["failregex", "ignoreregex", "datepattern", "prefregex"] {
        if random.chance(15) {
            let own = random.pick(&[
                "%(known/ignoreregex)s",
                "own <HOST>\n   %(log)s",
                "<a>",
                "%(known/a)s",
            ]);
            let _ = writeln!(out, "{option} = {own}");
        }
    }
    if random.chance(20) {
        let _ = writeln!(out, "maxlines = {}", random.pick(&["3", "%(maxretry)s"]));
    }
}

fn write(folder: &Path, random: &mut Random) {
    let filters = folder.join("filter.d");
    std::fs::create_dir_all(&filters).expect("make a folder");
    let put =
        |name: &str, text: String| std::fs::write(folder.join(name), text).expect("write a file");
    put(
        "filter.d/x.conf",
        file(random, &["y.conf", "z.conf", "y.conf\n  z.conf", "gone.local"], true),
    );
    put("filter.d/y.conf", file(random, &["z.conf"], false));
    put("filter.d/z.conf", file(random, &[], false));
    if random.chance(40) {
        put("filter.d/x.local", file(random, &["z.conf"], false));
    }
    if random.chance(15) {
        put("filter.d/y.local", file(random, &[], false));
    }
    if random.chance(20) {
        std::fs::create_dir(filters.join("x.d")).expect("make a folder");
        put("filter.d/x.d/a.conf", file(random, &[], false));
    }
    let mut jails =
        "[DEFAULT]\nlog = /var/log/l\nmaxretry = 5\naction =\nusedns = warn\n".to_owned();
    jail(random, &mut jails, "one");
    jail(random, &mut jails, "two");
    put("jail.conf", jails);
    if random.chance(50) {
        put(
            "jail.local",
            "[one]\nlogpath = /var/local %(known/nothing)s\n".replace(" %(known/nothing)s", ""),
        );
    }
}

#[test]
fn generated_configurations_come_to_the_same_or_are_refused_by_both() {
    let dir = Dir::in_memory();
    let mut random = Random(7);
    let mut asked: Vec<(Value, String)> = Vec::new();
    for number in 0..FOLDERS {
        let folder = dir.path().join(number.to_string());
        write(&folder, &mut random);
        let directory = folder.to_str().expect("UTF-8").to_owned();
        for (options, written) in
            [(json!({}), ""), (json!({ "mode": "hard", "b": "1" }), "[mode=hard,b=1]")]
        {
            let backend = *random.pick(&["auto", "systemd"]);
            let question = json!({ "filter": "x", "options": options, "backend": backend, "directory": directory });
            asked.push((question, format!("{directory}/filter.d/x.conf{written}")));
        }
        for jail in ["one", "two"] {
            asked.push((json!({ "jail": jail, "directory": directory }), directory.clone()));
        }
    }
    let questions: Vec<Value> = asked.iter().map(|(question, _)| question.clone()).collect();
    let (mut same, mut refused) = (0, 0);
    let mut differ = Vec::new();
    for ((question, path), answer) in asked.iter().zip(ask(&questions)) {
        let ours = match question["jail"].as_str() {
            Some(jail) => read_jail(&dir, path, jail),
            None => read_filter(path, question["backend"] == "systemd"),
        };
        let Some(answer) = expected(question, answer) else {
            if ours.get("error").is_none() {
                differ.push(format!("{question}: refused, and read here as {ours}"));
            }
            refused += 1;
            continue;
        };
        if ours["error"]
            .as_str()
            .is_some_and(|error| error.contains("[fail2ban-bad-value]: `maxlines`"))
        {
            refused += 1; // which the real one leaves out with a word in its log
            continue;
        }
        if ours != answer {
            differ.push(format!("{question}\nhere: {ours:#}\nthere: {answer:#}"));
        }
        same += 1;
    }
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ.join("\n\n"));
    assert!(same > FOLDERS && refused > 20, "{same} same, {refused} refused");
}

/// What we are to read; `None` where it is to be refused.
fn expected(question: &Value, answer: Value) -> Option<Value> {
    let mut answer = said(answer);
    if answer.get("error").is_some() || answer["failregex"] == json!([]) {
        return None;
    }
    let term = |term: &Value| {
        let field = term.as_str().expect("a term").split('=').next().unwrap_or_default().to_owned();
        field.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let alternatives = answer["journalmatch"].as_array().expect("a list").iter();
    let terms = alternatives.flat_map(|terms| terms.as_array().expect("a list").iter());
    if !terms.into_iter().all(term) {
        // the journal refuses the field as soon as it is asked for
        let journal = question["backend"] == "systemd"
            || answer["logpath"] == json!([]) && question.get("jail").is_some();
        if journal {
            return None;
        }
        answer["journalmatch"] = json!([]);
    }
    let word = answer["usedns"].as_str().expect("a word").to_lowercase();
    let known = ["yes", "warn", "no", "raw"].contains(&word.as_str());
    answer["usedns"] = json!(if known { word } else { "no".to_owned() });
    if question.get("filter").is_some() {
        answer.as_object_mut().expect("an answer").remove("logpath");
    } else if answer["logpath"] != json!([]) {
        answer["logpath"] = paths(&answer);
        answer["journalmatch"] = json!([]);
    }
    Some(answer)
}
