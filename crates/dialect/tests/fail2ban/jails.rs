//! Jails and filters that are read without an error.

use crate::support::{Host, asked};
use portreeve_dialect::fail2ban::{Jail, Wanted};
use portreeve_model::preset::{Fail2ban, Increment};
use portreeve_model::{Start, UseDns};
use std::time::Duration;

const FILTER: &str = "[INCLUDES]
before = common.conf
[Definition]
_daemon = x(?:d|-<kind>)
failregex = ^%(__prefix)s one <HOST>$
            ^<pre/<logtype>> two <HOST>

            <mdre-<mode>>
ignoreregex =
maxlines = 2
mdre-normal =
mdre-hard = ^hard <HOST>$
journalmatch = _SYSTEMD_UNIT=x.service + _COMM='x d'
[Init]
mode = normal
kind = a
";

const COMMON: &str = "[DEFAULT]
__prefix = %(_daemon)s:
[pre]
file = F
journal = J
";

const JAIL: &str = "[INCLUDES]
before = paths.conf
[DEFAULT]
enabled = no
backend = auto
usedns = no
filter = %(__name__)s[mode=%(mode)s]
mode = normal
logpath = %(log)s
[x]
enabled = true
logpath = %(log)s
          /var/log/other tail
[y]
filter = x[mode=hard, kind=\"b, c\"]
backend = systemd
logtimezone = UTC-0130
failregex = %(known/failregex)s
            own <HOST>
[z]
filter = x
enabled = yes
prefregex = ^pre<F-CONTENT>.+</F-CONTENT>
";

fn host() -> Host {
    Host::new(&[
        ("jail.conf", JAIL),
        ("paths.conf", "[DEFAULT]\nlog = /var/log/x\n"),
        ("jail.local", "[z]\nenabled = no\n"),
        ("filter.d/x.conf", FILTER),
        ("filter.d/common.conf", COMMON),
    ])
}

fn failregex(jail: &Jail) -> Vec<&str> {
    jail.filter.text.failregex.iter().map(|one| one.value.as_str()).collect()
}

#[test]
fn an_enabled_jail_has_its_filters_texts_and_its_own_files() {
    let (jails, findings) = host().enabled();
    let [jail] = jails.as_slice() else { panic!("{findings}") };
    assert_eq!(jail.name.as_str(), "x");
    assert_eq!(failregex(jail), ["^x(?:d|-a): one <HOST>$", "^F two <HOST>"]);
    assert_eq!((jail.filter.text.maxlines, jail.filter.text.usedns), (2, UseDns::No));
    let files: Vec<_> = jail.files.iter().map(|file| (file.path.as_str(), file.start)).collect();
    assert_eq!(files, [("/var/log/x", Start::Beginning), ("/var/log/other", Start::End)]);
    assert_eq!((&jail.journal, jail.zone), (&None, None));
    assert!(!findings.contains("error"), "{findings}");
}

#[test]
fn a_named_jail_is_read_though_it_is_disabled() {
    let (jails, findings) = host().jails(&Wanted::Named(asked(&["y"])));
    let [jail] = jails.as_slice() else { panic!("{findings}") };
    let texts = ["^x(?:d|-b, c): one <HOST>$", "^J two <HOST>", "^hard <HOST>$", "own <HOST>"];
    assert_eq!(failregex(jail), texts);
    assert_eq!((jail.files.len(), jail.zone), (0, Some(-5400)));
    let arguments = jail.journal.as_ref().unwrap().arguments();
    assert_eq!(arguments, ["--system", "_SYSTEMD_UNIT=x.service", "+", "_COMM=x d"]);
}

#[test]
fn a_local_file_wins_and_a_jails_own_prefregex_counts() {
    let (jails, _) = host().jails(&Wanted::Named(asked(&["z"])));
    let text = jails[0].filter.text.prefregex.as_ref().unwrap();
    assert_eq!(text.value, "^pre<F-CONTENT>.+</F-CONTENT>");
    let (jails, _) = host().jails(&Wanted::Enabled { except: asked(&["x"]) });
    assert!(jails.is_empty());
}

#[test]
fn every_expression_knows_the_line_it_was_written_in() {
    let (jails, _) = host().jails(&Wanted::Named(asked(&["y"])));
    let places = jails[0].filter.text.failregex.iter();
    let places: Vec<_> = places.map(|one| (one.origin.line, one.origin.column)).collect();
    assert_eq!(places, [(5, 26), (6, 29), (12, 13), (19, 13)]);
}

#[test]
fn a_filter_outside_a_filter_folder_is_its_file_and_local_alone() {
    let host = Host::new(&[
        ("/own/a.conf", "[Definition]\nfailregex = a <HOST>\n"),
        ("/own/a.local", "[Definition]\nfailregex = %(known/failregex)s\n  b <HOST>\n"),
        ("/own/a.d/more.conf", "[Definition]\nfailregex = c <HOST>\n"),
    ]);
    let (filter, findings) = host.filter("/own/a.conf[maxlines=3]");
    let text = filter.unwrap_or_else(|| panic!("{findings}")).text;
    let regexes: Vec<_> = text.failregex.iter().map(|one| one.value.as_str()).collect();
    assert_eq!((regexes.as_slice(), text.maxlines), (["a <HOST>", "b <HOST>"].as_slice(), 3));
}

#[test]
fn what_is_not_taken_is_told_with_its_values() {
    let host =
        host().with("jail.d/a.conf", "[x]\nbantime = 1d12h\nfindtime = 5*60\nlogpaht = /x\n");
    let (_, findings) = host.enabled();
    assert!(findings.contains("nobody is banned by it"), "{findings}");
    assert!(findings.contains("findtime 5*60, bantime 1d12h (129600 s)"), "{findings}");
    assert!(findings.contains("did you mean `logpath`?"), "{findings}");
}

#[test]
fn jails_judge_as_they_say() {
    let judged = |lines: &str| {
        let text = format!("[x]\nenabled = 1\nfilter = x\nlogpath = /l\n{lines}");
        let filter = ("filter.d/x.conf", "[Definition]\nfailregex = x <HOST>\n");
        let (mut judgements, findings) = Host::new(&[("jail.conf", &text), filter]).judgements();
        let judgement = judgements.pop().flatten();
        (judgement.unwrap_or_else(|| panic!("{findings}")), findings)
    };
    let seconds = Duration::from_secs;
    let (plain, findings) = judged("");
    assert_eq!((plain.limits, plain.port), (Fail2ban::default(), None));
    assert!(findings.contains("is watched and judges"), "{findings}");
    let ignored =
        "ignoreip = 127.0.0.1/8 ::1, localhost 192.0.2.7 192.0.2.7\n  10.0.0.0/255.255.0.0\n";
    let (judgement, _) = judged(&format!(
        "port = ssh,2222\nmaxretry = 3\nfindtime = 1d\nbantime = -1\n{ignored}\
         bantime.formula = ban.Time * 3\nbantime.maxtime = 1w\n"
    ));
    let Fail2ban { maxretry, findtime, bantime, increment } = judgement.limits;
    // what does not grow needs no formula
    assert_eq!((maxretry, findtime, bantime, increment), (3, seconds(86_400), None, None));
    let spares: Vec<String> = judgement.spares.iter().map(ToString::to_string).collect();
    assert_eq!(spares, ["127.0.0.0/8", "::1", "192.0.2.7", "10.0.0.0/16"]);
    assert_eq!(judgement.port.as_deref(), Some("ssh,2222"));
    let (judgement, _) = judged(
        "bantime.increment = true\nbantime.rndtime = 5m\nbantime.maxtime = 5w\n\
         bantime.formula = ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor\n\
         bantime.factor = 1.5\nbantime.overalljails = yes\n",
    );
    let want = Increment {
        factor: 1500,
        maxtime: Some(seconds(5 * 604_800)),
        rndtime: seconds(300),
        overalljails: true,
        ..Increment::default()
    };
    assert_eq!(judgement.limits.increment, Some(want));
    let (judgement, _) =
        judged("bantime.increment = 1\nbantime.multipliers = 1 5 30\nbantime.rndtime = 0\n");
    let want = Increment { multipliers: vec![1, 5, 30], ..Increment::default() };
    assert_eq!(judgement.limits.increment, Some(want));
}
