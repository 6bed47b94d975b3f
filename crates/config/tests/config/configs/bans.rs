//! What becomes of bans, of every shape the model has.

use super::{HERE, path, sited};
use portreeve_model::{
    BanCommand, BanMail, BanPolicy, Breaker, EndOnBan, Family, HostsDeny, MailBy, MailLogin,
    Nftables, Sited,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

fn seconds(from: u64, to: u64) -> impl Strategy<Value = Duration> {
    (from * 1000..=to * 1000).prop_map(Duration::from_millis)
}

/// A text of one line.
fn line() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[a-zé\u{202e}\"\\\\#=]{0,6}"]
}

pub(super) fn policy() -> impl Strategy<Value = BanPolicy> {
    let ends = select(vec![EndOnBan::Startups, EndOnBan::All, EndOnBan::None]);
    let breaker =
        (1u32..=1_000_000, 1u32..=1_000_000, 1u16..=1000, 0u32..=1_000_000, seconds(1, 86_400));
    let breaker = breaker.prop_map(|(per_minute, per_minute_logs, share, known_good, pause)| {
        Breaker { per_minute, per_minute_logs, share, known_good, pause }
    });
    let breaker = prop_oneof![Just(Breaker::default()), breaker];
    let nftables = ("[a-zA-Z][a-z0-9_]{0,9}", -1000i32..=1000, 1024u32..=10_000_000);
    let nftables = nftables.prop_map(|(table, priority, most)| Nftables { table, priority, most });
    let commands = (0usize..3).prop_flat_map(|count| {
        (0..count).map(|number| command(number).boxed()).collect::<Vec<_>>()
    });
    let files = (0usize..3)
        .prop_flat_map(|count| (0..count).map(|number| file(number).boxed()).collect::<Vec<_>>());
    (ends, breaker, of(nftables), files, commands, of(mail())).prop_map(
        |(ends, breaker, nftables, hosts_deny, commands, mail)| BanPolicy {
            ends,
            breaker,
            nftables,
            hosts_deny,
            commands,
            mail,
        },
    )
}

fn file(number: usize) -> impl Strategy<Value = HostsDeny> {
    let daemon = prop_oneof![Just("ALL".to_owned()), "[a-z][a-z0-9.-]{4,8}"];
    (path(), of(daemon), any::<bool>(), 1u32..=1_000_000).prop_map(
        move |(path, daemon, markers, most)| HostsDeny {
            path: format!("{path}{number}"),
            daemon,
            markers,
            most,
            origin: Sited::new((), HERE),
        },
    )
}

fn run() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![line(), select(&BanCommand::PLACEHOLDERS[..]).prop_map(placeholder)];
    let harmless = word.prop_filter("no word in braces", |word: &String| {
        !word.contains('}') || BanCommand::PLACEHOLDERS.iter().any(|p| *word == placeholder(p))
    });
    (path(), vec(harmless, 0..3)).prop_map(|(path, args)| {
        std::iter::once(path.replace(['{', '}'], "")).chain(args).collect()
    })
}

fn placeholder(name: &str) -> String {
    format!("{{{name}}}")
}

fn command(number: usize) -> impl Strategy<Value = BanCommand> {
    let family = select(vec![Family::Dual, Family::V4, Family::V6]);
    let run = (run(), of(run()), any::<bool>(), of(path()));
    let user = sited("[a-z][a-z0-9-]{0,8}");
    (run, user, seconds(1, 3600), 1u32..=64, (any::<bool>(), family)).prop_map(
        move |((one, other, swap, start), user, timeout, at_once, (restored, family))| {
            let (one, other) = (one, other.unwrap_or_default());
            let (ban, unban) = if swap { (other, one) } else { (one, other) };
            let start = start.map(|path| vec![path.replace(['{', '}'], "")]);
            BanCommand {
                name: format!("command-{number}").parse().unwrap(),
                family,
                ban,
                unban,
                start: start.unwrap_or_default(),
                user,
                timeout,
                at_once,
                restored,
                origin: Sited::new((), HERE),
            }
        },
    )
}

fn mail() -> impl Strategy<Value = BanMail> {
    let address = || "[a-z0-9+.]{1,8}(@[a-z.]{1,8})?";
    let from = prop_oneof![address(), "[A-Za-z ]{0,6} <[a-z]{1,5}@[a-z]{1,5}>"];
    let program = (path(), vec(line(), 0..3));
    let program = program
        .prop_map(|(path, args)| MailBy::Program(std::iter::once(path).chain(args).collect()));
    let login =
        (line(), line()).prop_map(|(user, password)| MailLogin { user, password, file: None });
    let filed = line().prop_map(|user| MailLogin {
        user,
        password: "of a file".into(),
        file: Some("/etc/portreeve/mail.password".into()),
    });
    let login = of(prop_oneof![login, filed]);
    let smtp = ("[a-z.:0-9-]{1,9}", 1u16.., any::<bool>(), login)
        .prop_map(|(host, port, tls, login)| MailBy::Smtp { host, port, tls, login });
    let user = sited("[a-z][a-z0-9-]{0,8}");
    let by = prop_oneof![program, smtp];
    (vec(address(), 1..4), from, line(), by, seconds(1, 86_400), user).prop_map(
        |(to, from, subject, by, every, user)| BanMail {
            to,
            from,
            subject,
            by,
            every,
            user,
            origin: Sited::new((), HERE),
        },
    )
}
