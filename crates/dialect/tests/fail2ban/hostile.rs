//! Whatever the texts are, reading them ends soon and within bounds.

use crate::support::Host;
use proptest::prelude::*;
use proptest::sample::select;

fn line() -> impl Strategy<Value = String> {
    let names =
        select(vec!["a", "b", "c", "failregex", "before", "known/a", "A", "maxlines", "a?x"]);
    let parts = select(vec![
        "%(a)s",
        "%(b)s",
        "%(c/a)s",
        "%(known/a)s",
        "<a>",
        "<b>",
        "<c/a>",
        "<a_<b>>",
        "<known/b>",
        "%%",
        "%",
        "<HOST>",
        " ;",
        "x",
        "é",
        "y.conf",
        "[",
        "]",
        "=",
        "\n  ",
        "\r",
        "<",
        ">",
    ]);
    let value = proptest::collection::vec(parts, 0..6).prop_map(|parts| parts.concat());
    let header =
        select(vec!["[Definition]", "[DEFAULT]", "[Init]", "[c]", "[INCLUDES]", "[Init?a=b]"]);
    prop_oneof![
        3 => (names, value.clone()).prop_map(|(name, value)| format!("{name} = {value}\n")),
        1 => header.prop_map(|header| format!("{header}\n")),
        1 => value.prop_map(|value| format!("{value}\n")),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let lines = proptest::collection::vec(line(), 0..20).prop_map(|lines| lines.concat());
    lines.prop_map(|lines| format!("[Definition]\n{lines}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_is_read_or_refused(x in text(), y in text()) {
        let host = Host::new(&[("filter.d/x.conf", x.as_str()), ("filter.d/y.conf", y.as_str())]);
        let (read, findings) = host.filter("/f/filter.d/x.conf[b=<c/a>,c=1]");
        prop_assert_eq!(read.is_none(), findings.contains("error["), "{}", findings);
        if let Some(filter) = read {
            prop_assert_eq!(filter.text.fits(), Ok(()));
        }
    }
}

#[test]
fn references_that_double_at_every_step_are_refused_soon() {
    let mut text = String::from("[Definition]\nfailregex = x <HOST> <t0>\n");
    let mut plain = text.clone();
    for step in 0..200 {
        let next = step + 1;
        text.push_str(&format!("t{step} = {}\n", format!("<t{next}>").repeat(10)));
        plain.push_str(&format!("t{step} = {}\n", format!("%(t{next})s").repeat(10)));
    }
    for text in [text, plain] {
        let host = Host::new(&[("filter.d/x.conf", text.as_str())]);
        let (read, findings) = host.filter("/f/filter.d/x.conf");
        assert!(read.is_none() && findings.contains("error["), "{findings}");
    }
}

#[test]
fn includes_that_fan_out_are_refused() {
    let mut host = Host::default();
    for depth in 0..20 {
        let names: String = (0..8).map(|_| format!("  {}.conf\n", depth + 1)).collect();
        let text = format!("[INCLUDES]\nbefore =\n{names}[Definition]\nfailregex = x\n");
        host = host.with(&format!("filter.d/{depth}.conf"), text);
    }
    let (read, findings) = host.filter("/f/filter.d/0.conf");
    assert!(read.is_none(), "{findings}");
    assert!(findings.contains("fail2ban-too-large"), "{findings}");
}
