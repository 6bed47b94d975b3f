//! tcpdmatch, the ancestor's and ours, asked about rules in a private host.

use crate::texts::{HOSTS, LISTS, Set};
use portreeve_testkit::{Answer, Batch, Question, World, poll_for};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(crate) const LIMIT: Duration = Duration::from_secs(600);

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
pub(crate) const LOOP: &str = "a link to itself";

/// What one said about one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Lines about the ends and the verdict, and the exit code.
    pub(crate) ends: Vec<String>,
    /// Which rule, and what it has done.
    pub(crate) trace: Vec<String>,
}

/// A private host with the names, lists and programs that the sets speak of.
pub(crate) fn world() -> World {
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
pub(crate) fn both(world: &World, sets: &[Set]) -> Vec<Vec<[Told; 2]>> {
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

/// What the ancestor says of every peer of its sets, and ours of every peer of ours, each started
/// once.
pub(crate) fn at_once(
    world: &World,
    batch: &Batch,
    theirs: &[Set],
    ours: &[Set],
) -> Vec<Vec<[Told; 2]>> {
    let counts: Vec<usize> = ours.iter().map(|set| set.peers.len()).collect();
    let asked = [("theirs", "/usr/sbin/tcpdmatch", theirs), ("ours", "/run/ours/tcpdmatch", ours)]
        .map(|(name, program, sets)| (name, program, questions(world, name, sets)));
    let ask = |name: &str, program: &str, questions: &[Question]| -> Vec<Told> {
        let mut env = world.door("/usr/bin/env");
        let asked = batch.ask(&mut env, name, Path::new(program), questions);
        let output = world.run(env, LIMIT);
        assert!(output.status.success(), "{output:?}");
        asked.answers().iter().map(Told::new).collect()
    };
    let [theirs, ours]: [Vec<Told>; 2] = std::thread::scope(|scope| {
        let ask = &ask;
        let running = asked.each_ref().map(|(name, program, questions)| {
            let (first, second) = questions.split_at(questions.len() / 2);
            [("a", first), ("b", second)].map(|(half, questions)| {
                scope.spawn(move || ask(&format!("{name}-{half}"), program, questions))
            })
        });
        running
            .map(|halves| halves.into_iter().flat_map(|it| it.join().expect("answers")).collect())
    });
    let mut both = theirs.into_iter().zip(ours).map(|(theirs, ours)| [theirs, ours]);
    counts.into_iter().map(|count| both.by_ref().take(count).collect()).collect()
}

/// What is asked about these sets, which are laid out in the private host's memory: on a disk their
/// files would take most of the time.
fn questions(world: &World, name: &str, sets: &[Set]) -> Vec<Question> {
    let inside = Path::new("/run/sets").join(name);
    let outside = format!("/proc/{}/root{}", world.door_pid(), inside.display());
    let names = lay_out(Path::new(&outside), sets);
    let inetd = world.dir().join("inetd.conf");
    fs::write(&inetd, "").expect("write");
    let inetd = inetd.display().to_string();
    let question = |name: &str, daemon: &str, client: &str| Question {
        folder: inside.join(name),
        input: "/dev/null".into(),
        environment: Vec::new(),
        arguments: ["tcpdmatch", "-d", "-i", &inetd, daemon, client].map(str::to_owned).to_vec(),
    };
    let of = |(name, set): (&String, &Set)| -> Vec<Question> {
        set.peers.iter().map(|(daemon, client)| question(name, daemon, client)).collect()
    };
    names.iter().zip(sets).flat_map(of).collect()
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
pub(crate) fn traces(world: &World) -> BTreeMap<String, Vec<String>> {
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
