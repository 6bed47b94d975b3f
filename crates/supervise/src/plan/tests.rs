use super::*;
use portreeve_model::{Limit, Resource};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Any bytes but NUL.
fn bytes(least: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1..=255_u8, least..12)
}

fn after(start: &'static str) -> impl Strategy<Value = Vec<u8>> {
    bytes(0).prop_map(move |rest| [start.as_bytes(), &rest].concat())
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![after("/"), after("./")]
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    bytes(1)
        .prop_map(|name| name.into_iter().map(|byte| if byte == b'=' { b'_' } else { byte }))
        .prop_map(Iterator::collect)
}

fn command() -> impl Strategy<Value = Command> {
    (file(), vec(bytes(0), 1..4)).prop_map(|(file, arguments)| Command { file, arguments })
}

fn task() -> impl Strategy<Value = Task> {
    let log = (after("/"), 4096..=16_777_215_u64, 2..=u32::MAX, any::<bool>());
    let log = log.prop_map(|(folder, size, files, labels)| Log { folder, size, files, labels });
    prop_oneof![command().prop_map(Task::Command), log.prop_map(Task::Log)]
}

fn user() -> impl Strategy<Value = User> {
    let id = || 0..u32::MAX;
    (id(), id(), vec(id(), 0..4)).prop_map(|(uid, gid, groups)| User { uid, gid, groups })
}

fn environment() -> impl Strategy<Value = Environment> {
    let base = prop_oneof![Just(Base::Inherit), vec(name(), 0..3).prop_map(Base::Pass)];
    (base, vec((name(), bytes(0)), 0..3)).prop_map(|(base, set)| Environment { base, set })
}

fn limits() -> impl Strategy<Value = Vec<ResourceLimit>> {
    vec((0_u64..9, option::of(0_u64..9)), 0..10).prop_map(|bounds| {
        let all = Resource::ALL.iter().zip(bounds);
        all.map(|((resource, _), (soft, more))| {
            let hard = more.map_or(Limit::Unlimited, |more| Limit::At(soft + more));
            ResourceLimit { resource: *resource, soft: Limit::At(soft), hard }
        })
        .collect()
    })
}

fn time() -> impl Strategy<Value = Duration> {
    (0..86_400_000_u64).prop_map(Duration::from_millis)
}

fn restart() -> impl Strategy<Value = Restart> {
    (time(), time(), option::of(1..=u32::MAX), time()).prop_map(|(one, other, limit, within)| {
        Restart { delay: one.min(other), longest: one.max(other), limit, within }
    })
}

prop_compose! {
    fn surroundings()(
        task in task(),
        user in option::of(user()),
        chroot in option::of(after("/")),
        directory in option::of(after("/")),
        environment in environment(),
        environment_directory in option::of(file()),
        limits in limits(),
        nice in option::of(-20..=19),
        umask in option::of(0..=0o777_u32),
    ) -> Plan {
        Plan {
            user, chroot, directory, environment, environment_directory, limits, nice, umask,
            ..Plan::new(task)
        }
    }
}

prop_compose! {
    fn plan()(
        plan in surroundings(),
        no_new_privs: bool,
        new_session: bool,
        stderr_to_stdout: bool,
        ready in option::of(3..=31_u32),
        finish in option::of((command(), option::of(time()))),
        stop_signal in (1..=64).prop_filter_map("a signal", Signal::from_number),
        kill_after in option::of(time()),
        restart in restart(),
    ) -> Plan {
        let finish = finish.map(|(command, within)| Finish { command, within });
        Plan { no_new_privs, new_session, stderr_to_stdout, ready, finish, stop_signal, kill_after, restart, ..plan }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(plan in plan()) {
        let text = plan.to_text();
        let plain = text.bytes().all(|byte| matches!(byte, b'\n' | 0x20..=0x7e));
        prop_assert!(plain, "{}", text);
        prop_assert_eq!(Plan::parse(text.as_bytes()), Ok(plan));
    }

    #[test]
    fn no_text_is_read_wrongly(plan in plan(), at: prop::sample::Index, byte: u8) {
        let mut text = plan.to_text().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        // whatever it is now, what is read is written and read again as the same
        if let Ok(plan) = Plan::parse(&text) {
            prop_assert_eq!(Plan::parse(plan.to_text().as_bytes()), Ok(plan));
        }
    }
}

#[test]
fn a_folder_with_run_alone_says_only_that() {
    let plan = Plan::of_run();
    assert_eq!(plan.to_text(), "plan 1\nfile ./run\nargument ./run\n");
    assert_eq!(Plan::parse(plan.to_text().as_bytes()), Ok(plan));
}

#[test]
fn a_log_is_multilogs_arguments() {
    let log = Log { folder: b"/var/log/x".to_vec(), size: 4096, files: 3, labels: true };
    let words: Vec<_> =
        log.arguments().into_iter().map(|word| String::from_utf8(word).unwrap()).collect();
    assert_eq!(words, ["multilog", "t", "s4096", "n3", "/var/log/x"]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let run = "plan 1\nfile /bin/x\nargument x\n";
    for (text, said) in [
        ("", "line 1: not `plan 1`: written by another version"),
        ("plan 2\n", "line 1: not `plan 1`: written by another version"),
        ("plan 1", "line 1: not `plan 1`: written by another version"),
        ("plan 1\n", "one of `file` and `log` is needed"),
        ("plan 1\nfile x\n", "line 2: `file` takes a path that begins with `/` or `./`"),
        ("plan 1\nfile /x\n", "`file` without `argument`"),
        ("plan 1\nlog /x\nlog-size 4096\n", "`log-size` and `log-files` are needed with `log`"),
        ("plan 1\nlog /x\nfile /x\nargument x\n", "one of `file` and `log` is needed"),
        ("+\n", "line 4: not a key and words in visible ASCII, ended by a line feed"),
        ("+nice 1", "line 4: not a key and words in visible ASCII, ended by a line feed"),
        ("+nice 1\nnice 2\n", "line 5: `nice` is there twice"),
        ("+nice +1\n", "line 4: `nice` takes a number from -20 to 19"),
        ("+nice 20\n", "line 4: `nice` takes a number from -20 to 19"),
        ("+new-session no\n", "line 4: `new-session` takes no value"),
        ("+niece 1\n", "line 4: unknown key `niece`"),
        ("+user 1\n", "`user` without `group`"),
        ("+supplementary-group 1\n", "`supplementary-group` without `user`"),
        ("+user 4294967295\n", "line 4: `user` takes a number below 4294967295"),
        ("+umask 0888\n", "line 4: `umask` takes an octal number up to 777"),
        ("+umask +7\n", "line 4: `umask` takes an octal number up to 777"),
        ("+ready 2\n", "line 4: `ready` takes a descriptor from 3 to 31"),
        ("+stop-signal no\n", "line 4: `stop-signal` takes a signal's name or number"),
        ("+kill-after 5s\n", "line 4: `kill-after` takes a time such as `5000ms`, at most a day"),
        (
            "+limit stack 2 1\n",
            "line 4: `limit` takes a resource, a soft and a hard limit that is not below it",
        ),
        ("+limit stack 1 1\nlimit stack 1 1\n", "line 5: `limit` is there twice"),
        (
            "+environment-set a=b c\n",
            "line 4: `environment-set` takes a name without `=`, and a value",
        ),
        (
            "+environment-set a b c\n",
            "line 4: `environment-set` takes a name without `=`, and a value",
        ),
        ("+environment-pass a\n", "`environment-pass` without `environment-empty`"),
        ("+finish-argument a\n", "`finish-argument` without `finish`"),
        ("+finish-timeout none\n", "`finish-timeout` without `finish`"),
        ("+argument a%00b\n", "line 4: `argument` takes a word"),
        (
            "+restart-longest 1ms\n",
            "`restart-longest` takes a time that is not below `restart-delay`",
        ),
    ] {
        let text = text.strip_prefix('+').map_or(text.to_owned(), |rest| format!("{run}{rest}"));
        let wrong = Plan::parse(text.as_bytes()).map_err(|wrong| wrong.to_string());
        assert_eq!(wrong, Err(said.to_owned()), "{text}");
    }
}

#[test]
fn a_plan_is_bounded() {
    let line = format!("argument {}\n", "x".repeat(100));
    let text = format!("plan 1\nfile /x\n{}", line.repeat(4096));
    assert_eq!(Plan::parse(text.as_bytes()).map_err(|bad| bad.wrong), Err(Wrong::TooLong));
    let text = format!("plan 1\nfile /x\n{}", "argument x\n".repeat(4097));
    let wrong = BadPlan { line: 4099, wrong: Wrong::TooMany("argument") };
    assert_eq!(Plan::parse(text.as_bytes()), Err(wrong));
}
