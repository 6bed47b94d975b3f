//! The commands of ucspi-tcp and cdb: the ancestors' and ours, by one script, byte for byte.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "ucspi/hostile.rs"]
mod hostile;
#[path = "ucspi/texts.rs"]
mod texts;

use portreeve_testkit::{Answer, Batch, Dir, Question};
use portreeve_tests::{Random, houses};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run gave.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn run(program: &Path, arguments: &[&str], input: &[u8]) -> Told {
    run_for(program, arguments, input, &[])
}

fn run_for(program: &Path, arguments: &[&str], input: &[u8], peer: &[(&str, &str)]) -> Told {
    let mut command = Command::new(program);
    for name in ["TCPREMOTEIP", "TCPREMOTEHOST", "TCPREMOTEINFO"] {
        command.env_remove(name);
    }
    command.args(arguments).envs(peer.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start it");
    let mut stdin = child.stdin.take().expect("a pipe");
    let _ = stdin.write_all(input); // one that fails at once reads nothing
    drop(stdin);
    let output = child.wait_with_output().expect("wait for it");
    Told {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What the ancestor says; our hints beside it, which it has none of, are left out.
fn without_hints(text: &str) -> String {
    let hint =
        |line: &str| line.starts_with("tcprules: warning: ") || line.starts_with("tcprules: line ");
    text.split_inclusive('\n').filter(|line| !hint(line)).collect()
}

/// Makes a database of this text with both; whether they took it.
fn both_make(houses: &[PathBuf; 2], dir: &Path, rules: &[u8]) -> bool {
    let (place, beside) = (dir.join("rules.cdb"), dir.join("rules.tmp"));
    let arguments = [&*text(&place), &text(&beside)];
    let [theirs, ours] = houses.each_ref().map(|house| {
        let _ = fs::remove_file(&place);
        let mut told = run(&house.join("tcprules"), &arguments, rules);
        told.err = without_hints(&told.err);
        (told, fs::read(&place).ok())
    });
    assert_eq!(theirs, ours, "{}", String::from_utf8_lossy(rules));
    theirs.1.is_some()
}

/// So many texts lie in a folder at a time.
const CHUNK: usize = 2000;

/// So many texts are also put to both commands started anew for each.
const ALONE: usize = 60;

/// A folder for the texts, one for what each house makes of them, and their commands.
struct Stage {
    dir: Dir,
    batch: Batch,
    houses: [PathBuf; 2],
}

impl Stage {
    fn new() -> Self {
        let dir = Dir::new();
        let houses = houses(dir.path());
        let batch = Batch::new(dir.path());
        Self { dir, batch, houses }
    }

    /// Writes the texts, and makes the houses' folders empty.
    fn lay_out(&self, texts: &[Vec<u8>]) {
        for name in ["in", "theirs", "ours"] {
            let _ = fs::remove_dir_all(self.dir.path().join(name));
            fs::create_dir(self.dir.path().join(name)).expect("make a folder");
        }
        for (number, text) in texts.iter().enumerate() {
            fs::write(self.input(number), text).expect("write");
        }
    }

    fn input(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("in/{number}"))
    }

    /// What a house made of a text.
    fn made(&self, house: &str, number: usize) -> Option<Vec<u8>> {
        fs::read(self.dir.path().join(house).join(format!("{number}.cdb"))).ok()
    }

    /// Both answer, each in its own folder or both in `folder`, each started once.
    fn both(&self, command: &str, folder: Option<&str>, asked: &[Asked]) -> Vec<[Told; 2]> {
        let [theirs, ours]: [Vec<Told>; 2] = std::thread::scope(|scope| {
            let houses = [("theirs", &self.houses[0]), ("ours", &self.houses[1])];
            let running = houses.map(|(name, programs)| {
                let folder = folder.unwrap_or(name);
                scope.spawn(move || self.ask(name, &programs.join(command), folder, asked))
            });
            running.map(|it| it.join().expect("answers"))
        });
        theirs.into_iter().zip(ours).map(|(theirs, ours)| [theirs, ours]).collect()
    }

    fn ask(&self, name: &str, program: &Path, folder: &str, asked: &[Asked]) -> Vec<Told> {
        let command = program.file_name().expect("a name").to_string_lossy().into_owned();
        let question = |asked: &Asked| Question {
            folder: self.dir.path().join(folder),
            input: asked.input.clone(),
            environment: asked.peer.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
            arguments: [vec![command.clone()], asked.arguments.clone()].concat(),
        };
        let questions: Vec<Question> = asked.iter().map(question).collect();
        let mut env = Command::new("/usr/bin/env");
        env.arg("-i");
        let asked = self.batch.ask(&mut env, name, program, &questions);
        assert!(env.status().expect("run env").success());
        let told = |answer: Answer| Told {
            code: (answer.code >= 0).then_some(answer.code),
            out: answer.out,
            err: without_hints(&String::from_utf8_lossy(&answer.err)),
        };
        asked.answers().into_iter().map(told).collect()
    }
}

/// One question to a command.
#[derive(Clone, Debug, Default)]
struct Asked {
    input: PathBuf,
    peer: Vec<(&'static str, String)>,
    arguments: Vec<String>,
}

/// Has a text made into a database by both; those that both took.
fn made_alike(stage: &Stage, command: &str, texts: &[Vec<u8>], is_of_a_row: Row) -> Vec<usize> {
    stage.lay_out(texts);
    let asked = |number| Asked {
        input: stage.input(number),
        peer: Vec::new(),
        arguments: vec![format!("{number}.cdb"), format!("{number}.tmp")],
    };
    let asked: Vec<Asked> = (0..texts.len()).map(asked).collect();
    let mut taken = Vec::new();
    for (number, [theirs, ours]) in stage.both(command, None, &asked).into_iter().enumerate() {
        let text = &texts[number];
        if is_of_a_row(text) {
            continue;
        }
        let shown = String::from_utf8_lossy(text);
        assert_eq!(theirs, ours, "{shown:?}");
        let [theirs, ours] = ["theirs", "ours"].map(|house| stage.made(house, number));
        assert!(theirs == ours, "{shown:?}: {theirs:?} {ours:?}");
        taken.extend(theirs.is_some().then_some(number));
    }
    taken
}

/// Whether a text is of a row of docs/ucspi.md that changes what is made of it.
type Row = fn(&[u8]) -> bool;

/// An IPv6 address or prefix: `allow` or `deny` follow a colon that is not the line's first.
fn has_ipv6(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let parts: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let acts = |part: &&[u8]| part.starts_with(b"allow") || part.starts_with(b"deny");
        let first = parts.get(1).is_some_and(acts);
        !line.starts_with(b"#") && !first && parts.iter().skip(2).any(acts)
    })
}

#[test]
fn tcprules_makes_the_same_files_and_tcprulescheck_the_same_decisions() {
    let stage = Stage::new();
    let mut random = Random(0x7cb);
    let (mut taken, mut done, mut decided) = (0, 0, 0);
    while done < texts::sets() {
        let count = CHUNK.min(texts::sets() - done);
        let some: Vec<Vec<u8>> = (0..count).map(|_| texts::rules(&mut random)).collect();
        done += count;
        let made = made_alike(&stage, "tcprules", &some, has_ipv6);
        taken += made.len();
        let mut asked = Vec::new();
        for number in made {
            for _ in 0..3 {
                let (peer, arguments) = (texts::peer(&mut random), vec![format!("{number}.cdb")]);
                asked.push(Asked { input: "/dev/null".into(), peer, arguments });
            }
        }
        let told = stage.both("tcprulescheck", Some("theirs"), &asked);
        decided += told.len();
        for (asked, [theirs, ours]) in asked.iter().zip(&told) {
            let text = || {
                fs::read(stage.input(asked.arguments[0].replace(".cdb", "").parse().unwrap_or(0)))
            };
            assert_eq!(
                theirs,
                ours,
                "{asked:?}: {:?}",
                text().map(|it| String::from_utf8_lossy(&it).into_owned())
            );
        }
    }
    portreeve_tests::figures(&format!("{done} texts, {taken} made, {decided} decisions"));
    assert!(taken * 8 > texts::sets(), "most texts were refused: {taken}");
}

#[test]
fn commands_started_once_answer_as_those_started_each_time() {
    let stage = Stage::new();
    let mut random = Random(0xa10e);
    let some: Vec<Vec<u8>> = (0..ALONE).map(|_| texts::rules(&mut random)).collect();
    stage.lay_out(&some);
    let arguments = |number: usize| vec![format!("{number}.cdb"), format!("{number}.tmp")];
    let asked = |number| Asked {
        input: stage.input(number),
        peer: Vec::new(),
        arguments: arguments(number),
    };
    let asked: Vec<Asked> = (0..ALONE).map(asked).collect();
    let told = stage.both("tcprules", None, &asked);
    for (number, (text, told)) in some.iter().zip(told).enumerate() {
        let alone = stage.houses.each_ref().map(|house| {
            let folder = stage.dir.path().join("alone");
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).expect("make a folder");
            let mut command = Command::new(house.join("tcprules"));
            command.args(arguments(number)).current_dir(&folder);
            let output =
                command.stdin(fs::File::open(stage.input(number)).unwrap()).output().unwrap();
            let err = without_hints(&String::from_utf8_lossy(&output.stderr));
            let told = Told { code: output.status.code(), out: output.stdout, err };
            (told, fs::read(folder.join(format!("{number}.cdb"))).ok())
        });
        let made = ["theirs", "ours"].map(|house| stage.made(house, number));
        let once: [(Told, Option<Vec<u8>>); 2] =
            told.into_iter().zip(made).collect::<Vec<_>>().try_into().unwrap();
        assert!(alone == once, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn the_cookbook_makefile_compiles_its_rules() {
    // what `make` runs for the target `ssh.cdb`, with the text that lets everybody in
    let dir = Dir::new();
    let houses = houses(dir.path());
    assert!(both_make(&houses, dir.path(), b":allow\n"));
    assert!(both_make(&houses, dir.path(), b"192.0.2.:deny\n:allow\n"));
    let place = dir.path().join("rules.cdb");
    let peer = [("TCPREMOTEIP", "192.0.2.7")];
    let check = houses[1].join("tcprulescheck");
    let told = run_for(&check, &[place.to_str().unwrap()], b"", &peer);
    assert_eq!(told.out, b"rule 192.0.2.:\ndeny connection\n");
}

#[test]
fn a_line_that_cannot_count_is_named_and_a_bad_one_keeps_the_old_file() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    let (place, beside) = (dir.path().join("rules.cdb"), dir.path().join("rules.tmp"));
    let arguments = [place.to_str().unwrap(), beside.to_str().unwrap()];
    let told = run(&ours.join("tcprules"), &arguments, b"# who\n1.2.3.4\n1.2.3:deny\n:allow\n");
    assert_eq!(told.code, Some(0));
    assert_eq!(
        told.err,
        "tcprules: warning: line 2: it has no colon and is no rule: `1.2.3.4`\n\
         tcprules: warning: line 3: a prefix ends in a dot: `1.2.3`\n"
    );
    let before = fs::read(&place).unwrap();
    let told = run(&ours.join("tcprules"), &arguments, b"1.2.3.4:deny\n1.2.3.5:oops\n");
    assert_eq!(told.code, Some(100));
    assert_eq!(
        told.err,
        "tcprules: line 2, column 9: `allow` or `deny` must follow a colon at once, in lower case\n\
         tcprules: fatal: unable to parse this line: 1.2.3.5:oops\n"
    );
    assert_eq!(fs::read(&place).unwrap(), before);
}

#[test]
fn files_that_cannot_be_used_are_named_as_by_the_ancestor() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (empty, short, zeros, gone) = (path("empty"), path("short"), path("zeros"), path("no/no"));
    fs::write(&empty, b"").unwrap();
    fs::write(&short, [0; 100]).unwrap();
    fs::write(&zeros, [0; 2048]).unwrap();
    let [empty, short, zeros, gone] = [&empty, &short, &zeros, &gone].map(String::as_str);
    let same = |command: &str, arguments: &[&str], input: &[u8]| {
        let [theirs, ours] = houses.each_ref().map(|house| {
            let mut told = run(&house.join(command), arguments, input);
            // cdb's commands say by which path they were called
            told.err = told.err.replace(&text(house), "");
            told
        });
        assert_eq!(theirs, ours, "{command} {arguments:?}");
    };
    for arguments in [&[][..], &[empty], &[short], &[zeros], &[gone]] {
        same("tcprulescheck", arguments, b"");
    }
    for arguments in [&[][..], &["one"], &[gone, gone], &[gone, zeros]] {
        same("tcprules", arguments, b":allow\n");
        same("cdbmake", arguments, b"+1,1:a->b\n\n");
    }
    for command in ["cdbdump", "cdbstats"] {
        same(command, &["one"], b"");
    }
    for arguments in [&[][..], &[""], &["a", "x"], &["a", "1", "2"]] {
        same("cdbget", arguments, b"");
    }
}

#[test]
fn cdb_files_are_made_dumped_asked_and_counted_alike() {
    let stage = Stage::new();
    let mut random = Random(0xcdb);
    let (mut made, mut done, mut tiny) = (0, 0, 0);
    while done < texts::sets() {
        let count = CHUNK.min(texts::sets() - done);
        let some: Vec<Vec<u8>> = (0..count).map(|_| texts::records(&mut random)).collect();
        done += count;
        let taken = made_alike(&stage, "cdbmake", &some, |_| false);
        made += taken.len();
        // the ancestor seeks in its input, so each is given the file itself
        let ask = |arguments: &[&str]| -> Vec<Asked> {
            let asked = |number: &usize| Asked {
                input: stage.dir.path().join(format!("theirs/{number}.cdb")),
                peer: Vec::new(),
                arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            };
            taken.iter().map(asked).collect()
        };
        let key = *random.pick(&["a", "b", "one", "two", "x\ny", "->", "a17", "nobody"]);
        let skips = [
            "0",
            "1",
            "2",
            "007",
            "99999999999999999999",
            "18446744073709551617",
            "x",
            "-1",
            "",
            "1x",
        ];
        let skip = *random.pick(&skips);
        for (command, arguments) in
            [("cdbdump", &[][..]), ("cdbstats", &[]), ("cdbget", &[key]), ("cdbget", &[key, skip])]
        {
            let told = stage.both(command, Some("theirs"), &ask(arguments));
            for (number, [theirs, ours]) in taken.iter().zip(told) {
                assert_eq!(theirs, ours, "{command} {arguments:?} of {number}");
            }
        }
        tiny += tinycdb(&stage, &taken);
    }
    portreeve_tests::figures(&format!("{done} texts, {made} made, {tiny} of them by tinycdb too"));
    assert!(made * 4 > texts::sets(), "most texts were refused: {made}");
    assert!(tiny * 2 > made, "tinycdb took {tiny} of {made}");
}

/// What tinycdb takes it makes into the same files, and dumps as they were; how many it took.
fn tinycdb(stage: &Stage, taken: &[usize]) -> usize {
    let (tool, mut same) = (Path::new("/usr/bin/cdb"), 0);
    let ask = |arguments: &dyn Fn(usize) -> Vec<String>, dump: bool| {
        let asked = |number: &usize| Asked {
            input: if dump { "/dev/null".into() } else { stage.input(*number) },
            peer: Vec::new(),
            arguments: arguments(*number),
        };
        let asked: Vec<Asked> = taken.iter().map(asked).collect();
        stage.ask("tiny", tool, "ours", &asked)
    };
    let create = |number: usize| {
        let words = ["-c".to_owned(), "-t".to_owned(), format!("{number}.tiny.tmp")];
        [&words[..], &[format!("{number}.tiny")]].concat()
    };
    let created = ask(&create, false);
    let dumped = ask(&|number| vec!["-d".to_owned(), format!("{number}.cdb")], true);
    let as_input = |number: &usize| Asked {
        input: stage.dir.path().join(format!("ours/{number}.cdb")),
        ..Asked::default()
    };
    let files: Vec<Asked> = taken.iter().map(as_input).collect();
    let ours_dumped = stage.ask("ours", &stage.houses[1].join("cdbdump"), "ours", &files);
    for (((number, created), dumped), ours_dumped) in
        taken.iter().zip(created).zip(dumped).zip(ours_dumped)
    {
        let ours = stage.made("ours", *number);
        assert_eq!(dumped, ours_dumped, "{number}");
        if created.code != Some(0) {
            continue;
        }
        let path = stage.dir.path().join(format!("ours/{number}.tiny"));
        assert!(fs::read(path).ok() == ours, "{number}: tinycdb makes another file");
        same += 1;
    }
    same
}
