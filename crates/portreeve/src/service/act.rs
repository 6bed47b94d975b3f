//! `portreeve service up`, `down`, `once` and `restart`: supervisors are told, and what becomes of
//! their services is waited for.

use super::find::find;
use super::goal::{Course, Goal, Lost, Step};
use super::look::{Seen, Supervisor, look};
use super::outcome::{Outcome, report};
use super::place::{Place, Places};
use super::plan;
use super::tell::{self, tell};
use super::wait::{Changed, Waiting};
use crate::args::{ChangeArgs, Wait};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::services::{end, given_up};
use crate::render::text::span;
use crate::terminal::Form;
use portreeve_supervise::label::Label;
use portreeve_supervise::status::Want;
use portreeve_sys::clock::{monotonic, wall};
use std::time::Duration;

/// Tells all, and waits for all at once.
pub(super) fn run(
    args: &ChangeArgs,
    goal: Goal,
    paths: &Paths,
    form: Form,
) -> Result<Exit, Failure> {
    let places = Places::new(paths, args.at.directory.as_deref());
    let (found, mut outcomes) = find(&args.kept, &places);
    outcomes.extend(bring(found, goal, args.wait)?);
    report(&outcomes, form)
}

/// How long an effect is waited for, where nobody says.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a service may take to be gone once it is killed, its finish included.
const KILLED: Duration = Duration::from_secs(5);

/// So long, where nobody says otherwise: past the time when a service is killed that does not end.
fn patience(found: &[Place], goal: Goal) -> Duration {
    if matches!(goal, Goal::Up | Goal::Once) {
        return PATIENCE;
    }
    let deadlines = found.iter().filter_map(|place| plan::of(place).plan()?.kill_after);
    let longest = deadlines.max().unwrap_or_default();
    PATIENCE.max(longest.saturating_add(KILLED))
}

/// A service that has been told, and what is known of it.
struct Job {
    place: Place,
    course: Course,
    seen: Seen,
    /// When to look again without a change: monotonic.
    again: Option<Duration>,
    done: Option<Result<String, Failure>>,
}

/// Tells services' supervisors, and waits until each service is what it was told to be.
pub(super) fn bring(found: Vec<Place>, goal: Goal, wait: Wait) -> Result<Vec<Outcome>, Failure> {
    let mut waiting =
        Waiting::new().map_err(|error| Failure::system("wait for services", &error))?;
    let timeout = wait.timeout.unwrap_or_else(|| patience(&found, goal));
    let mut jobs = Vec::with_capacity(found.len());
    for place in found {
        if !wait.no_wait {
            waiting.add(&place, jobs.len());
        }
        jobs.push(Job::tell(place, goal, timeout));
    }
    if !wait.no_wait {
        follow(&mut jobs, &mut waiting, goal, timeout)?;
    }
    let outcomes = jobs.into_iter().map(|job| {
        let told = || Ok(format!("`{}` is told to be {}", job.place.shown(), wanted(goal)));
        Outcome::of(&job.place, job.done.clone().unwrap_or_else(told), Some(job.seen))
    });
    Ok(outcomes.collect())
}

fn follow(
    jobs: &mut [Job],
    waiting: &mut Waiting,
    goal: Goal,
    timeout: Duration,
) -> Result<(), Failure> {
    let end = monotonic().saturating_add(timeout);
    let mut changed = Changed::All;
    loop {
        let now = monotonic();
        for (number, job) in jobs.iter_mut().enumerate() {
            let due = job.again.is_some_and(|again| again <= now);
            let told = match &changed {
                Changed::All => true,
                Changed::These(these) => these.contains(&number),
            };
            if job.done.is_none() && (due || told) {
                job.look(goal, now);
            }
        }
        let open = jobs.iter_mut().filter(|job| job.done.is_none());
        if now >= end {
            open.for_each(|job| job.done = Some(Err(job.late(goal, timeout))));
            return Ok(());
        }
        let (mut left, mut next) = (0_usize, end);
        for job in open {
            left += 1;
            next = next.min(job.again.unwrap_or(end));
        }
        if left == 0 {
            return Ok(());
        }
        let failed = |error| Failure::system("wait for services", &error);
        changed = waiting.wait(next.saturating_sub(now)).map_err(failed)?;
    }
}

impl Job {
    fn tell(place: Place, goal: Goal, timeout: Duration) -> Self {
        let seen = look(&place);
        let course = Course::new(goal, &seen, timeout / 2);
        let done = supervised(&place, &seen).and_then(|()| tell(&place, letters(goal))).err();
        Self { place, course, seen, again: None, done: done.map(Err) }
    }

    fn look(&mut self, goal: Goal, now: Duration) {
        self.seen = look(&self.place);
        self.again = None;
        match self.course.step(&self.seen, Label::at(wall()), now) {
            Step::Reached => self.done = Some(Ok(self.sentence(goal))),
            Step::Lost(lost) => self.done = Some(Err(self.lost(lost))),
            Step::Wait(left) => self.again = left.map(|left| now.saturating_add(left)),
        }
    }

    fn lost(&self, lost: Lost) -> Failure {
        let name = self.place.shown();
        let text = match lost {
            Lost::Supervisor => return tell::away(&name),
            Lost::Ready => format!("`{name}` runs, and has not said that it is ready"),
            Lost::GivenUp(given) => format!("`{name}` is not up: {}", given_up(given)),
        };
        self.with_log(Failure::new(Exit::No, text + &self.ended()))
    }

    /// How it ended last, if it has since it was told.
    fn ended(&self) -> String {
        let last = self.seen.state.and_then(|state| state.last);
        let last = last.filter(|last| self.course.is_after(last.at));
        last.map(|last| format!("; it ended last {}", end(&last))).unwrap_or_default()
    }

    fn with_log(&self, failure: Failure) -> Failure {
        let name = self.place.shown();
        let log = self.place.logger().map(|_| format!("`portreeve service log {name}` and "));
        failure.help(format!("see {}`portreeve service status {name}`", log.unwrap_or_default()))
    }

    fn sentence(&self, goal: Goal) -> String {
        let name = self.place.shown();
        let pid = self.seen.pid();
        let paused = self.seen.status.is_some_and(|status| status.paused);
        let note = match paused {
            true => format!(", but paused: `portreeve service signal {name} CONT` wakes it"),
            false => String::new(),
        };
        match (goal, pid) {
            (Goal::Down, _) => format!("`{name}` is down"),
            (Goal::Once, None) => format!("`{name}` has run, and has ended"),
            (Goal::Once, Some(pid)) => {
                format!("`{name}` runs, process {pid}, and is not started again{note}")
            }
            (Goal::Up | Goal::Restart, None) => format!("`{name}` is up"),
            (Goal::Up | Goal::Restart, Some(pid)) => format!("`{name}` is up, process {pid}{note}"),
        }
    }

    /// Time is over: how it is instead, and what may help.
    fn late(&self, goal: Goal, timeout: Duration) -> Failure {
        let name = self.place.shown();
        let time = span(timeout);
        let no = |text: String| Failure::new(Exit::No, text);
        if self.seen.status.is_some_and(|status| status.want != aim(goal)) {
            let text = format!("the supervisor of `{name}` has not obeyed within {time}");
            return no(text).help("is it stopped?");
        }
        let runs = self.seen.status.filter(|status| status.pid != 0);
        match (goal, runs) {
            (Goal::Down, Some(status)) => no(format!(
                "`{name}` has not ended within {time}: process {} still runs",
                status.pid
            ))
            .help(format!("it goes on ending; `portreeve service signal {name} KILL` kills it")),
            (Goal::Restart, Some(status)) if self.course.is_before(&status) => no(format!(
                "`{name}` has not ended within {time}: process {} still runs, and is started again when \
                 it ends",
                status.pid
            ))
            .help(format!("`portreeve service signal {name} KILL` kills it")),
            _ => self.not_up(&name, &time),
        }
    }

    fn not_up(&self, name: &str, time: &str) -> Failure {
        let runs = self.seen.pid().filter(|_| self.course.deaths() == 0);
        let text = match (runs, self.course.deaths()) {
            (Some(pid), _) => format!(
                "`{name}` runs, process {pid}, and has not said that it is ready after {time}"
            ),
            (None, 0) => format!("`{name}` is not up after {time}"),
            (None, 1) => format!("`{name}` is not up after {time}: it ended once"),
            (None, deaths) => format!("`{name}` is not up after {time}: it ended {deaths} times"),
        };
        self.with_log(Failure::new(Exit::No, text + &self.ended()))
    }
}

/// Whether its supervisor can be told.
pub(super) fn supervised(place: &Place, seen: &Seen) -> Result<(), Failure> {
    let name = place.shown();
    match &seen.supervisor {
        Supervisor::Runs => Ok(()),
        Supervisor::Away => Err(match seen.left {
            None => tell::away(&name),
            Some(pid) => tell::left(&name, pid),
        }),
        Supervisor::Never => Err(match &seen.held {
            None => tell::never(&name),
            Some(why) => tell::held(&name, why),
        }),
        Supervisor::Denied => {
            let text = format!("you may not ask the supervisor of `{name}`");
            Err(Failure::new(Exit::NotPermitted, text).help("be root"))
        }
        Supervisor::Unknown(why) => {
            let text = format!("cannot tell whether `{name}` is supervised: {why}");
            Err(Failure::new(Exit::System, text))
        }
    }
}

/// What is said to the supervisor.
fn letters(goal: Goal) -> &'static [u8] {
    match goal {
        Goal::Up => b"u",
        Goal::Down => b"d",
        Goal::Once => b"o",
        // ended, woken if it was paused, and wanted again: one word, so that nothing comes between
        Goal::Restart => b"du",
    }
}

fn aim(goal: Goal) -> Want {
    match goal {
        Goal::Up | Goal::Restart => Want::Up,
        Goal::Down => Want::Down,
        Goal::Once => Want::Once,
    }
}

fn wanted(goal: Goal) -> &'static str {
    match goal {
        Goal::Up => "up",
        Goal::Down => "down",
        Goal::Once => "up once",
        Goal::Restart => "started anew",
    }
}
