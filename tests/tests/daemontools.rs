//! The small commands of daemontools, and those of ucspi-tcp that stand beside them: the ancestors'
//! and ours, by one script.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, poll_for};
use portreeve_tests::{Random, SOON};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run gave.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    signal: Option<i32>,
    out: Vec<u8>,
    err: String,
}

/// The ancestors' commands, and ours.
struct Houses([PathBuf; 2]);

impl Houses {
    fn new(dir: &Path) -> Self {
        Self(portreeve_tests::houses(dir))
    }

    /// Runs a command of each house; what both gave.
    fn both(&self, name: &str, prepare: impl Fn(&mut Command), input: &[u8]) -> [Told; 2] {
        self.0.each_ref().map(|house| {
            let mut command = Command::new(house.join(name));
            prepare(&mut command);
            run(command, input)
        })
    }

    /// The same, where they must not differ.
    fn same(&self, name: &str, arguments: &[&str], input: &[u8]) -> Told {
        let [theirs, ours] = self.both(name, |command| _ = command.args(arguments), input);
        assert_eq!(theirs, ours, "{name} {arguments:?}");
        ours
    }
}

fn run(mut command: Command, input: &[u8]) -> Told {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start it");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("wait for it");
    writer.join().expect("the writer");
    Told {
        code: output.status.code(),
        signal: output.status.signal(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn wrong_calls_are_told_in_the_ancestors_words() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let missing = dir.path().join("missing").to_string_lossy().into_owned();
    let text = dir.path().join("text");
    fs::write(&text, "echo not a program\n").unwrap();
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
    let text = text.to_string_lossy().into_owned();
    let text = text.as_str();
    for (name, calls) in [
        ("setuidgid", &[&[][..], &["nobody"], &["nosuchaccount", "true"], &["65534", "true"]][..]),
        ("envuidgid", &[&[], &["nobody"], &["nosuchaccount", "true"], &["0", "true"]]),
        ("envdir", &[&[], &["/"], &[missing.as_str(), "true"], &["/etc/services", "true"]]),
        ("softlimit", &[&[], &["-q", "true"], &["-o"], &["-o5x", "true"], &["-o", "", "true"]]),
        ("setlock", &[&[], &["x"], &["-z", "x", "true"], &[missing.as_str()]]),
        ("fghack", &[&[], &["/nonexistent"], &["sh", "-c", "exit 7"], &["sh", "-c", "kill -9 $$"]]),
        ("pgrphack", &[&[], &["nosuchprogram"], &["sh", "-c", "exit 9"]]),
        ("argv0", &[&[], &["sh"], &["nosuchprogram", "x"], &["sh", "abc", "-c", "echo $0"]]),
        ("recordio", &[&[], &["nosuchprogram"]]),
        ("fixcrio", &[&[], &["nosuchprogram"]]),
        ("readproctitle", &[&[], &["abcd"], &["abc", ""]]),
    ] {
        for call in calls {
            if name == "recordio" && !call.is_empty() {
                continue; // its numbers are those of processes
            }
            houses.same(name, call, b"");
        }
        if !matches!(name, "readproctitle" | "recordio") {
            let before: &[&str] = match name {
                "setuidgid" | "envuidgid" => &["nobody"],
                "envdir" => &["bin"],
                "setlock" => &["setlock"],
                _ => &[],
            };
            fs::create_dir_all(dir.path().join("empty")).unwrap();
            for program in [text, "/", "/etc/services", "bin"] {
                let after: &[&str] = if name == "argv0" { &["x"] } else { &[] };
                let [theirs, ours] = houses.both(
                    name,
                    |command| {
                        let before =
                            before.iter().map(|it| if *it == "bin" { "empty" } else { it });
                        command.current_dir(dir.path()).args(before).arg(program).args(after);
                        command.env("PATH", format!("/usr/bin:{}", dir.path().display()));
                    },
                    b"",
                );
                assert_eq!(theirs, ours, "{name} {program}");
            }
        }
    }
}

#[test]
fn a_program_runs_as_an_account_and_in_its_group_alone() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let told =
        houses.same("setuidgid", &["nobody", "sh", "-c", "id -u; id -g; id -G; echo $HOME"], b"");
    assert!(told.out.starts_with(b"65534\n65534\n65534\n"), "{told:?}");
    let told = houses.same("envuidgid", &["daemon", "sh", "-c", "id -u; echo $UID:$GID"], b"");
    assert_eq!(told.out, b"0\n1:1\n");
    // whoever may not become somebody else is told so
    let [theirs, ours] = houses.0.each_ref().map(|house| {
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]);
        command.arg(house.join("setuidgid")).args(["daemon", "true"]);
        run(command, b"")
    });
    assert_eq!(theirs.err, "setuidgid: fatal: unable to setgid: permission denied\n");
    // a house of ours may lie where nobody else looks
    if ours.code == Some(111) {
        assert_eq!(theirs, ours);
    }
}

#[test]
fn envdir_reads_any_file() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let folder = dir.path().join("env");
    let mut random = Random(0xe0d1);
    for round in 0..200 {
        fs::create_dir(&folder).unwrap();
        for _ in 0..random.below(6) {
            let names: [&[u8]; 9] =
                [b"PATH", b"A", b"B", b"HOME", b".hidden", b"C=D", b"\xff\xfe", b"GONE", b"a b"];
            let name = names[random.below(9)];
            let pieces: [&[u8]; 10] =
                [b"", b"x", b" ", b"\t", b"\0", b"\n", b"\r", b"=", b"value", b"two\nlines"];
            let count = random.below(6);
            let content: Vec<u8> =
                (0..count).flat_map(|_| pieces[random.below(10)].to_vec()).collect();
            fs::write(folder.join(OsStr::from_bytes(name)), content).unwrap();
        }
        // behind another file, the ancestor gives such a link that one's text
        if fs::read_dir(&folder).unwrap().next().is_none() {
            symlink("/nowhere/at/all", folder.join("GONE")).unwrap();
        }
        if random.below(20) == 0 {
            fs::create_dir_all(folder.join("sub")).unwrap();
        }
        let [theirs, ours] = houses
            .both(
                "envdir",
                |command| {
                    command
                        .env_clear()
                        .env("A", "old")
                        .env("GONE", "old")
                        .env("PATH", "/bin:/usr/bin");
                    command.arg(&folder).args(["/usr/bin/env", "-0"]);
                },
                b"",
            )
            .map(|mut told| {
                let mut lines: Vec<Vec<u8>> =
                    told.out.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
                lines.sort();
                told.out = lines.join(&0);
                told
            });
        assert_eq!(theirs, ours, "round {round}");
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn envdir_finds_its_program_by_the_path_it_was_started_with() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    fs::create_dir(dir.path().join("env")).unwrap();
    fs::write(dir.path().join("env/PATH"), "/nowhere\n").unwrap();
    let folder = dir.path().join("env").to_string_lossy().into_owned();
    let told = houses.same("envdir", &[&folder, "sh", "-c", "echo $PATH"], b"");
    assert_eq!(told.out, b"/nowhere\n");
    // longer than any text that the kernel passes on: said, where the ancestor's child says it
    fs::write(dir.path().join("env/LONG"), vec![b'x'; 200_000]).unwrap();
    let [theirs, ours] = houses.both("envdir", |c| _ = c.args([&folder, "true"]), b"");
    assert_eq!((theirs.code, ours.code), (Some(111), Some(111)));
    assert!(ours.err.contains("LONG: argument list too long"), "{}", ours.err);
}

#[test]
fn softlimit_sets_what_it_is_told_and_no_more_than_it_may() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let mut random = Random(0x50f7);
    let values = ["=", "0", "1", "4096", "1000000", "99999999999999999999", "", "7x", "-1", "0x10"];
    for _ in 0..200 {
        let mut arguments: Vec<String> = Vec::new();
        for _ in 0..random.below(4) {
            // no limit here that would keep cat itself from running
            let letter = ["-c", "-f", "-r", "-p", "-t", "-l", "-o"][random.below(7)];
            let value = values[random.below(10)];
            let value = match (letter, value) {
                ("-t" | "-o", "0" | "1" | "") => "4096",
                (_, value) => value,
            };
            match random.below(2) {
                0 => arguments.push(format!("{letter}{value}")),
                _ => arguments.extend([letter.to_owned(), value.to_owned()]),
            }
        }
        let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        words.extend(["cat", "/proc/self/limits"]);
        houses.same("softlimit", &words, b"");
    }
    let told =
        houses.same("softlimit", &["-m", "30000000", "-a", "=", "cat", "/proc/self/limits"], b"");
    let text = String::from_utf8_lossy(&told.out).into_owned();
    assert!(text.contains("Max data size             30000000"), "{text}");
    // with next to no memory of its own left it still becomes the program, which then cannot run
    for house in &houses.0 {
        let mut command = Command::new(house.join("softlimit"));
        command.args(["-m", "4096", "true"]);
        let told = run(command, b"");
        assert!(told.signal.is_some() || told.code == Some(127), "{told:?}");
    }
}

#[test]
fn setlock_hands_its_lock_on() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let lock = dir.path().join("setlock").to_string_lossy().into_owned();
    for (holder, other) in [(0, 1), (1, 0), (1, 1)] {
        let mut first = Command::new(houses.0[holder].join("setlock"));
        first.args([&lock, "sh", "-c", "echo held; read x"]);
        let mut first =
            first.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start it");
        let mut said = [0; 5];
        std::io::Read::read_exact(first.stdout.as_mut().unwrap(), &mut said).unwrap();
        let second = |letters: &str| {
            let mut command = Command::new(houses.0[other].join("setlock"));
            command.args([letters, &lock, "echo", "free"]);
            run(command, b"")
        };
        let told = second("-n");
        assert_eq!(told.code, Some(111));
        assert_eq!(told.err, format!("setlock: fatal: unable to lock {lock}: temporary failure\n"));
        let told = second("-nx");
        assert_eq!((told.code, told.err.as_str(), told.out), (Some(0), "", Vec::new()));
        drop(first.stdin.take());
        assert!(!first.wait().unwrap().success(), "read met the end");
        assert_eq!(second("-N").out, b"free\n");
    }
    let told = houses.same("setlock", &[&lock, "readlink", "/proc/self/fd/3"], b"");
    assert_eq!(String::from_utf8_lossy(&told.out).trim_end(), lock);
    houses.same("setlock", &["/proc/nowhere", "true"], b"");
    assert_eq!(houses.same("setlock", &["-x", "/proc/nowhere", "true"], b"").code, Some(0));
}

#[test]
fn fghack_waits_for_what_was_left_behind() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let mark = dir.path().join("mark").to_string_lossy().into_owned();
    let script = format!("(sleep 0.3; echo done > {mark}) >/dev/null 2>&1 & exit 5");
    for house in &houses.0 {
        let _ = fs::remove_file(&mark);
        let mut command = Command::new(house.join("fghack"));
        command.args(["sh", "-c", &script]);
        assert_eq!(run(command, b"").code, Some(5));
        assert!(Path::new(&mark).exists(), "it did not wait");
    }
}

#[test]
fn labels_become_local_time_and_nothing_is_lost() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let mut random = Random(0x7a1);
    for round in 0..300 {
        let mut text = Vec::new();
        for _ in 0..random.below(8) {
            let seconds =
                [0_u64, 1, 86_399, 951_782_400, 1_700_000_000, 4_102_444_800][random.below(6)];
            let label = format!("@4{:015x}{:08x}", seconds + 10, random.below(4) * 333_333_333);
            let lines = [
                format!("{label} a line\n"),
                format!("{label}.s\n"),
                format!("{label}\n"),
                format!(" {label} not first\n"),
                "no label @4000\n".to_owned(),
                "\0\r\n".to_owned(),
                "\n".to_owned(),
            ];
            text.extend_from_slice(lines[random.below(7)].as_bytes());
        }
        if random.below(3) == 0 {
            text.extend_from_slice(b"without an end");
        }
        let zone = ["UTC", "Asia/Kolkata", "CET-1CEST", "America/New_York"][random.below(4)];
        let [theirs, ours] = houses.both("tai64nlocal", |c| _ = c.env("TZ", zone), &text);
        assert_eq!(theirs, ours, "round {round} {zone}");
    }
    // where the ancestor dies, and takes along what it had not written yet
    for wrong in ["@\n", "@400000000000000b\n", "@400000000000000B001e92ac x\n", "@g\n"] {
        let wrong = format!("before\n{wrong}after\n");
        let [theirs, ours] = houses.both("tai64nlocal", |_| (), wrong.as_bytes());
        assert_eq!(theirs.signal, Some(11), "{wrong}");
        assert_eq!((ours.code, ours.out.as_slice()), (Some(0), wrong.as_bytes()));
    }
    let at_the_end = b"@400000000000000a00000000";
    let [theirs, ours] = houses.both("tai64nlocal", |c| _ = c.env("TZ", "UTC"), at_the_end);
    assert_eq!(theirs.out, b"");
    assert_eq!(ours.out, b"1970-01-01 00:00:00.000000000");
}

#[test]
fn tai64n_labels_each_line_in_order() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    for input in [&b""[..], b"\n", b"a\nb\n\nc", b"no end", b"\0\n\xff\n"] {
        let [theirs, ours] = houses.both("tai64n", |_| (), input);
        for told in [&theirs, &ours] {
            let mut before: Option<Vec<u8>> = None;
            let lines: Vec<&[u8]> = told.out.split_inclusive(|byte| *byte == b'\n').collect();
            let mut rest = Vec::new();
            for line in lines {
                let (label, line) = line.split_at(26);
                assert!(label[0] == b'@' && label[25] == b' ', "{told:?}");
                assert!(
                    label[1..25].iter().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
                );
                assert!(before.as_deref().is_none_or(|before| before <= label), "{told:?}");
                before = Some(label.to_vec());
                rest.extend_from_slice(line);
            }
            assert_eq!(rest, input);
            assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
        }
    }
}

#[test]
fn carriage_returns_come_and_go() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let mut random = Random(0xc4);
    for _ in 0..150 {
        let count = random.below(12);
        let pieces: [&[u8]; 5] = [b"\r", b"\n", b"a", b"\r\n", b"line"];
        let text: Vec<u8> = (0..count).flat_map(|_| pieces[random.below(5)].to_vec()).collect();
        houses.same("addcr", &[], &text);
        houses.same("delcr", &[], &text);
        houses.same("fixcrio", &["cat"], &text);
    }
    let long: Vec<u8> = (0..300_000_u32).map(|n| b"ab\r\n\n"[(n % 5) as usize]).collect();
    for name in ["addcr", "delcr"] {
        houses.same(name, &["ignored"], &long);
    }
    // longer than pipes hold: the ancestor may wait for the program, and the program for it
    let mut command = Command::new(houses.0[1].join("fixcrio"));
    command.args(["sh", "-c", "cat; exit 3"]);
    let told = run(command, &long);
    assert_eq!(told.code, Some(3));
    let want: Vec<u8> = long.split_inclusive(|b| *b == b'\n').flat_map(fixed).collect();
    assert!(told.out == want, "{} bytes of {}", told.out.len(), want.len());
}

/// A line with a carriage return before its end.
fn fixed(line: &[u8]) -> Vec<u8> {
    match line {
        [.., b'\r', b'\n'] => line.to_vec(),
        [line @ .., b'\n'] => [line, b"\r\n"].concat(),
        line => line.to_vec(),
    }
}

#[test]
fn recordio_shows_what_passes() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    for input in [&b""[..], b"one\ntwo\npart", b"\n\n", b"\0\x01\xff\n"] {
        let [theirs, ours] = houses
            .both(
                "recordio",
                |command| _ = command.args(["sh", "-c", "cat; echo bye; exit 4"]),
                input,
            )
            .map(|mut told| {
                // both ways are shown as they come: each for itself is in order
                let way = |sign: &str| -> Vec<String> {
                    let lines = told.err.lines().filter_map(|line| line.split_once(' '));
                    lines
                        .filter(|(_, line)| line.starts_with(sign))
                        .map(|(_, l)| l.into())
                        .collect()
                };
                let mut ways = way("<");
                // pieces are what one read got: the text counts
                let text: String = way(">").join("\n").replace("+\n> ", "");
                ways.push(text);
                told.err = ways.join("\n");
                told
            });
        assert_eq!(theirs.out, ours.out);
        assert_eq!(theirs.code, Some(4));
        assert_eq!(theirs, ours);
    }
}

#[test]
fn what_was_written_last_stands_in_the_title() {
    let dir = Dir::new();
    let houses = Houses::new(dir.path());
    let title = ".".repeat(40);
    for house in &houses.0 {
        let mut command = Command::new(house.join("readproctitle"));
        command.args(["service", "errors:", &title]).stdin(Stdio::piped());
        let mut child = command.spawn().expect("start it");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"first\nand \0the last of many words").unwrap();
        let path = PathBuf::from(format!("/proc/{}/cmdline", child.id()));
        let shown = poll_for(SOON, "the title", || {
            let line = fs::read(&path).ok()?;
            let words: Vec<OsString> = line
                .split(|byte| *byte == 0)
                .map(|word| OsString::from_vec(word.to_vec()))
                .collect();
            let last = words.get(3)?.to_string_lossy().into_owned();
            last.ends_with("words").then_some(last)
        });
        assert_eq!(shown, format!("...{}first\nand the last of many words", ".".repeat(5)));
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
