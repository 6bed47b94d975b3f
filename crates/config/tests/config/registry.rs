//! The registry of keys tells the truth: examples are taken, other types are refused, and a
//! default written out changes nothing.

use crate::common::{findings, native};
use portreeve_config::{Fallback, Key, Scope, keys_of};
use portreeve_diag::Level;

/// A configuration in which a key of a scope has a value.
#[expect(clippy::too_many_lines, reason = "one arm for each scope")]
fn with(scope: Scope, key: &Key, value: &str) -> String {
    let pair = format!("{} = {value}", key.name);
    let rest = |others: &[(&str, &str)]| -> String {
        let others = others.iter().filter(|(name, _)| *name != key.name);
        others.map(|(name, value)| format!("{name} = {value}, ")).collect()
    };
    let base = "user = \"root\"\nlisten = [\"192.0.2.1:1\"]\n";
    let service = |line: String| {
        let run = "run = [\"/bin/x\"]\n";
        format!("[service.x]\n{base}{run}{line}\n")
    };
    let kept = |line: String| {
        format!("[service.x]\nkeep = true\nuser = \"root\"\nrun = [\"/bin/x\"]\n{line}\n")
    };
    match scope {
        Scope::Top => format!("{pair}\n"),
        Scope::Door => format!("[portreeve]\n{pair}\n"),
        Scope::EventLog => {
            let to =
                if ["size", "keep"].contains(&key.name) { "file" } else { "stderr\", \"syslog" };
            let to = if key.name == "to" { String::new() } else { format!("to = [\"{to}\"], ") };
            format!("[portreeve]\nlog = {{ {to}{pair} }}\n")
        }
        Scope::OnStop => {
            let rest = rest(&[("sessions", "\"end\"")]);
            format!("[portreeve]\non-stop = {{ {rest}{pair} }}\n")
        }
        Scope::Evidence => format!("[portreeve]\nevidence = {{ {pair} }}\n"),
        Scope::Delayed => format!("[portreeve]\ndelayed = {{ {pair} }}\n"),
        Scope::Import => format!("{}[import]\n{pair}\n", judged("")),
        Scope::HostsAccess => format!("[import]\nhosts-access = {{ {pair} }}\n"),
        Scope::Ban => format!("[ban]\n{pair}\n"),
        Scope::Breaker => format!("[ban]\nbreaker = {{ {pair} }}\n"),
        Scope::Nftables => format!("[ban.nftables]\n{pair}\n"),
        Scope::HostsDeny => format!("[ban.hosts-deny]\n{pair}\n"),
        Scope::BanCommand => {
            let rest = rest(&[("user", "\"root\""), ("ban", "[\"/bin/x\"]")]);
            format!("[ban]\ncommand = {{ x = {{ {rest}{pair} }} }}\n")
        }
        Scope::BanMail => {
            let rest = rest(&[("to", "[\"root\"]"), ("from", "\"root\"")]);
            format!("[ban]\nmail = {{ {rest}{pair} }}\n")
        }
        Scope::Smtp => smtp(&format!("{}{pair}", rest(&[("host", "\"x\"")]))),
        Scope::SmtpLogin => {
            let other = ["password", "password-file"].contains(&key.name);
            let password = if other { "" } else { "password = \"x\", " };
            let rest = rest(&[("user", "\"x\"")]);
            smtp(&format!("host = \"x\", login = {{ {rest}{password}{pair} }}"))
        }
        Scope::Defaults => format!("[defaults]\n{pair}\n"),
        Scope::Service => {
            let lines =
                [("user", "\"root\""), ("listen", "[\"192.0.2.1:1\"]"), ("run", "[\"/bin/x\"]")];
            let mut text = String::from("[service.x]\n");
            let kept = key.name == "keep" && value == "true";
            for (name, value) in lines {
                let instead =
                    key.name == "internal" && name != "listen" || kept && name == "listen";
                if name != key.name && !instead {
                    text.push_str(&format!("{name} = {value}\n"));
                }
            }
            format!("{text}{pair}\n")
        }
        Scope::Kept => {
            let lines = [
                ("keep", "true"),
                ("user", "\"root\""),
                ("run", "[\"/bin/x\"]"),
                ("finish", "[\"/bin/f\"]"),
            ];
            let lines = lines.iter().filter(|(name, _)| *name != key.name);
            let lines: String = lines.map(|(name, value)| format!("{name} = {value}\n")).collect();
            format!("[service.x]\n{lines}{pair}\n")
        }
        Scope::Fail2ban => format!("[import]\nfail2ban = {{ {pair} }}\n"),
        Scope::DenyHosts => format!("{}[import]\ndenyhosts = {{ {pair} }}\n", judged("")),
        Scope::Watch => {
            let lines = match key.name {
                "files" => [("journal", "{ unit = [\"x\"] }"), ("detectors", "[\"pam\"]")],
                "detectors" => [("files", "[\"/x\"]"), ("patterns", "[\"x\"]")],
                _ => [("files", "[\"/x\"]"), ("detectors", "[\"pam\"]")],
            };
            let lines = lines.iter().filter(|(name, _)| *name != key.name);
            let lines: String = lines.map(|(name, value)| format!("{name} = {value}\n")).collect();
            format!("[watch.x]\n{lines}{pair}\n")
        }
        Scope::WatchFile => {
            let rest = rest(&[("path", "\"/x\"")]);
            format!("[watch.x]\ndetectors = [\"pam\"]\nfiles = [{{ {rest}{pair} }}]\n")
        }
        Scope::Journal => format!("[watch.x]\ndetectors = [\"pam\"]\njournal = {{ {pair} }}\n"),
        Scope::Filter => {
            let rest = rest(&[("failregex", "\"x\"")]);
            format!("[watch.x]\nfiles = [\"/x\"]\nfilters = [{{ {rest}{pair} }}]\n")
        }
        Scope::Restart => kept(format!("restart = {{ {pair} }}")),
        Scope::KeptLog => kept(format!("log = {{ {pair} }}")),
        Scope::Judge => judged(&format!("{pair}\n")),
        Scope::JudgeFail2ban => {
            let increment =
                if ["increment", "preset"].contains(&key.name) { "" } else { "increment = true\n" };
            judged(&format!("{increment}{}{pair}\n", preset("fail2ban", key)))
        }
        Scope::JudgeDenyHosts => judged(&format!("{}{pair}\n", preset("denyhosts", key))),
        Scope::JudgeOpenSsh => judged(&format!("{}{pair}\n", preset("openssh", key))),
        Scope::Tally => {
            let decay = ["window", "idle", "drain"].contains(&key.name);
            let decay = if decay { "" } else { "window = \"1h\", " };
            format!("[judge.x]\ntallies = [{{ {decay}{}{pair} }}]\n", rest(&[("limit", "5")]))
        }
        Scope::Charge => tally(&format!("{{ {pair} }}")),
        Scope::ChargeUsers => tally(&format!("{{ users = {{ {pair} }} }}")),
        Scope::Level => {
            let rest = rest(&[("ipv4", "32"), ("ipv6", "64")]);
            format!("[judge.x]\nlevels = [{{ {rest}{pair} }}]\n")
        }
        Scope::Term => {
            let growth = if key.name == "most" { "factor = 2, " } else { "" };
            format!("[judge.x]\nterm = {{ {growth}{pair} }}\n")
        }
        Scope::Trap => {
            let listen = if key.name == "listen" { "" } else { "listen = [\"192.0.2.1:1\"]\n" };
            format!("[trap.x]\n{listen}{pair}\n")
        }
        Scope::Listen => {
            let rest = rest(&[("host", "\"192.0.2.1\""), ("port", "22")]);
            format!("[trap.x]\nlisten = [{{ {rest}{pair} }}]\n")
        }
        Scope::Access => service(format!("access = [{{ {pair} }}]")),
        Scope::DnsList => {
            let rest = rest(&[("zone", "\"bl.example.org\"")]);
            service(format!("deny-listed = [{{ {rest}{pair} }}]"))
        }
        Scope::Rules => service(format!("rules = {{ {}{pair} }}", rest(&[("file", "\"/etc/x\"")]))),
        Scope::Rate => {
            let rest = rest(&[("connections", "1"), ("pause", "\"1s\"")]);
            service(format!("rate = {{ {rest}{pair} }}"))
        }
        Scope::PerSource => service(format!("per-source = {{ {}{pair} }}", rest(&[("max", "1")]))),
        Scope::Limits => service(format!("limits = {{ {pair} }}")),
        Scope::Limit => {
            let other = if key.name == "soft" { "hard = 9999" } else { "soft = 1" };
            service(format!("limits = {{ open-files = {{ {other}, {pair} }} }}"))
        }
        Scope::Refuse => service(format!("refuse = {{ {pair} }}")),
        Scope::KeepAlive => {
            service(format!("keep-alive = {{ {}{pair} }}", rest(&[("every", "\"15s\"")])))
        }
        Scope::Environment => service(format!("environment = {{ {pair} }}")),
        Scope::Log => {
            let file = ["soft", "hard"].contains(&key.name);
            let file = if file { "file = \"/var/log/x\", " } else { "" };
            service(format!("log = {{ {file}{pair} }}"))
        }
    }
}

/// A report that a server with these keys takes.
fn smtp(keys: &str) -> String {
    format!("[ban]\nmail = {{ to = [\"root\"], from = \"root\", smtp = {{ {keys} }} }}\n")
}

/// A judge with these keys, and what it may name.
fn judged(keys: &str) -> String {
    let service = "listen = [\"192.0.2.1:1\"]\nrun = [\"/bin/x\"]\nuser = \"root\"\n";
    let watch = "files = [\"/x\"]\ndetectors = [\"sshd\"]\n";
    format!("[judge.x]\n{keys}[service.ssh]\n{service}[watch.auth]\n{watch}")
}

/// The line that gives a judge its preset, if a key is not it.
fn preset(name: &str, key: &Key) -> String {
    if key.name == "preset" { String::new() } else { format!("preset = \"{name}\"\n") }
}

/// A judge with a tally that has this charge.
fn tally(charge: &str) -> String {
    format!("[judge.x]\ntallies = [{{ window = \"1h\", limit = 5, charges = [{charge}] }}]\n")
}

fn cases() -> impl Iterator<Item = (Scope, &'static Key)> {
    Scope::ALL.into_iter().flat_map(|scope| keys_of(scope).map(move |key| (scope, key)))
}

#[test]
fn every_example_is_taken() {
    for (scope, key) in cases().filter(|(_, key)| !["import", "xinetd"].contains(&key.name)) {
        let text = with(scope, key, key.example);
        let loaded = native(&text);
        let errors = loaded.diagnostics.iter().any(|found| found.level == Level::Error);
        assert!(!errors, "{}\n{text}", findings(&loaded));
    }
}

#[test]
fn every_key_is_read_and_refuses_a_date() {
    for (scope, key) in cases() {
        let text = with(scope, key, "1979-05-27");
        let loaded = native(&text);
        let found = loaded.diagnostics.iter().any(|found| found.code.0 == "wrong-type");
        assert!(found, "{scope:?} {}: {}\n{text}", key.name, findings(&loaded));
        assert!(loaded.config.is_none());
    }
}

#[test]
fn a_default_written_out_changes_nothing() {
    for (scope, key) in cases() {
        let Fallback::Is(value) = key.default else { continue };
        if scope == Scope::Top || (key.name == "internal") {
            continue; // a second `[service]` would be needed
        }
        let text = with(scope, key, value);
        let line = format!("{} = {value}", key.name);
        let without = text.replace(&format!(", {line}"), "").replace(&line, "");
        assert_ne!(text, without);
        let (with, without) = (native(&text), native(&without));
        assert!(with.config.is_some(), "{}\n{text}", findings(&with));
        assert_eq!(with.config, without.config, "{text}");
    }
}
