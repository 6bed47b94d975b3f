use super::*;
use proptest::prelude::*;

fn wanted<'w>(daemon: Option<&'w str>, networks: &[&str], marked: bool) -> Wanted<'w> {
    let time = marked.then(|| "Sat Nov 21 20:00:00 2026".to_owned());
    let one = |text: &&str| (text.parse().unwrap(), time.clone());
    Wanted { daemon, entries: networks.iter().map(one).collect() }
}

fn made(text: &str, wanted: &Wanted<'_>) -> String {
    String::from_utf8(merge(text.as_bytes(), wanted).text).unwrap()
}

fn block(inside: &str) -> String {
    format!("{BEGIN}\n{inside}{END}\n")
}

#[test]
fn networks_are_written_as_libwrap_reads_them() {
    for (network, text) in [
        ("203.0.113.9/32", "203.0.113.9"),
        ("203.0.113.0/24", "203.0.113.0/255.255.255.0"),
        ("203.0.112.0/20", "203.0.112.0/255.255.240.0"),
        ("2001:db8::1/128", "[2001:db8::1]"),
        ("2001:db8::/64", "[2001:db8::]/64"),
    ] {
        assert_eq!(pattern(network.parse().unwrap()), text);
        assert!(is_entry(text.as_bytes()), "{text}");
        assert!(is_entry(format!("sshd: {text}").as_bytes()), "{text}");
    }
    for text in
        ["", "sshd: ALL", "sshd : 192.0.2.1", "# x", "a b: 192.0.2.1", "[::1", "::/x", "1.2.3.4/24"]
    {
        assert!(!is_entry(text.as_bytes()), "{text}");
    }
}

#[test]
fn others_lines_stay_and_ours_come_and_go_between_our_own() {
    let theirs = "ALL: PARANOID\n# DenyHosts: Mon Nov  2 08:00:00 2026 | sshd: 198.51.100.7\nsshd: 198.51.100.7\n";
    let one = wanted(Some("sshd"), &["203.0.113.9/32"], true);
    let marked = "# DenyHosts: Sat Nov 21 20:00:00 2026 | sshd: 203.0.113.9\nsshd: 203.0.113.9\n";
    let with = format!("{theirs}{}", block(marked));
    assert_eq!(made(theirs, &one), with);
    assert_eq!(made(&with, &one), with, "once is enough");
    // the real program appends behind it
    let appended = format!("{with}sshd: 192.0.2.77\n");
    assert_eq!(made(&appended, &one), appended);
    let none = wanted(Some("sshd"), &[], true);
    assert_eq!(made(&with, &none), theirs, "and nothing is left of ours");
    assert_eq!(made(&appended, &none), format!("{theirs}sshd: 192.0.2.77\n"));
    assert_eq!(made("", &none), "");
    let merged = merge(with.as_bytes(), &wanted(Some("ALL"), &["2001:db8::/64"], false));
    assert_eq!((merged.added, merged.removed), (1, 1));
    assert_eq!(
        String::from_utf8(merged.text).unwrap(),
        format!("{theirs}{}", block("ALL: [2001:db8::]/64\n"))
    );
}

#[test]
fn what_others_do_within_our_part_is_mended() {
    let one = wanted(Some("sshd"), &["203.0.113.9/32"], false);
    let whole = block("sshd: 203.0.113.9\n");
    let foreign = format!("{BEGIN}\nsshd: 203.0.113.9\nvsftpd: .example.org\n{END}\nALL: LOCAL\n");
    assert_eq!(made(&foreign, &one), format!("{whole}vsftpd: .example.org\nALL: LOCAL\n"));
    // an entry taken out by hand comes back
    assert_eq!(made(&block(""), &one), whole);
    // one of our lines is gone
    let headless = format!("ALL: LOCAL\nsshd: 203.0.113.9\nsshd: 192.0.2.1\n{END}\nx: y\n");
    assert_eq!(made(&headless, &one), format!("ALL: LOCAL\n{whole}x: y\n"));
    let endless = format!("ALL: LOCAL\n{BEGIN}\nsshd: 203.0.113.9\nx: y\nsshd: 192.0.2.1\n");
    assert_eq!(made(&endless, &one), format!("ALL: LOCAL\n{whole}x: y\nsshd: 192.0.2.1\n"));
    let twice = format!("{whole}a: b\n{whole}c: d");
    assert_eq!(made(&twice, &one), format!("{whole}a: b\nc: d"));
}

#[test]
fn a_last_line_without_its_end_and_one_that_goes_on_do_not_swallow_ours() {
    let one = wanted(None, &["203.0.113.9/32"], false);
    assert_eq!(made("192.0.2.1", &one), format!("192.0.2.1\n{}", block("203.0.113.9\n")));
    let open = "ALL: LOCAL, \\\n";
    assert_eq!(made(open, &one), format!("{open}\n{}", block("203.0.113.9\n")));
}

proptest! {
    #[test]
    fn any_file_keeps_its_own_lines_and_is_done_with_at_once(
        lines in proptest::collection::vec(
            prop_oneof![
                Just(BEGIN.to_owned()), Just(END.to_owned()), Just("sshd: 192.0.2.1".to_owned()),
                Just("# DenyHosts: x | sshd: 192.0.2.1".to_owned()), "[ -~]{0,12}",
            ],
            0..12,
        ),
        ended in any::<bool>(),
    ) {
        let mut text = lines.join("\n");
        if ended && !text.is_empty() {
            text.push('\n');
        }
        let want = wanted(Some("sshd"), &["203.0.113.9/32", "2001:db8::/64"], true);
        let once = merge(text.as_bytes(), &want);
        let twice = merge(&once.text, &want);
        prop_assert_eq!(&once.text, &twice.text);
        prop_assert_eq!((twice.added, twice.removed), (0, 0));
        let theirs = |text: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(text).into_owned();
            let foreign = |line: &&str| {
                !line.is_empty() && *line != BEGIN && *line != END
                    && !is_entry(line.as_bytes()) && !line.starts_with("# DenyHosts: ")
            };
            text.lines().filter(foreign).map(str::to_owned).collect()
        };
        prop_assert_eq!(theirs(text.as_bytes()), theirs(&once.text));
        let none = merge(&once.text, &wanted(None, &[], false));
        prop_assert_eq!(theirs(text.as_bytes()), theirs(&none.text));
    }
}
