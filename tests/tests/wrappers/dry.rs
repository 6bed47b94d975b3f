//! tcpdmatch, the ancestor's and ours.

use crate::asked::{LIMIT, LOOP, Told, at_once, both, traces, world};
use crate::table::{ROWS, mended, rows};
use crate::texts::{Set, set, sets};
use portreeve_testkit::Batch;
use portreeve_tests::Random;
use std::collections::BTreeMap;
use std::fs;

/// So many sets lie in a folder at a time.
const CHUNK: usize = 2000;

/// So many sets are also put to both programs started anew for each question.
const ALONE: usize = 100;

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
    ("a zero byte", "", "sshd: 10.\0\n", ["denied"; 2], ["granted"; 2]),
    (
        "a `/file` that cannot be read, or leads to itself",
        "",
        "sshd: /run/lists/\n",
        ["granted"; 2],
        ["denied"; 2],
    ),
    ("a scope in a pattern", "", "ALL: [2001:db8::10%9]\n", ["granted", "denied"], ["granted"; 2]),
    (
        "a number beyond 2147483647",
        "sshd: ALL : linger 99999999999\n",
        "",
        ["granted"; 2],
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

/// For rows about who is asked about: hosts.deny, the daemon and the client, both verdicts.
const ASKED: &[(&str, &str, [&str; 2], [&str; 2])] = &[
    ("the port `0`", "0: ALL\n", ["sshd@192.0.2.1", "10.1.2.3"], ["denied", "granted"]),
    (
        "an end in another form, asked about",
        "ALL: 192.0.2.8\n",
        ["sshd", "192.0.2.010"],
        ["granted", "denied"],
    ),
];

#[test]
fn who_is_asked_about_is_taken_as_the_book_says() {
    let set = |(_, deny, [daemon, client], _): &(&str, &str, [&str; 2], [&str; 2])| Set {
        allow: String::new(),
        deny: (*deny).to_owned(),
        peers: vec![((*daemon).to_owned(), (*client).to_owned())],
    };
    let sets: Vec<Set> = ASKED.iter().map(set).collect();
    for (((row, _, _, want), set), told) in ASKED.iter().zip(&sets).zip(both(&world(), &sets)) {
        assert!(rows(set).contains(row), "{row}");
        let said = told[0].each_ref().map(|one| one.ends.iter().rev().nth(1).cloned());
        assert_eq!(said, want.map(|it| Some(format!("access:   {it}"))), "{row}");
    }
}

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
        // the last is shown by tcpd itself
        let shown = |name: &&str| name == row || *row == "`user`, `group`";
        let all = MENDED.iter().map(|mended| mended.0).chain(ASKED.iter().map(|asked| asked.0));
        assert!(all.collect::<Vec<_>>().iter().any(shown), "{row}");
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
        sshd: @users@ALL .joe@ALL joe.@ALL LOCAL@ALL .2.10 foo. nobody.invalid alias.other.org @nosuch\n\
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
    assert_eq!(at_once(&world, &batch, &some, &some), both(&world, &some));
}

/// How many sets were compared as they are, in other words for the ancestor, and not at all.
#[derive(Debug, Default)]
struct Compared {
    plain: usize,
    mended: usize,
    of_rows: BTreeMap<&'static str, usize>,
}

#[test]
fn generated_rules_are_decided_alike_or_stand_in_the_table() {
    let total = sets();
    let mut random = Random(0x7c9d);
    let (mut done, mut granted, mut peers) = (0, 0, 0);
    let (mut compared, mut wrong) = (Compared::default(), Vec::new());
    let world = world();
    let batch = Batch::new(world.dir());
    while done < total {
        let ours: Vec<Set> = (0..CHUNK.min(total - done)).map(|_| set(&mut random)).collect();
        done += ours.len();
        let theirs: Vec<Set> = ours.iter().map(mended).collect();
        let told = at_once(&world, &batch, &theirs, &ours);
        for ((theirs, ours), told) in theirs.iter().zip(&ours).zip(told) {
            let rows = rows(theirs);
            match rows.is_empty() {
                true if theirs == ours => compared.plain += 1,
                true => compared.mended += 1,
                false => rows.iter().for_each(|row| *compared.of_rows.entry(row).or_default() += 1),
            }
            for (peer, [they, we]) in ours.peers.iter().zip(&told) {
                peers += 1;
                granted += usize::from(we.ends.iter().any(|it| it.ends_with("granted")));
                if rows.is_empty() && they != we && wrong.len() < 12 {
                    let Set { allow, deny, .. } = ours;
                    wrong.push(format!("{allow:?}\n{deny:?}\n{peer:?}\n{they:?}\n{we:?}"));
                }
            }
        }
    }
    portreeve_tests::figures(&format!("{total} sets, {peers} peers: {compared:?}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let all = compared.plain + compared.mended;
    assert!(all * 10 > total * 6, "too few sets are compared: {all} of {total}");
    assert!((peers / 4..peers * 3 / 4).contains(&granted), "one-sided: {granted} of {peers}");
}
