//! The commands of ucspi-tcp and cdb: the ancestors' and ours, by one script, byte for byte.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "ucspi/texts.rs"]
mod texts;

use portreeve_testkit::{Dir, bin_dir};
use portreeve_tests::Random;
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

/// The ancestors' commands, and ours.
fn houses(dir: &Path) -> [PathBuf; 2] {
    let ours = dir.join("bin");
    fs::create_dir(&ours).expect("make a folder");
    let made = run(&bin_dir().join("portreeve-tools"), &["install", &text(&ours)], b"");
    assert_eq!(made.code, Some(0), "{}", made.err);
    ["/usr/bin".into(), ours]
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

#[test]
fn tcprules_makes_the_same_files_and_tcprulescheck_the_same_decisions() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let place = dir.path().join("rules.cdb");
    let mut random = Random(0x7cb);
    let mut taken = 0;
    for _ in 0..texts::sets() {
        if !both_make(&houses, dir.path(), &texts::rules(&mut random)) {
            continue;
        }
        taken += 1;
        for _ in 0..4 {
            let peer = texts::peer(&mut random);
            let arguments = [place.to_str().unwrap()];
            let [theirs, ours] = houses
                .each_ref()
                .map(|house| run_for(&house.join("tcprulescheck"), &arguments, b"", &peer));
            assert_eq!(theirs, ours, "{peer:?}");
        }
    }
    assert!(taken * 8 > texts::sets(), "most texts were refused: {taken}");
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
    let dir = Dir::new();
    let houses = houses(dir.path());
    let (place, beside) = (dir.path().join("a.cdb"), dir.path().join("a.tmp"));
    let arguments = [place.to_str().unwrap(), beside.to_str().unwrap()];
    let mut random = Random(0xcdb);
    let mut made = 0;
    for _ in 0..texts::sets() {
        let text = texts::records(&mut random);
        let [theirs, ours] = houses.each_ref().map(|house| {
            let _ = fs::remove_file(&place);
            (run(&house.join("cdbmake"), &arguments, &text), fs::read(&place).ok())
        });
        assert_eq!(theirs, ours, "{}", String::from_utf8_lossy(&text));
        let Some(file) = theirs.1 else { continue };
        made += 1;
        // the ancestor seeks in its input, so each is given the file itself
        for (command, arguments) in
            [("cdbdump", &[][..]), ("cdbstats", &[]), ("cdbget", &["a"]), ("cdbget", &["b", "1"])]
        {
            let [theirs, ours] = houses.each_ref().map(|house| {
                let input = fs::File::open(&place).unwrap();
                let mut command = Command::new(house.join(command));
                let output = command.args(arguments).stdin(input).output().unwrap();
                (output.status.code(), output.stdout, output.stderr)
            });
            assert_eq!(theirs, ours, "{command} {arguments:?} of {} bytes", file.len());
        }
    }
    assert!(made * 4 > texts::sets(), "most texts were refused: {made}");
}
