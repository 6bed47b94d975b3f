//! multilog: any script, on any lines, in folders that any end without warning has left.

use crate::kit::{Case, Kit, SIDES, shown};
use portreeve_testkit::Answer;
use portreeve_tests::{Random, figures};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CASES: usize = 1200;

const PATTERNS: [&str; 14] = [
    "*", "", "a*", "*b", "*a*b", "line *", "* end", "x", "**", "*:*: *", "\u{e9}*", "*two*", "+*",
    "-",
];

const LINES: [&str; 12] = [
    "",
    "a",
    "ab",
    "xabb",
    "line one",
    "the end",
    "a:b: c",
    "x",
    "*",
    "\u{e9}t\u{e9}",
    "@4",
    "line two end",
];

/// Words that are no action: of a row, they are warned about.
const WORDS: [&str; 4] = ["E", "main", "", "T"];

/// A case: what it is asked, and what was there before.
struct Asked {
    script: Vec<String>,
    lines: Vec<u8>,
    /// Files of `log0`: name, content, mode.
    before: Vec<(String, Vec<u8>, u32)>,
    stamped: bool,
    /// Whether nothing that was written may be gone.
    keeps: bool,
}

impl Asked {
    fn new(random: &mut Random) -> Self {
        let (stamped, keeps, processes) = (random.chance(20), random.chance(70), random.chance(8));
        let mut script = Vec::new();
        if stamped {
            script.push((*random.pick(&["t", "tx"])).to_owned());
        }
        script.push(format!("s{}", random.pick(&["4096", "", "0", "5000", "8192", "x"])));
        script.push(format!("n{}", if keeps { "1000" } else { random.pick(&["2", "1", "4", ""]) }));
        if processes {
            script.push("!tr a-z A-Z".to_owned());
        }
        for _ in 0..random.below(6) {
            script.push(match random.below(9) {
                0 | 1 => pattern('-', stamped, random),
                2 | 3 => pattern('+', stamped, random),
                4 => "e".into(),
                5 => "=status".into(),
                6 if random.chance(20) => (*random.pick(&WORDS)).into(),
                _ => format!("./log{}", random.below(3)),
            });
        }
        let before = if random.chance(40) { before(random) } else { Vec::new() };
        Self { script, lines: lines(random), before, stamped, keeps }
    }

    /// The row: words that are no action.
    fn has_no_action(&self) -> bool {
        self.script.iter().any(|word| WORDS.contains(&word.as_str()))
    }

    /// The row: a log that was ended well but has no state, and a processor, which the ancestor then
    /// never runs.
    fn lacks_state(&self) -> bool {
        let left = |wanted: &str| self.before.iter().find(|(name, _, _)| name == wanted);
        let processes = self.script.iter().any(|word| word.starts_with('!'));
        processes && left("current").is_some_and(|it| it.2 == 0o744) && left("state").is_none()
    }
}

/// A pattern. Where lines begin with a moment's label, it begins with what no label can change.
fn pattern(sign: char, stamped: bool, random: &mut Random) -> String {
    let label = if stamped { "@* " } else { "" };
    format!("{sign}{label}{}", random.pick(&PATTERNS))
}

fn lines(random: &mut Random) -> Vec<u8> {
    let mut lines = Vec::new();
    let count = if random.chance(25) { 800 } else { 12 };
    for _ in 0..random.below(count) {
        match random.below(14) {
            0 => lines.extend(std::iter::repeat_n(b'y', 900 + random.below(300))),
            1 => lines.extend(b"\0\r\xff"),
            2 => lines.extend(std::iter::repeat_n(b'z', 190 + random.below(20))),
            3 if random.chance(20) => lines.extend(std::iter::repeat_n(b'w', random.below(9000))),
            _ => lines.extend(random.pick(&LINES).as_bytes()),
        }
        lines.push(b'\n');
    }
    if random.chance(30) {
        lines.extend(b"a part");
    }
    lines
}

/// What another multilog may have left, at whatever moment it was killed; and what is no file of its.
fn before(random: &mut Random) -> Vec<(String, Vec<u8>, u32)> {
    let mut left = Vec::new();
    for (name, percent) in [
        ("current", 80),
        ("previous", 40),
        ("processed", 30),
        ("state", 40),
        ("newstate", 30),
        ("lock", 50),
        ("@400000005000000000000000.s", 30),
        ("@400000005000000000000001.u", 20),
        ("@40000000", 10),
        ("@zzzzzzzzzzzzzzzzzzzzzzzzzzzz", 5),
        ("notes", 10),
    ] {
        if random.chance(percent) {
            let mode = *random.pick(&[0o644, 0o744]);
            let count = if random.chance(20) { 300 } else { 3 };
            left.push((name.to_owned(), format!("{name} before\n").repeat(count).into(), mode));
        }
    }
    left
}

/// A file: content and mode.
type Found = (Vec<u8>, u32);

/// What a case has left: each folder's files by name. Files of the run itself have moments in their
/// names: these are told by their order.
fn found(folder: &Path) -> BTreeMap<String, Found> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let mode = entry.metadata().expect("a file").permissions().mode() & 0o777;
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, (fs::read(entry.path()).expect("a file"), mode))
    };
    entries.map(read).collect()
}

/// A text without the moments that its lines begin with.
fn undated(text: &[u8], stamped: bool) -> Vec<u8> {
    if !stamped {
        return text.to_vec();
    }
    let dated = |line: &&[u8]| {
        line.len() > 25
            && line.starts_with(b"@4")
            && line[25] == b' '
            && line[1..25].iter().all(u8::is_ascii_hexdigit)
    };
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines
        .flat_map(|line| if dated(&line) { [b"@", &line[25..]].concat() } else { line.to_vec() })
        .collect()
}

/// What must be alike of a log: its old files by kind where they cannot hang on the sizes of buffers,
/// all that was written, and the state it is in.
#[derive(Debug, PartialEq, Eq)]
struct Log {
    whole: String,
    rescued: Vec<(String, u32)>,
    others: BTreeMap<String, (String, u32)>,
    current: Option<u32>,
}

fn log(files: &BTreeMap<String, Found>, asked: &Asked) -> Log {
    let old = |name: &str| name.starts_with('@') && name.len() == 27;
    let bytes = |content: &[u8]| {
        let text = undated(content, asked.stamped).to_ascii_uppercase();
        shown(&text)
    };
    let (mut whole, mut rescued) = (String::new(), Vec::new());
    let mut others = BTreeMap::new();
    for (name, (content, mode)) in files {
        match name.as_str() {
            name if old(name) => whole += &bytes(content),
            "current" => {}
            _ => _ = others.insert(name.clone(), (bytes(content), *mode)),
        }
        if old(name) && name.ends_with(".u") {
            rescued.push((bytes(content), *mode));
        }
    }
    let current = files.get("current");
    whole += &current.map(|(content, _)| bytes(content)).unwrap_or_default();
    Log { whole, rescued, others, current: current.map(|(_, mode)| *mode) }
}

fn told(answer: &Answer, asked: &Asked) -> (i32, String) {
    let err = undated(&answer.err, asked.stamped);
    (answer.code, shown(&err))
}

/// The cases of one side, and what was there before.
fn lay_out(kit: &Kit, side: &str, all: &[Asked]) -> Vec<Case> {
    let case = |(number, asked): (usize, &Asked)| {
        let folder = kit.folder(side, number);
        if !asked.before.is_empty() {
            let log = folder.join("log0");
            fs::create_dir(&log).expect("make a folder");
            for (name, content, mode) in &asked.before {
                fs::write(log.join(name), content).expect("write a file");
                let mode = Permissions::from_mode(*mode);
                fs::set_permissions(log.join(name), mode).expect("set a mode");
            }
        }
        fs::write(folder.join("in"), &asked.lines).expect("write the lines");
        let (input, arguments) = (Some(folder.join("in")), asked.script.clone());
        Case { folder, input, arguments, ..Case::default() }
    };
    all.iter().enumerate().map(case).collect()
}

#[test]
fn any_script_sorts_any_lines_alike_and_mends_what_was_left() {
    let kit = Kit::new();
    let mut random = Random(0x0010_96e4);
    let mut all: Vec<Asked> = (0..CASES).map(|_| Asked::new(&mut random)).collect();
    all.retain(|asked| !asked.lacks_state());
    let cases = SIDES.map(|side| lay_out(&kit, side, &all));
    let answers = kit.ask("multilog", &[], [&cases[0], &cases[1]]);
    let (mut rotated, mut mended, mut rows) = (0, 0, 0);
    for (number, (asked, [theirs, mut ours])) in all.iter().zip(answers).enumerate() {
        let text = format!("case {number}: {:?} {:?}", asked.script, asked.before.len());
        if asked.has_no_action() {
            rows += 1;
            let warned = |line: &&[u8]| !line.starts_with(b"multilog: warning: ");
            let lines = ours.err.split_inclusive(|byte| *byte == b'\n');
            ours.err = lines.filter(warned).flatten().copied().collect();
        }
        assert_eq!(told(&theirs, asked), told(&ours, asked), "{text}");
        let status = SIDES.map(|side| {
            let file = fs::read(kit.folder(side, number).join("status")).ok();
            file.map(|file| shown(&undated(&file, asked.stamped)))
        });
        assert_eq!(status[0], status[1], "{text}");
        for name in ["log0", "log1", "log2"] {
            let files = SIDES.map(|side| found(&kit.folder(side, number).join(name)));
            let [theirs, ours] = [&files[0], &files[1]].map(|files| log(files, asked));
            let old = |files: &BTreeMap<String, Found>| {
                files.keys().filter(|name| name.starts_with('@') && name.len() >= 25).count()
            };
            rotated += usize::from(files[1].keys().any(|name| name.ends_with(".s")));
            mended += usize::from(!ours.rescued.is_empty());
            if asked.keeps {
                assert_eq!(theirs, ours, "{text} {name}");
                continue;
            }
            // how many files are gone hangs on where each began: what is left is the end of all
            let (long, short) = match theirs.whole.len() >= ours.whole.len() {
                true => (&theirs.whole, &ours.whole),
                false => (&ours.whole, &theirs.whole),
            };
            let alien = asked.before.iter().any(|(name, _, _)| name.starts_with("@zz"));
            assert!(alien || long.ends_with(short.as_str()), "{text} {name}: {long}\n{short}");
            assert_eq!((&theirs.others, theirs.current), (&ours.others, ours.current), "{text}");
            let rotates = files[1].keys().any(|name| {
                name.ends_with(".s") && !asked.before.iter().any(|(before, _, _)| before == name)
            });
            let most = asked.script.iter().find_map(|word| word.strip_prefix('n')).unwrap_or("");
            let most = most.parse::<usize>().unwrap_or(2).max(2) - 1;
            assert!(!rotates || (old(&files[0]) <= most && old(&files[1]) <= most), "{text}");
        }
    }
    figures(&format!(
        "multilog: {CASES} scripts, {rotated} logs turned, {mended} mended, {rows} of the row"
    ));
    assert!(rotated > CASES / 20 && mended > CASES / 20, "{rotated} {mended}");
}
