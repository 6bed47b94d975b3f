use super::*;
use crate::plan::Restart;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// So many milliseconds after everything began.
fn at(milliseconds: u64) -> Now {
    let clock = Duration::from_millis(milliseconds);
    Now { label: Label::at(clock), clock }
}

fn up() -> Machine {
    up_as(Manner::default())
}

/// One that was started at once.
fn up_as(manner: Manner) -> Machine {
    let mut machine = Machine::new(false, manner, at(0).label);
    assert_eq!(machine.due(at(0)), [Deed::Start]);
    assert_eq!(machine.started(7, manner, None, at(0)), Deed::Write);
    machine
}

const BAD: End = End::Code(1);

#[test]
fn one_that_dies_young_is_started_once_a_second_and_an_old_one_at_once() {
    let mut machine = up();
    assert_eq!(machine.died(BAD, None, at(0)), [Deed::Write]);
    assert_eq!(machine.due(at(500)), []);
    assert_eq!(machine.next_due(), Some(SECOND));
    assert_eq!(machine.due(at(1000)), [Deed::Start]);
    machine.started(8, Manner::default(), None, at(1000));
    machine.died(BAD, None, at(5000));
    assert_eq!(machine.due(at(5000)), [Deed::Start]);
    machine.not_started(at(5000).clock);
    assert_eq!((machine.due(at(6000)), machine.next_due()), (vec![], Some(65 * SECOND)));
    // a word is stronger than a failure
    machine.command(b'u', at(7000));
    assert_eq!(machine.due(at(7000)), [Deed::Start]);
}

#[test]
fn commands_change_what_is_wanted_and_signal_what_runs() {
    let mut machine = up();
    use Deed::{Leave, Signal as Send, Write};
    let now = at(100);
    assert_eq!(machine.command(b'p', now), [Send(Signal::STOP), Write]);
    assert!(machine.status().paused);
    for (byte, signal) in [
        (b't', Signal::TERM),
        (b'h', Signal::HUP),
        (b'a', Signal::ALRM),
        (b'i', Signal::INT),
        (b'k', Signal::KILL),
        (b'q', Signal::QUIT),
        (b'1', Signal::USR1),
        (b'2', Signal::USR2),
    ] {
        assert_eq!(machine.command(byte, now), [Send(signal)]);
    }
    assert_eq!(machine.command(b'd', now), [Send(Signal::TERM), Send(Signal::CONT), Write]);
    assert!(!machine.status().paused && machine.status().want == Want::Down);
    assert_eq!(machine.next_due(), None, "nothing kills it");
    machine.died(BAD, None, at(3000));
    assert_eq!(machine.next_due(), None, "it is wanted down");
    assert_eq!(machine.command(b'h', at(3000)), []);
    assert_eq!(machine.command(b'o', at(3000)), [Write]);
    assert_eq!(machine.due(at(9000)), [Deed::Start]);
    machine.started(9, Manner::default(), None, at(9000));
    assert_eq!(machine.died(BAD, None, at(20_000)), [Write]);
    assert_eq!(machine.next_due(), None, "once is once");
    assert_eq!(machine.command(b'\n', at(20_000)), []);
    assert_eq!(machine.command(b'x', at(20_000)), [Leave]);
}

#[test]
fn leaving_waits_for_the_death_and_starts_nothing() {
    let mut machine = up();
    assert_eq!(machine.command(b'x', at(1)), []);
    assert_eq!(machine.died(BAD, None, at(4000)), [Deed::Write, Deed::Leave]);
    assert_eq!(machine.due(at(9000)), []);
}

#[test]
fn one_that_runs_already_is_not_started() {
    let status = Status { since: at(4).label, pid: 77, paused: true, want: Want::Down };
    let manner = Manner { ready: true, ..Manner::default() };
    let mut machine = Machine::adopted(false, manner, status, None, at(5));
    assert_eq!(machine.due(at(9000)), []);
    assert_eq!(machine.status(), Status { want: Want::Up, ..status });
    assert!(machine.awaits_readiness());
    machine.died(End::Unknown, None, at(9000));
    assert_eq!(machine.due(at(9000)), [Deed::Start]);
    // one that began a minute ago has not lived a short life
    let mut old = Machine::adopted(false, manner, status, None, at(70_000));
    old.died(End::Unknown, None, at(70_001));
    let state = old.state(at(70_001));
    assert_eq!((state.short, state.last.unwrap().lived), (0, Duration::from_millis(70_001)));
    // what the last supervisor knew of this process
    let state = State { short: 3, ready: Ready::Never, ..machine.state(at(9000)) };
    for (pid, short) in [(77, 3), (78, 0)] {
        let state = Some(State { pid, ..state });
        let adopted = Machine::adopted(false, manner, status, state, at(5)).state(at(5));
        assert_eq!(adopted.short, short);
        assert_eq!(adopted.ready == Ready::Never, pid == 77);
    }
}

#[test]
fn it_is_ready_once_and_only_where_it_is_asked() {
    let mut machine = up();
    assert_eq!((machine.is_ready(at(1)), machine.never_ready()), (None, None));
    assert_eq!(machine.state(at(1)).ready, Ready::NotAsked);
    let manner = Manner { ready: true, ..Manner::default() };
    let mut machine = up_as(manner);
    assert_eq!(machine.state(at(1)).ready, Ready::NotYet);
    assert_eq!(machine.is_ready(at(7)), Some(Deed::Show));
    assert_eq!((machine.is_ready(at(8)), machine.never_ready()), (None, None));
    assert_eq!(machine.state(at(9)).ready, Ready::Since(at(7).label));
    machine.died(BAD, None, at(10));
    assert_eq!(machine.state(at(11)).ready, Ready::NotAsked);
    machine.started(8, manner, None, at(2000));
    assert_eq!(machine.never_ready(), Some(Deed::Show));
    assert_eq!((machine.is_ready(at(2001)), machine.state(at(2001)).ready), (None, Ready::Never));
}

#[test]
fn a_stop_that_takes_too_long_ends_in_a_kill() {
    let manner =
        Manner { stop_signal: Signal::INT, kill_after: Some(3 * SECOND), ..Manner::default() };
    let mut machine = up_as(manner);
    let stopped = machine.command(b'd', at(1000));
    assert_eq!(stopped, [Deed::Signal(Signal::INT), Deed::Signal(Signal::CONT), Deed::Write]);
    assert_eq!(machine.next_due(), Some(4 * SECOND));
    // told again, and told to be up afterwards: the first word counts
    machine.command(b'd', at(2000));
    machine.command(b'u', at(2000));
    assert_eq!(machine.due(at(3999)), []);
    assert_eq!(machine.due(at(4000)), [Deed::Signal(Signal::KILL)]);
    assert_eq!((machine.due(at(9000)), machine.next_due()), (vec![], None), "once");
    machine.died(End::Signal(9), None, at(4001));
    assert_eq!(machine.due(at(4001)), [Deed::Start]);
    assert_eq!(machine.state(at(4001)).short, 0, "it was told to end");
    // one that ends in time is not killed
    let mut machine = up_as(manner);
    machine.command(b'd', at(1000));
    machine.died(End::Signal(2), None, at(1100));
    assert_eq!((machine.due(at(9000)), machine.next_due()), (vec![], None));
}

#[test]
fn a_finish_runs_between_a_death_and_the_next_start() {
    let mut machine = up();
    let deeds = machine.died(End::Signal(15), Some(Some(5 * SECOND)), at(2000));
    assert_eq!(deeds, [Deed::Write]);
    assert_eq!(machine.next_due(), Some(Duration::ZERO));
    assert_eq!(machine.due(at(2000)), [Deed::Finish(End::Signal(15))]);
    let within = machine.finish_within();
    assert_eq!(machine.finishing(9, within, at(2000)), Deed::Show);
    assert_eq!((machine.status().pid, machine.process()), (0, Some(9)));
    assert_eq!((machine.state(at(2000)).phase, machine.state(at(2000)).pid), (Phase::Finishing, 9));
    assert_eq!(machine.command(b't', at(2001)), [], "signals are the service's");
    assert_eq!(machine.command(b'k', at(2001)), [Deed::Signal(Signal::KILL)]);
    assert_eq!(machine.command(b'x', at(2001)), []);
    assert_eq!(machine.next_due(), Some(7 * SECOND));
    let late = [Deed::Say(Said::FinishTooLong), Deed::Signal(Signal::KILL)];
    assert_eq!(machine.due(at(7000)), late);
    assert_eq!(machine.finished(End::Signal(9), at(7001)), [Deed::Show, Deed::Leave]);

    let mut machine = up();
    machine.died(BAD, Some(None), at(2000));
    machine.finishing(9, None, at(2000));
    assert_eq!(machine.next_due(), None, "it may take for ever");
    assert_eq!(machine.finished(End::Code(0), at(9000)), [Deed::Show]);
    assert_eq!(machine.due(at(9000)), [Deed::Start]);
}

#[test]
fn a_finish_may_say_not_again() {
    let mut machine = up();
    machine.died(BAD, Some(None), at(2000));
    machine.finishing(9, None, at(2000));
    let deeds = machine.finished(End::Code(125), at(2001));
    assert_eq!(deeds, [Deed::Say(Said::NotAgain), Deed::Write]);
    assert_eq!((machine.due(at(9000)), machine.next_due()), (vec![], None));
    assert_eq!(machine.status().want, Want::Down);
    assert_eq!(machine.state(at(9000)).given_up, Some(Given::Finish));
    machine.command(b'u', at(9000));
    assert_eq!(machine.state(at(9000)).given_up, None);
    assert_eq!(machine.due(at(9000)), [Deed::Start]);
}

#[test]
fn short_lives_in_a_row_wait_longer_and_longer_until_there_are_too_many() {
    let restart =
        Restart { delay: SECOND, longest: 3 * SECOND, limit: Some(4), within: 10 * SECOND };
    let manner = Manner { restart, ..Manner::default() };
    let mut machine = up_as(manner);
    let mut begun = 0;
    for wait in [1000, 2000, 3000] {
        assert_eq!(machine.died(BAD, None, at(begun + 10)), [Deed::Write]);
        assert_eq!(machine.next_due(), Some(at(begun + wait).clock));
        let state = machine.state(at(begun + 10));
        assert_eq!(state.next, Some(at(begun + 10).label.after(at(wait - 10).clock)));
        begun += wait;
        assert_eq!(machine.due(at(begun)), [Deed::Start]);
        machine.started(8, manner, None, at(begun));
    }
    let deeds = machine.died(End::Signal(11), None, at(begun + 10));
    assert_eq!(deeds, [Deed::Write, Deed::Say(Said::Limit(4, End::Signal(11)))]);
    assert_eq!((machine.next_due(), machine.status().want), (None, Want::Down));
    let state = machine.state(at(begun + 20));
    assert_eq!((state.given_up, state.phase, state.short), (Some(Given::Limit), Phase::Down, 4));
    // a word makes it begin anew
    machine.command(b'u', at(begun + 20));
    assert_eq!(machine.next_due(), Some(at(begun + 1000).clock));
    let state = machine.state(at(begun + 20));
    assert_eq!((state.given_up, state.short), (None, 0));
    // a long life, too
    machine.started(9, manner, None, at(50_000));
    machine.died(BAD, None, at(50_001));
    machine.started(9, manner, None, at(51_000));
    machine.died(BAD, None, at(61_000));
    assert_eq!((machine.state(at(61_000)).short, machine.next_due()), (0, Some(at(52_000).clock)));
}

#[test]
fn who_keeps_dying_young_flaps_until_it_has_lived_long_enough() {
    let mut machine = up();
    for round in 0..FLAPPING {
        assert!(!machine.state(at(0)).flapping, "{round}");
        machine.died(BAD, None, at(10));
        machine.started(8, Manner::default(), None, at(10));
    }
    assert!(machine.state(at(11)).flapping);
    let settled = at(10).clock + Restart::default().within;
    assert_eq!(machine.next_due(), Some(settled));
    let settled = Now { clock: settled, ..at(0) };
    assert_eq!(machine.due(settled), [Deed::Show]);
    assert!(!machine.state(settled).flapping && machine.next_due().is_none());
    // deaths that somebody wanted do not count, and neither do those of one that is to run once
    let mut machine = up();
    for byte in [b't', b'k', b'i', b'q', b'o'] {
        machine.command(byte, at(5));
        machine.died(BAD, None, at(10));
        assert_eq!(machine.state(at(10)).short, 0);
        machine.started(8, Manner::default(), None, at(10));
    }
}

#[test]
fn delays_do_not_overflow() {
    let day = Duration::from_secs(86_400);
    let restart = Restart { delay: day, longest: day, limit: None, within: day };
    let manner = Manner { restart, ..Manner::default() };
    for short in [0, 1, 2, 31, 32, 33, 64, u32::MAX] {
        assert_eq!(manner.delay(short), day);
    }
    // no processor is spent on a mistake
    let restart = Restart { delay: Duration::ZERO, longest: Duration::ZERO, ..restart };
    let mut machine = up_as(Manner { restart, ..Manner::default() });
    machine.died(BAD, None, at(0));
    assert_eq!(machine.next_due(), Some(AT_LEAST));
}

/// Something that happens to a supervisor.
#[derive(Clone, Copy, Debug)]
enum Event {
    Byte(u8),
    Died(End, Option<Option<Duration>>),
    Due,
    Ready(bool),
}

fn events() -> impl Strategy<Value = Event> {
    let ends = prop_oneof![
        any::<u8>().prop_map(End::Code),
        Just(End::Code(NOT_AGAIN)),
        any::<u8>().prop_map(End::Signal),
        Just(End::Unknown),
    ];
    let within = prop::option::of(prop::option::of((0..9_u64).prop_map(Duration::from_secs)));
    prop_oneof![
        prop::sample::select(b"udoxpchaitkq12\n".to_vec()).prop_map(Event::Byte),
        (ends, within).prop_map(|(end, within)| Event::Died(end, within)),
        Just(Event::Due),
        any::<bool>().prop_map(Event::Ready),
    ]
}

/// What happens to it, and what becomes of its deeds: whether it has left.
fn happens(machine: &mut Machine, event: Event, now: Now, next: &mut u32) -> bool {
    let deeds = match event {
        Event::Byte(byte) => machine.command(byte, now),
        Event::Died(end, finish) => match (machine.process(), machine.is_finishing()) {
            (None, _) => Vec::new(),
            (Some(_), false) => machine.died(end, finish, now),
            (Some(_), true) => machine.finished(end, now),
        },
        Event::Due => machine.due(now),
        Event::Ready(true) => machine.is_ready(now).into_iter().collect(),
        Event::Ready(false) => machine.never_ready().into_iter().collect(),
    };
    let mut left = false;
    for deed in deeds {
        assert!(!left, "nothing comes after leaving");
        match deed {
            Deed::Start => {
                assert_eq!(machine.process(), None, "never a second copy");
                machine.started(*next, machine.manner(), None, now);
                *next += 1;
            }
            Deed::Finish(_) => {
                assert_eq!(machine.process(), None);
                machine.finishing(*next, machine.finish_within(), now);
                *next += 1;
            }
            Deed::Signal(_) => assert!(machine.process().is_some()),
            Deed::Leave => {
                assert_eq!(machine.process(), None, "it waits for its process");
                left = true;
            }
            Deed::Write | Deed::Show | Deed::Say(_) => {}
        }
    }
    left
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_process_and_a_note_of_it(
        ready in any::<bool>(),
        kill_after in prop::option::of((0..9_u64).prop_map(Duration::from_secs)),
        limit in prop::option::of(1..5_u32),
        steps in prop::collection::vec((events(), 0..3000_u64), 0..60),
    ) {
        let restart = Restart { limit, longest: 8 * SECOND, ..Restart::default() };
        let manner = Manner { ready, kill_after, restart, ..Manner::default() };
        let mut machine = Machine::new(false, manner, at(0).label);
        let (mut clock, mut next) = (0, 1);
        for (event, later) in steps {
            clock += later;
            let now = at(clock);
            if happens(&mut machine, event, now, &mut next) {
                break;
            }
            let state = machine.state(now);
            prop_assert_eq!(State::parse(state.to_text().as_bytes()), Some(state));
            prop_assert_eq!(state.pid, machine.process().unwrap_or(0));
            let process = machine.process().map(|pid| (pid, now.label));
            let again = Machine::from_note(&machine.to_note(), manner, process, now).unwrap();
            prop_assert_eq!(again.state(now), state);
            prop_assert_eq!(again.status().to_bytes(), machine.status().to_bytes());
            prop_assert_eq!(again.next_due(), machine.next_due());
            prop_assert_eq!(again.to_note(), machine.to_note());
        }
    }

    #[test]
    fn no_bytes_are_too_much_for_a_note(bytes in prop::collection::vec(any::<u8>(), 0..NOTE + 9)) {
        let _ = Machine::from_note(&bytes, Manner::default(), None, at(0));
    }
}

#[test]
fn a_process_that_a_note_does_not_know_is_what_was_to_be_started() {
    let manner = Manner::default();
    let down = Machine::new(false, manner, at(0).label);
    let late = Some((9, at(5).label));
    let machine = Machine::from_note(&down.to_note(), manner, late, at(6)).unwrap();
    assert_eq!((machine.status().pid, machine.status().since), (9, at(5).label));
    assert!(!machine.is_finishing());
    let mut dead = up();
    dead.died(BAD, Some(Some(SECOND)), at(10));
    let machine = Machine::from_note(&dead.to_note(), manner, late, at(20)).unwrap();
    assert!(machine.is_finishing() && machine.process() == Some(9));
    assert_eq!(machine.next_due(), Some(at(1020).clock));
    // the next one, when the end of the one before was not noted
    let machine = Machine::from_note(&up().to_note(), manner, late, at(20)).unwrap();
    assert_eq!(machine.status().pid, 9);
}
