//! What belongs to other programs is refused by name; in a disabled entry it is a note.

use crate::support::{Outcome, service};

#[test]
fn what_is_not_served_is_refused_by_name_and_noted_where_disabled() {
    let whole = service("");
    for (text, code) in [
        (whole.replace("= stream", "= dgram"), "socket-type"),
        (whole.replace("= stream", "= raw"), "socket-type"),
        (whole.replace("= stream", "= seqpacket\n\tprotocol = sctp"), "socket-type"),
        (whole.replace("socket_type = stream", "protocol = udp"), "socket-type"),
        (service("protocol = sctp"), "protocol"),
        (whole.replace("wait = no", "wait = yes"), "wait"),
        (service("type = RPC\nrpc_version = 1-2"), "rpc"),
        (service("type = TCPMUX UNLISTED"), "tcpmux"),
        (service("type = TCPMUXPLUS"), "tcpmux"),
        (service("type = SPECIAL"), "special"),
        (service("redirect = 10.0.0.1 23"), "redirect"),
        (service("flags = INTERCEPT"), "intercept"),
        (service("flags = LABELED"), "labeled"),
        (service("mdns = yes"), "mdns"),
        (service("type = INTERNAL").replace("service ssh", "service daytime"), "internal"),
        (service("type = INTERNAL").replace("service ssh", "service time"), "internal"),
        (service("type = INTERNAL").replace("service ssh", "service discard"), "internal"),
        (service("type = INTERNAL").replace("service ssh", "service chargen"), "internal"),
        (service("type = INTERNAL").replace("service ssh", "service tcpmux"), "internal"),
    ] {
        let outcome = Outcome::text(&text);
        assert_eq!(outcome.codes(), [format!("error xinetd-unserved-{code}")], "{text}");
        assert!(outcome.loaded.services.is_empty());
        let help = outcome.diagnostics.iter().all(|d| !d.help.is_empty() && d.at.is_some());
        assert!(help, "{text}");
        let disabled = text.replace("{\n", "{\n\tdisable = yes\n");
        let outcome = Outcome::text(&disabled);
        assert_eq!(outcome.codes(), [format!("note xinetd-unserved-{code}")], "{disabled}");
    }
    let udp = Outcome::text(&service("protocol = udp"));
    assert_eq!(udp.codes(), ["error xinetd-socket-protocol"]);
}

#[test]
fn every_stranger_in_a_file_is_named_at_once() {
    let text = service("redirect = a b\nflags = LABELED").replace("wait = no", "wait = yes");
    let outcome = Outcome::text(&(text + &service("type = RPC")));
    let mut codes = outcome.codes();
    codes.sort();
    let want = ["labeled", "redirect", "rpc", "wait"].map(|c| format!("error xinetd-unserved-{c}"));
    assert_eq!(codes, want);
}
