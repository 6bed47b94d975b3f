//! Reference, sections 6 and 7.1: access lists.

use crate::support::{Outcome, lines, only, service};

/// The patterns an item stands for and the findings it gives, in each of the two lists.
#[test]
fn every_form_of_an_item_means_what_it_says() {
    let rows: &[(&str, &str, &str, &str)] = &[
        ("10.1.2.3", "10.1.2.3", "", ""),
        ("::ffff:10.1.2.3", "10.1.2.3", "", ""),
        ("10.1.2.0", "10.1.2.0/24", "", ""),
        ("10.1.0.0", "10.1.0.0/16", "note wildcard-octets", "note wildcard-octets"),
        ("127.0.0.0", "127.0.0.0/8", "note wildcard-octets", "note wildcard-octets"),
        ("0.0.0.0", "0.0.0.0/0", "note wildcard-octets", "note wildcard-octets"),
        ("10.1.2.0/32", "10.1.2.0", "", ""),
        ("10.1.2.3/24", "10.1.2.0/24", "note host-bits", "note host-bits"),
        ("0.0.0.0/0", "0.0.0.0/0", "", ""),
        ("10.1.2.0/255.255.255.0", "10.1.2.0/24", "warning dotted-mask", "warning dotted-mask"),
        ("10.1.{2,3}", "10.1.2.0/24 10.1.3.0/24", "", ""),
        ("10.1.2.{3,4}", "10.1.2.3 10.1.2.4", "", ""),
        ("10.1.2.{0,4}", "10.1.2.0 10.1.2.4", "", ""),
        ("10.1.{0}", "10.1.0.0/24", "", ""),
        ("10.{1}", "10.1.0.0/16", "note wildcard-octets", "note wildcard-octets"),
        ("127.1", "127.0.0.1", "warning classic-address", "error classic-address"),
        ("192.168", "192.0.0.168", "warning classic-address", "error classic-address"),
        ("0x7f000001", "127.0.0.1", "warning classic-address", "error classic-address"),
        ("010.0.0.1", "8.0.0.1", "warning classic-address", "error classic-address"),
        ("2001:db8::5", "2001:db8::5", "", ""),
        ("2001:DB8::/32", "2001:db8::/32", "", ""),
        ("2001:db8::1/64", "2001:db8::/64", "note host-bits", "note host-bits"),
        ("::1/128", "::1", "note ipv6-host", "note ipv6-host"),
        ("::ffff:127.0.0.0/104", "127.0.0.0/8", "", ""),
        ("::/0", "::/0 0.0.0.0/0", "note ipv6-all", "note ipv6-all"),
        ("::/64", "::/64", "warning ipv6-mapped", "warning ipv6-mapped"),
        ("Host.Example.", "host.example", "", "warning name-in-no-access"),
        (".example.com", ".example.com", "", "warning name-in-no-access"),
        ("localhost", "localhost", "", "warning name-in-no-access"),
    ];
    for (item, patterns, allowing, denying) in rows {
        for (list, finding) in [("only_from", allowing), ("no_access", denying)] {
            let outcome = Outcome::text(&service(&format!("{list} = {item}")));
            let codes = outcome.codes().join(" ").replace(" xinetd-", " ");
            assert_eq!(codes, *finding, "{list} = {item}");
            if finding.starts_with("error") {
                continue;
            }
            let access = &only(&service(&format!("{list} = {item}"))).admission.lists;
            let access = access.first().unwrap();
            let rules = access.allow.as_ref().map_or(&access.deny, |allow| &allow.rules);
            let shown: Vec<_> = rules.iter().map(|rule| rule.pattern.to_string()).collect();
            assert_eq!(shown.join(" "), *patterns, "{list} = {item}");
            assert!(rules.iter().all(|rule| rule.text == *item), "as it was written");
        }
    }
}

#[test]
fn an_item_that_cannot_be_read_never_widens_a_list() {
    for (item, code) in [
        ("88.???.???.???", "placeholder-address"),
        ("192.168.1.x", "placeholder-address"),
        ("10.1.2.3,10.1.2.4", "address-comma"),
        ("10.1.{2,300}", "bad-address"),
        ("10.1.{2", "bad-address"),
        ("10.1.{2,}", "bad-address"),
        ("10.1.{,2}", "bad-address"),
        ("10.1.{2,3}.4", "bad-address"),
        ("10.1.{2,3}/24", "bad-address"),
        ("10.1{2,3}", "bad-address"),
        ("10..{2,3}", "bad-address"),
        ("1.2.3.4.{5}", "bad-address"),
        ("10.1.2.3/33", "prefix-length"),
        ("10.1.2.3/", "prefix-length"),
        ("10.1.2.3/+8", "prefix-length"),
        ("10.1.2.3/255.0.255.0", "prefix-length"),
        ("2001:db8::/129", "prefix-length"),
        ("10/8", "short-prefix"),
        ("10.1/16", "short-prefix"),
        ("010.0.0.0/8", "short-prefix"),
        ("300.1.1.1", "bad-address"),
        ("10.0.0.1o", "bad-address"),
        ("10.0.0.l", "bad-address"),
        ("1.2.3.4.5", "bad-address"),
        ("2001:db8::g", "bad-address"),
        ("fe80::1%eth0", "bad-address"),
        ("a..b", "bad-address"),
        ("=", "bad-address"),
        ("::", "ipv6-unspecified"),
        ("ALL", "wrappers-word"),
        ("local", "wrappers-word"),
        ("127.0.0.*", "wrappers-word"),
        ("192.168.", "wrappers-word"),
        ("user@host", "wrappers-word"),
    ] {
        let want = format!("error xinetd-{code}");
        for list in ["only_from = 10.9.9.9", "only_from =", "no_access ="] {
            let outcome = Outcome::text(&service(&format!("{list} {item}")));
            assert!(outcome.codes().contains(&want), "{list} {item}\n{}", outcome.rendered());
            assert!(outcome.loaded.services.is_empty());
        }
    }
}

#[test]
fn help_names_the_edit() {
    for (line, help) in [
        ("no_access = 192.168", "or `192.168.0.0/16` for that network"),
        ("only_from = 10.1/16", "write `10.1.0.0/16`"),
        ("only_from = 10.0.0.1,10.0.0.2", "write `10.0.0.1 10.0.0.2`"),
        ("only_form = 10.0.0.1", "write `only_from`"),
        ("instances = 5 6", "write `instances = 5`"),
        ("port=22", "write `port = 22`"),
        ("only_from += ALL", "write `0.0.0.0/0 ::/0` for everybody"),
        ("access_times = 22:00-6:00", "write `22:00-23:59 0:00-6:00`"),
        ("flags = SENSR", "did you mean `SENSOR`?"),
    ] {
        let text = Outcome::text(&service(line)).rendered();
        assert!(text.contains(help), "{line}\n{text}");
    }
}

#[test]
fn no_access_wins_and_what_it_makes_useless_is_named() {
    lines(&[
        ("only_from = 10.0.0.0/8\nno_access = 10.1.2.3", &[]),
        ("only_from = 10.1.2.3\nno_access = 10.1.2.3", &["warning xinetd-list-overlap"]),
        ("only_from = 10.1.2.3\nno_access = 10.1.2.0", &["warning xinetd-list-overlap"]),
        ("only_from = 2001:db8::5\nno_access = 2001:db8::/32", &["warning xinetd-list-overlap"]),
        (
            "only_from = a.example\nno_access = a.example",
            &["warning xinetd-name-in-no-access", "warning xinetd-list-overlap"],
        ),
    ]);
    let one = service("bind = 10.0.0.1") + &service("bind = 10.0.0.2");
    let text = format!("defaults\n{{\nonly_from = 10.1.1.1\nno_access = 10.1.1.1\n}}\n{one}");
    assert_eq!(Outcome::text(&text).codes(), ["warning xinetd-list-overlap"], "once for all");
}
