use super::*;
use portreeve_supervise::state::State;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Label {
    Label::at(Duration::from_secs(seconds))
}

/// A service under the ancestor's supervisor.
fn seen(pid: u32, since: u64, want: Want) -> Seen {
    let status = Status { since: at(since), pid, paused: false, want };
    Seen {
        supervisor: Supervisor::Runs,
        status: Some(status),
        state: None,
        disabled: false,
        left: None,
        held: None,
    }
}

/// One under ours.
fn ours(pid: u32, since: u64, want: Want, ready: Ready) -> Seen {
    let phase = if pid == 0 { Phase::Down } else { Phase::Up };
    let state = State {
        phase,
        since: at(since),
        pid,
        ready,
        last: None,
        short: 0,
        flapping: false,
        next: None,
        given_up: None,
        plan: None,
    };
    Seen { state: Some(state), ..seen(pid, since, want) }
}

/// Steps at these seconds after the first, the calendar going along.
fn steps(goal: Goal, before: &Seen, then: &[(f64, Seen)]) -> Vec<Step> {
    let mut course = Course::new(goal, before, SETTLED);
    let each = then.iter().map(|(seconds, seen)| {
        let now = Duration::from_secs_f64(100.0 + seconds);
        course.step(seen, Label::at(now), now)
    });
    each.collect()
}

fn last(goal: Goal, before: &Seen, then: &[(f64, Seen)]) -> Step {
    steps(goal, before, then).pop().unwrap()
}

#[test]
fn what_runs_for_a_second_is_up_and_what_dies_sooner_is_not() {
    let down = seen(0, 10, Want::Down);
    let left = SETTLED - SECOND / 2;
    assert_eq!(
        steps(
            Goal::Up,
            &down,
            &[
                (0.0, down.clone()),
                (0.1, seen(7, 100, Want::Up)),
                (0.6, seen(7, 100, Want::Up)),
                (0.7, seen(0, 101, Want::Up)),
                (1.1, seen(8, 102, Want::Up)),
                (2.4, seen(8, 102, Want::Up)),
            ],
        ),
        [
            Step::Wait(None),
            Step::Wait(Some(SETTLED)),
            Step::Wait(Some(left)),
            Step::Wait(None),
            Step::Wait(Some(SETTLED)),
            Step::Reached,
        ]
    );
    let mut course = Course::new(Goal::Up, &down, SETTLED);
    for (pid, since) in [(7, 100), (0, 101), (8, 102), (9, 103)] {
        course.step(&seen(pid, since, Want::Up), at(103), 103 * SECOND);
    }
    assert_eq!(course.deaths(), 2);
}

#[test]
fn what_ran_long_before_is_up_at_once_but_not_what_was_being_ended() {
    let runs = seen(7, 10, Want::Up);
    assert_eq!(last(Goal::Up, &runs, &[(0.0, runs.clone())]), Step::Reached);
    // wanted up again while the old process still runs
    let ending = seen(7, 10, Want::Down);
    let wanted = seen(7, 10, Want::Up);
    assert_eq!(last(Goal::Up, &ending, &[(9.0, wanted)]), Step::Wait(None));
    let anew = [(0.0, seen(8, 101, Want::Up)), (2.0, seen(8, 101, Want::Up))];
    assert_eq!(last(Goal::Up, &ending, &anew), Step::Reached);
}

#[test]
fn a_restart_is_another_process() {
    let runs = seen(7, 10, Want::Up);
    let other = seen(7, 101, Want::Up); // the same number, anew
    assert_eq!(last(Goal::Restart, &runs, &[(0.0, runs.clone())]), Step::Wait(None));
    assert_eq!(last(Goal::Restart, &runs, &[(0.0, other.clone()), (2.0, other)]), Step::Reached);
}

#[test]
fn down_is_obeyed_and_over() {
    let runs = seen(7, 10, Want::Up);
    for (now, want) in [
        (seen(7, 10, Want::Down), Step::Wait(None)),
        (seen(0, 101, Want::Up), Step::Wait(None)), // it died by itself, the word is not heard yet
        (seen(0, 101, Want::Down), Step::Reached),
    ] {
        assert_eq!(last(Goal::Down, &runs, &[(0.0, now)]), want);
    }
    let mut finishing = ours(0, 101, Want::Down, Ready::NotAsked);
    finishing.state.as_mut().unwrap().phase = Phase::Finishing;
    assert_eq!(last(Goal::Down, &runs, &[(0.0, finishing)]), Step::Wait(None));
}

#[test]
fn once_may_be_over_before_anybody_looks() {
    let down = seen(0, 10, Want::Down);
    for (now, want) in [
        (seen(0, 10, Want::Once), Step::Wait(None)),
        (seen(7, 101, Want::Once), Step::Reached),
        (seen(0, 102, Want::Once), Step::Reached),
        (seen(7, 101, Want::Up), Step::Wait(None)),
    ] {
        assert_eq!(last(Goal::Once, &down, &[(0.0, now)]), want);
    }
}

#[test]
fn its_own_word_counts_more_than_time() {
    let down = ours(0, 10, Want::Down, Ready::NotYet);
    let up = |ready| [(0.0, ours(7, 101, Want::Up, ready)), (9.0, ours(7, 101, Want::Up, ready))];
    assert_eq!(steps(Goal::Up, &down, &up(Ready::Since(at(101))))[0], Step::Reached);
    assert_eq!(last(Goal::Up, &down, &up(Ready::NotYet)), Step::Wait(None));
    assert_eq!(last(Goal::Up, &down, &up(Ready::Never)), Step::Lost(Lost::Ready));
    assert_eq!(last(Goal::Up, &down, &up(Ready::NotAsked)), Step::Reached);
}

#[test]
fn what_is_given_up_ends_the_wait_unless_that_is_old() {
    let mut old = ours(0, 10, Want::Up, Ready::NotAsked);
    old.state.as_mut().unwrap().given_up = Some(Given::Limit);
    assert_eq!(last(Goal::Up, &old, &[(0.0, old.clone())]), Step::Wait(None));
    let mut new = ours(0, 105, Want::Up, Ready::NotAsked);
    new.state.as_mut().unwrap().given_up = Some(Given::Finish);
    let lost = Step::Lost(Lost::GivenUp(Given::Finish));
    assert_eq!(last(Goal::Up, &old, &[(0.0, new.clone())]), lost);
    new.status.as_mut().unwrap().want = Want::Down;
    assert_eq!(last(Goal::Down, &old, &[(0.0, new)]), Step::Reached);
}

#[test]
fn without_a_supervisor_there_is_nothing_to_wait_for() {
    let runs = seen(7, 10, Want::Up);
    let away = Seen { supervisor: Supervisor::Away, ..runs.clone() };
    assert_eq!(last(Goal::Down, &runs, &[(0.0, away)]), Step::Lost(Lost::Supervisor));
}
