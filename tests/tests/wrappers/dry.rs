//! tcpdmatch, the ancestor's and ours.

use crate::table::{ROWS, rows};
use crate::texts::{HOSTS, LISTS, Set, set, sets};
use portreeve_testkit::{Answer, Batch, Question, World, poll_for};
use portreeve_tests::Random;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// So many sets lie in a folder at a time.
const CHUNK: usize = 2000;

/// So many sets are also put to both programs started anew for each question.
const ALONE: usize = 100;

const LIMIT: Duration = Duration::from_secs(600);

/// $1: the folder with the sets; $2: a command; $3: where its answers go; $4: `tag` to have it named
/// by set and peer, by which its lines in the system log are known. After each answer stands whose
/// it is, and the exit code.
const SCRIPT: &str = r#"
cd "$1"
for set in *; do
	cd "$set"
	number=0
	while IFS='	' read -r daemon client; do
		name=$2
		[ "$4" = own ] || name=$set.$number
		(exec -a "$name" "$2" -d -i ../../inetd.conf "$daemon" "$client" </dev/null >>"$3" 2>/dev/null)
		echo "=== $set.$number $?" >>"$3"
		number=$((number + 1))
	done <peers
	cd ..
done
"#;

/// Stands for a file that cannot be opened, by root either: a link to itself.
const LOOP: &str = "a link to itself";

/// What one said about one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    /// Lines about the ends and the verdict, and the exit code.
    ends: Vec<String>,
    /// Which rule, and what it has done.
    trace: Vec<String>,
}

/// A private host with the names, lists and programs that the sets speak of.
fn world() -> World {
    let world = World::new();
    fs::write(world.etc("hosts"), HOSTS).expect("write the names");
    for (path, text) in LISTS {
        world.write(path, text);
    }
    world.write("/run/banners/other", "hello\n");
    world.door_run(&["mkdir", "-p", "/run/ours"]);
    let tools = world.bin("portreeve-tools");
    world.door_run(&[&tools.display().to_string(), "install", "/run/ours"]);
    world
}

/// Writes the sets into folders, one each, and returns their names.
fn lay_out(dir: &Path, sets: &[Set]) -> Vec<String> {
    let _ = fs::remove_dir_all(dir);
    let write = |(number, set): (usize, &Set)| {
        let name = format!("{number:06}");
        let place = dir.join(&name);
        fs::create_dir_all(&place).expect("make a folder");
        let peers: String =
            set.peers.iter().map(|(daemon, client)| format!("{daemon}\t{client}\n")).collect();
        for (name, text) in
            [("hosts.allow", &set.allow), ("hosts.deny", &set.deny), ("peers", &peers)]
        {
            if text == LOOP {
                std::os::unix::fs::symlink(name, place.join(name)).expect("make a link");
            } else {
                fs::write(place.join(name), text).expect("write");
            }
        }
        name
    };
    sets.iter().enumerate().map(write).collect()
}

/// What both say of every peer of every set, each time started anew.
fn both(world: &World, sets: &[Set]) -> Vec<Vec<[Told; 2]>> {
    let dir = world.dir().join("sets");
    fs::write(world.dir().join("inetd.conf"), "").expect("write");
    lay_out(&dir, sets);
    let commands = [("/usr/sbin/tcpdmatch", "tag"), ("/run/ours/tcpdmatch", "own")];
    let answers = commands.map(|(command, named)| {
        let out = world.dir().join(format!("answers{}", command.replace('/', "-")));
        let _ = fs::remove_file(&out);
        let mut script = world.door("bash");
        script.args(["-c", SCRIPT, "sets"]).arg(&dir).arg(command).arg(&out).arg(named);
        assert!(world.run(script, LIMIT).status.success());
        String::from_utf8_lossy(&fs::read(&out).expect("read the answers")).into_owned()
    });
    let [theirs, ours] = answers.map(|text| parsed(&text));
    let traces = traces(world);
    assert_eq!(theirs.len(), ours.len());
    let mut all = theirs.into_iter().zip(ours).map(|((name, mut theirs), (_, ours))| {
        theirs.trace = traces.get(&name).cloned().unwrap_or_default();
        [theirs, ours]
    });
    sets.iter().map(|set| all.by_ref().take(set.peers.len()).collect()).collect()
}

/// What both say of every peer of every set, each started once.
fn both_at_once(world: &World, batch: &Batch, sets: &[Set]) -> Vec<Vec<[Told; 2]>> {
    // in the private host's memory: files of their own for each set are what takes most of the time
    let inside = Path::new("/run/sets");
    let numbered =
        lay_out(&PathBuf::from(format!("/proc/{}/root/run/sets", world.door_pid())), sets);
    let places = numbered.iter().map(|name| inside.join(name));
    let inetd = world.dir().join("inetd.conf");
    fs::write(&inetd, "").expect("write");
    let inetd = inetd.display().to_string();
    let question = |place: &Path, daemon: &str, client: &str| Question {
        folder: place.to_owned(),
        input: "/dev/null".into(),
        environment: Vec::new(),
        arguments: ["tcpdmatch", "-d", "-i", &inetd, daemon, client].map(str::to_owned).to_vec(),
    };
    let questions: Vec<Question> = places
        .zip(sets)
        .flat_map(|(place, set)| {
            let of = |(daemon, client): &(String, String)| question(&place, daemon, client);
            set.peers.iter().map(of).collect::<Vec<_>>()
        })
        .collect();
    let ask = |name: &str, program: &str, questions: &[Question]| -> Vec<Told> {
        let mut env = world.door("/usr/bin/env");
        let asked = batch.ask(&mut env, name, Path::new(program), questions);
        let output = world.run(env, LIMIT);
        assert!(output.status.success(), "{output:?}");
        asked.answers().iter().map(Told::new).collect()
    };
    let (first, second) = questions.split_at(questions.len() / 2);
    let told = std::thread::scope(|scope| {
        let ask = &ask;
        let asked = [("theirs", "/usr/sbin/tcpdmatch"), ("ours", "/run/ours/tcpdmatch")].map(
            |(name, program)| {
                [("a", first), ("b", second)].map(|(half, questions)| {
                    scope.spawn(move || ask(&format!("{name}-{half}"), program, questions))
                })
            },
        );
        asked.map(|halves| halves.into_iter().flat_map(|it| it.join().expect("answers")).collect())
    });
    let [theirs, ours]: [Vec<Told>; 2] = told;
    let mut all = theirs.into_iter().zip(ours).map(|(theirs, ours)| [theirs, ours]);
    sets.iter().map(|set| all.by_ref().take(set.peers.len()).collect()).collect()
}

impl Told {
    /// From what it said, or sent to the system log.
    fn new(answer: &Answer) -> Self {
        let mut told = Self::default();
        let said = String::from_utf8_lossy(&answer.out).into_owned();
        let logged = String::from_utf8_lossy(&answer.log).into_owned();
        for line in logged.lines().filter(|line| is_trace(line)).chain(said.lines()) {
            told.take(line);
        }
        told.ends.push(format!("code {}", answer.code));
        told
    }

    fn take(&mut self, line: &str) {
        if is_trace(line) {
            self.trace.push(line.trim_end().to_owned());
        } else if !line.starts_with("warning: ") && !line.starts_with("error: ") {
            self.ends.push(line.to_owned());
        }
    }
}

/// Answers, each with its set and peer.
fn parsed(text: &str) -> Vec<(String, Told)> {
    let mut all = Vec::new();
    let mut told = Told::default();
    for line in text.lines() {
        if let Some((name, code)) = line.strip_prefix("=== ").and_then(|it| it.split_once(' ')) {
            told.ends.push(format!("code {code}"));
            all.push((name.to_owned(), std::mem::take(&mut told)));
        } else {
            told.take(line);
        }
    }
    all
}

fn is_trace(line: &str) -> bool {
    line.starts_with("matched: ") || line.starts_with("option: ")
}

/// What the ancestor sent to the system log, by set and peer. It is complete when a line that is
/// written behind it has come.
fn traces(world: &World) -> BTreeMap<String, Vec<String>> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mark = format!("everything-{}-is-said", NEXT.fetch_add(1, Ordering::Relaxed));
    world.door_run(&["logger", "--socket-errors=on", &mark]);
    let lines = poll_for(Duration::from_secs(60), "the end of the log", || {
        let lines = world.syslog();
        lines.iter().any(|line| line.contains(&mark)).then_some(lines)
    });
    let mut traces: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &lines {
        let Some((head, text)) = line.split_once(": ") else { continue };
        let name = head.rsplit(' ').next().unwrap_or_default();
        if is_trace(text) {
            traces.entry(name.to_owned()).or_default().push(text.trim_end().to_owned());
        }
    }
    traces
}

#[test]
fn every_row_stands_in_the_book() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wrappers.md");
    let book = fs::read_to_string(book).expect("read the book");
    for (row, _) in ROWS {
        assert!(book.contains(&format!("\n| {row} | ")), "{row}");
    }
}

type Mended = (&'static str, &'static str, &'static str, [&'static str; 2], [&'static str; 2]);

/// For each row, rules of it; the daemon is `sshd`. What the ancestor says and what is said here, of
/// 192.0.2.10 and of 2001:db8::10.
const MENDED: &[Mended] = &[
    ("a last line without a line feed", "", "ALL: 10.", ["denied"; 2], ["granted"; 2]),
    ("a last line without a line feed", "", "ALL: ALL \\\n", ["denied"; 2], ["denied"; 2]),
    ("a last line without a line feed", "ALL: ALL", "ALL: ALL\n", ["denied"; 2], ["granted"; 2]),
    ("a line of 2047 bytes or more", "", "LONG\n", ["denied"; 2], ["granted"; 2]),
    ("an indented `#`", "", "  # sshd: ALL\n", ["denied"; 2], ["granted"; 2]),
    (
        "a comment that ends in a backslash",
        "",
        "# x \\\nsshd: ALL\n",
        ["granted"; 2],
        ["denied"; 2],
    ),
    ("a bracket without its other", "ALL: [::1 ALL : deny\n", "", ["granted"; 2], ["denied"; 2]),
    ("a bracket without its other", "ALL: 1] ALL : deny\n", "", ["granted"; 2], ["denied"; 2]),
    (
        "an IPv6 address outside brackets",
        "",
        "sshd: 2001:db8::10\n",
        ["granted"; 2],
        ["granted", "denied"],
    ),
    (
        "an IPv6 address outside brackets",
        "",
        "sshd: 192.0.2.10 2001:db8::/32 : severity info\n",
        ["denied", "granted"],
        ["denied"; 2],
    ),
    (
        "a prefix length or mask that is none",
        "",
        "sshd: 10.0.0.0/33\n",
        ["granted"; 2],
        ["denied", "granted"],
    ),
    (
        "a prefix length or mask that is none",
        "sshd: [fe80::]/abc\n",
        "ALL: ALL\n",
        ["denied", "granted"],
        ["denied"; 2],
    ),
    (
        "a net with bits outside its mask",
        "",
        "sshd: 192.0.2.77/24\n",
        ["granted"; 2],
        ["denied", "granted"],
    ),
    ("`/0` and 255.255.255.255", "", "sshd: 0.0.0.0/0\n", ["granted"; 2], ["denied", "granted"]),
    (
        "`/0` and 255.255.255.255",
        "",
        "sshd: 192.0.2.10/255.255.255.255\n",
        ["granted"; 2],
        ["denied", "granted"],
    ),
];

#[test]
fn every_row_is_mended_as_the_book_says() {
    let peers = ["192.0.2.10", "2001:db8::10"].map(|peer| ("sshd".to_owned(), peer.to_owned()));
    let long = format!("sshd: {}", "192.0.2.99 ".repeat(200));
    let set = |allow: &str, deny: &str| Set {
        allow: allow.to_owned(),
        deny: deny.replace("LONG", &long),
        peers: peers.to_vec(),
    };
    let sets: Vec<Set> = MENDED.iter().map(|(_, allow, deny, ..)| set(allow, deny)).collect();
    for ((row, _, _, theirs, ours), (set, told)) in
        MENDED.iter().zip(sets.iter().zip(both(&world(), &sets)))
    {
        assert!(rows(set).contains(row), "{row}: {set:?}");
        let said = |who: usize| {
            let access = |told: &[Told; 2]| told[who].ends.iter().rev().nth(1).cloned();
            told.iter().map(access).collect::<Option<Vec<_>>>().expect("a verdict")
        };
        let want = |all: &[&str; 2]| all.map(|one| format!("access:   {one}")).to_vec();
        assert_eq!((said(0), said(1)), (want(theirs), want(ours)), "{row}: {set:?}");
    }
    for (row, _) in ROWS {
        assert!(MENDED.iter().any(|mended| mended.0 == *row), "{row}");
    }
}

#[test]
fn files_that_cannot_be_read_let_nobody_in() {
    let peers = vec![("sshd".to_owned(), "192.0.2.10".to_owned())];
    let looped = format!("ALL: {LOOPED}\n");
    let cases = [
        // hosts.allow, hosts.deny, the ancestor's verdict, ours
        (LOOP, "", "granted", "denied"),
        (LOOP, "ALL: ALL\n", "denied", "denied"),
        ("", LOOP, "denied", "denied"),
        ("ALL: ALL\n", LOOP, "granted", "granted"),
        ("", &looped, "granted", "denied"),
        (&looped, "ALL: ALL\n", "denied", "denied"),
        ("", "ALL: ALL EXCEPT /run/lists/none\n", "denied", "denied"),
    ];
    let world = world();
    world.door_run(&["ln", "-s", LOOPED, LOOPED]);
    let sets: Vec<Set> = cases
        .iter()
        .map(|(allow, deny, ..)| Set {
            allow: (*allow).to_owned(),
            deny: (*deny).to_owned(),
            peers: peers.clone(),
        })
        .collect();
    for ((set, case), told) in sets.iter().zip(&cases).zip(both(&world, &sets)) {
        let said = told[0].each_ref().map(|one| one.ends.iter().rev().nth(1).cloned());
        let want = [case.2, case.3].map(|it| Some(format!("access:   {it}")));
        assert_eq!(said, want, "{set:?}");
    }
}

/// A list that cannot be opened.
const LOOPED: &str = "/run/lists/loop";

#[test]
fn tcpdchk_says_what_its_ancestor_says() {
    let world = world();
    let dir = world.dir().join("check");
    fs::create_dir(&dir).expect("make a folder");
    let allow = "@sshd /sshd .sshd sshd. KNOWN LOCAL: ALL\nFAIL: 192.0.2.10\n\
        sshd: @users@ALL .joe@ALL joe.@ALL LOCAL@ALL .2.10 foo. nobody.invalid alias.other.org\n\
        sshd: two.example.com 192.0.2.0/33 : severity loud\n\
        sshd: ALL : spawn\nsshd: ALL : allow : deny\nsshd:\nEXCEPT sshd: ALL\nsshd ALL\n";
    fs::write(dir.join("hosts.allow"), allow).expect("write");
    fs::write(dir.join("hosts.deny"), "ALL: ALL : nice x\nALL: ALL").expect("write");
    fs::write(dir.join("inetd.conf"), "a stream tcp nowait root /bin/sh sshd\nbar stream\n")
        .expect("write");
    let script = "cd \"$1\"; shift; exec \"$@\"";
    let run = |command: &str| {
        let mut shell = world.door("sh");
        shell.args(["-c", script, "sh"]).arg(&dir);
        shell.args([command, "-d", "-a", "-i", "inetd.conf"]);
        String::from_utf8_lossy(&world.run(shell, LIMIT).stdout).into_owned()
    };
    run("/usr/sbin/tcpdchk");
    let ours = run("/run/ours/tcpdchk");
    traces(&world);
    let mut looked = 0;
    for line in world.syslog() {
        let Some((_, text)) = line.split_once("tcpdchk: ") else { continue };
        // the ancestor counts the line that it drops as none
        let text = text
            .replace("hosts.deny, line 1: missing newline", "hosts.deny, line 2: missing newline");
        looked += 1;
        // ours may say more behind it
        assert!(ours.contains(&text), "{text}\nis not in\n{ours}");
    }
    assert!(looked > 20, "the ancestor said {looked} things");
}

#[test]
fn a_program_started_once_answers_as_one_started_each_time() {
    let mut random = Random(0xa10e);
    let some: Vec<Set> = (0..ALONE).map(|_| set(&mut random)).collect();
    let world = world();
    let batch = Batch::new(world.dir());
    assert_eq!(both_at_once(&world, &batch, &some), both(&world, &some));
}

#[test]
fn generated_rules_are_decided_alike_or_stand_in_the_table() {
    let total = sets();
    let mut random = Random(0x7c9d);
    let (mut plain, mut done, mut granted) = (0, 0, 0);
    let mut wrong = Vec::new();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let world = world();
    let batch = Batch::new(world.dir());
    while done < total {
        let some: Vec<Set> = (0..CHUNK.min(total - done)).map(|_| set(&mut random)).collect();
        done += some.len();
        for (set, told) in some.iter().zip(both_at_once(&world, &batch, &some)) {
            let rows = rows(set);
            plain += usize::from(rows.is_empty());
            rows.iter().for_each(|row| *met.entry(row).or_default() += 1);
            for (peer, [theirs, ours]) in set.peers.iter().zip(&told) {
                granted += usize::from(theirs.ends.iter().any(|it| it.ends_with("granted")));
                if rows.is_empty() && theirs != ours && wrong.len() < 6 {
                    wrong.push(format!("{set:#?}\n{peer:?}\n{theirs:#?}\n{ours:#?}"));
                }
            }
        }
    }
    portreeve_tests::figures(&format!("{total} sets, {plain} of no row, and {met:?}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(plain * 10 > total * 6, "too few sets are of no row: {plain} of {total}");
    assert!(
        (total * 3 / 4..total * 9 / 4).contains(&granted),
        "one-sided: {granted} of {} granted",
        total * 3
    );
}
