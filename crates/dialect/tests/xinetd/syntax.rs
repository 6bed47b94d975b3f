//! Reference, sections 1 and 2: the form of files, entries and lines.

use crate::support::{Outcome, lines, service, table};

const GOOD: &str = "service ssh\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /s\n}\n";
const HTTP: &str =
    "service http\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /h\n}\n";

#[test]
fn keywords_attributes_and_values_have_any_case_and_blanks_are_free() {
    let text = "# comment\n\n  \t# too\nSERVICE ssh\n\n{\n Socket_Type =STREAM\n\tWAIT\t=\tNO\n\
                user = root\n# inside\nSERVER =/usr/sbin/sshd\n}";
    let outcome = Outcome::text(text);
    assert_eq!(outcome.codes(), [] as [&str; 0], "{}", outcome.rendered());
    assert_eq!(outcome.loaded.services.len(), 1);
}

#[test]
fn a_line_that_cannot_be_read_is_an_error() {
    lines(&[
        ("instances=5", &["error xinetd-operator-blank"]),
        ("only_from+=10.0.0.1", &["error xinetd-operator-blank"]),
        ("instances", &["error xinetd-operator-missing"]),
        ("instances 5", &["error xinetd-operator-missing"]),
        ("= 5", &["error xinetd-operator-missing"]),
        ("instances := 5", &["error xinetd-operator-missing"]),
        ("instances =", &["error xinetd-value-count"]),
        ("instance = 5", &["error xinetd-unknown-attribute"]),
        ("zzz = 5", &["error xinetd-unknown-attribute"]),
        ("enabled = ssh", &["error xinetd-not-in-service"]),
        ("instances += 5", &["error xinetd-operator"]),
        ("server_args -= -i", &["error xinetd-operator"]),
        ("env -= A=b", &["error xinetd-operator"]),
        ("instances = 5\ninstances = 6", &["error xinetd-repeated"]),
        ("instances = 5\ninstances = 5", &["warning xinetd-repeated"]),
        ("disable = no\ndisable = yes", &["error xinetd-repeated"]),
        ("bind = 10.0.0.1\ninterface = 10.0.0.2", &["error xinetd-repeated"]),
    ]);
}

#[test]
fn what_looks_like_a_comment_after_a_value_never_voids_a_line() {
    lines(&[
        ("instances = 5 # five", &["error xinetd-trailing-comment"]),
        ("per_source = 0 #", &["error xinetd-trailing-comment", "warning xinetd-refuses-all"]),
        ("bind = 10.0.0.1 #inside", &["error xinetd-trailing-comment"]),
        ("only_from = 10.0.0.1 # office", &["error xinetd-trailing-comment"]),
        ("only_from = # nobody", &["error xinetd-trailing-comment"]),
        ("max_load = # 2", &["error xinetd-trailing-comment"]),
        ("access_times = 8:00-9:00 # morning", &["error xinetd-trailing-comment"]),
        ("disable = yes # for now", &["error xinetd-trailing-comment"]),
        ("flags = IPv4 # old", &["error xinetd-trailing-comment"]),
        ("server_args = -i # debug", &["warning xinetd-trailing-comment"]),
    ]);
}

#[test]
fn a_wrong_number_of_values_never_voids_a_restriction() {
    lines(&[
        ("instances = 5 6", &["error xinetd-value-count"]),
        ("per_source = 5 per address", &["error xinetd-value-count"]),
        ("umask = 027 x", &["error xinetd-value-count"]),
        ("max_load = 1 2", &["error xinetd-value-count"]),
        ("cps = 5", &["error xinetd-value-count"]),
        ("cps = 5 10 15", &["error xinetd-value-count"]),
        ("id = a b", &["error xinetd-value-count"]),
        ("flags =", &["error xinetd-value-count"]),
        ("access_times =", &["error xinetd-value-count"]),
        ("server_args = -i instances = 5", &["error xinetd-joined-lines"]),
        ("only_from = 10.0.0.1 no_access += 10.0.0.2", &["error xinetd-joined-lines"]),
    ]);
}

#[test]
fn a_disabled_entry_gives_notes_alone() {
    let text = service(
        "disable = yes\nport=22\nfoo = bar\nwait = yes\nonly_from = 300.1.1.1\ncps = 1\n\
         flags = IDONLY\nid = a/b\nno_access -= 10.0.0.1",
    );
    let outcome = Outcome::text(&text);
    assert!(outcome.diagnostics.len() >= 9, "{}", outcome.rendered());
    for code in outcome.codes() {
        assert!(code.starts_with("note "), "{code}");
    }
    assert!(outcome.loaded.services.is_empty());
}

#[test]
fn a_later_disable_no_revives_nothing() {
    lines(&[
        (
            "only_from = 10.0.0.1 300.1.1.1\ndisable = no",
            &["error xinetd-bad-address", "error xinetd-revived"],
        ),
        ("disable = no\naccess_times = 8-9", &["error xinetd-bad-times"]),
    ]);
}

#[test]
fn the_next_entry_survives_its_neighbours_slip_and_the_slip_is_named() {
    let slips: [(&str, &[&str]); 12] = [
        ("servcie a\n{\nwait = no\n}\n", &["error xinetd-keyword"]),
        ("nonsense\n", &["error xinetd-keyword"]),
        ("servcie a {\nwait = no\n}\n", &["error xinetd-keyword"]),
        ("service ftp\n{\nwait = no\n", &["error xinetd-unclosed"]),
        ("defaults\n{\n", &["error xinetd-unclosed"]),
        ("service\n{\n}\n", &["error xinetd-header"]),
        ("defaults x\n{\n}\n", &["error xinetd-header"]),
        ("defaults {\n}\n", &["error xinetd-open-brace"]),
        ("defaults\n}\n", &["error xinetd-open-brace"]),
        ("defaults\n{\n} # end\n", &["error xinetd-close-brace"]),
        ("}\n", &["error xinetd-outside-entry"]),
        ("instances = 5\n", &["error xinetd-outside-entry"]),
    ];
    for (slip, want) in slips {
        let outcome = Outcome::text(&format!("{GOOD}{slip}{HTTP}"));
        let codes = outcome.codes();
        let missing = |code: &String| code != "error xinetd-missing-attribute";
        let shown: Vec<_> = codes.into_iter().filter(missing).collect();
        assert_eq!(shown, want, "{slip}\n{}", outcome.rendered());
        let keys: Vec<_> =
            outcome.loaded.services.iter().map(|s| s.service.key.to_string()).collect();
        assert_eq!(keys, ["ssh", "http"], "{slip}");
    }
}

#[test]
fn a_broken_structure_is_named_where_it_breaks() {
    table(&[
        (
            "service ssh {\n}\n",
            &[
                "error xinetd-open-brace",
                "error xinetd-missing-attribute",
                "error xinetd-missing-attribute",
                "error xinetd-missing-attribute",
                "error xinetd-missing-attribute",
            ],
        ),
        ("defaults\n{\n{\n}\n", &["error xinetd-open-brace"]),
        ("defaults\n{\ninclude /etc/x\n}\n", &["error xinetd-include-inside"]),
        ("defaults\ninstances = 5\n}\n", &["error xinetd-open-brace"]),
        ("defaults\n{ instances = 5\n}\n", &["error xinetd-open-brace"]),
        ("defaults\n{\n}\ndefaults\n{\n}\n", &["error xinetd-second-defaults"]),
        ("defaults\n", &["error xinetd-unclosed"]),
        ("defaults\n{\ninstances = 5", &["error xinetd-unclosed"]),
        (
            "defaults\nservice\n",
            &["error xinetd-open-brace", "error xinetd-unclosed", "error xinetd-operator-missing"],
        ),
        ("include\n", &["error xinetd-header"]),
        ("{\n", &["error xinetd-outside-entry"]),
        ("", &[]),
        ("\n# nothing\n", &[]),
    ]);
}

#[test]
fn a_swallowed_neighbour_is_found_inside() {
    let text = format!("service a\n{{\nport = 1\n{GOOD}");
    let outcome = Outcome::text(&text);
    assert_eq!(outcome.codes().first().map(String::as_str), Some("error xinetd-unclosed"));
    assert!(outcome.rendered().contains("the next entry begins inside it"));
    assert_eq!(outcome.loaded.services.len(), 1, "the neighbour is read for its own sake");
}

#[test]
fn bytes_that_are_no_text_are_fine_in_comments_alone() {
    use crate::support::Tree;
    for (text, want) in [
        (b"# caf\xe9 \x00\n".as_slice(), &[] as &[&str]),
        (b"caf\xe9\n", &["error xinetd-encoding", "error xinetd-keyword"]),
        (b"defaults\n{\n}\r\n", &["error xinetd-carriage-return"]),
        (
            b"service ssh\n{\ndisable = yes\nprotocol = tcp\nwait = no\nuser = a\nserver = /\xe9\n}\n",
            &["note xinetd-encoding"],
        ),
        (
            b"defaults\n{\n\x00\n}\n",
            &["error xinetd-control-character", "error xinetd-operator-missing"],
        ),
    ] {
        let mut tree = Tree::default();
        tree.files.insert("/etc/x".into(), text.to_vec());
        let outcome = Outcome::of("/etc/x", &mut tree);
        assert_eq!(outcome.codes(), want, "{text:?}\n{}", outcome.rendered());
    }
}

#[test]
fn bounds_are_errors() {
    let long = format!("instances = {}", "1".repeat(17 << 10));
    lines(&[(long.as_str(), &["error xinetd-too-large"])]);
    let many = "service a\n{\ndisable = yes\n}\n".repeat(4100);
    let outcome = Outcome::text(&many);
    let large = outcome.codes().into_iter().filter(|c| c == "error xinetd-too-large").count();
    assert_eq!(large, 1, "reported once");
    let vast = "# x\n".repeat(300_000);
    assert_eq!(Outcome::text(&vast).codes(), ["error xinetd-too-large"]);
}
