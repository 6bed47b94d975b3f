//! Many questions that may each take long, asked side by side within one deadline.

use crate::clock::monotonic;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Threads that ask at once.
const AT_ONCE: usize = 16;

/// Asks every question, some at once, and gives the answers in the order of the questions; `None`
/// for those that were not answered within `limit`. A thread that is still asking then is left
/// behind, and asks nothing further: for commands, which end soon.
pub fn together<Q, A>(
    questions: Vec<Q>,
    limit: Duration,
    ask: impl Fn(&Q) -> A + Send + Sync + 'static,
) -> Vec<Option<A>>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
{
    let end = monotonic().saturating_add(limit);
    let answers = questions.iter().map(|_| None).collect();
    let count = questions.len();
    let state = Mutex::new(State { next: 0, answers, asking: 0 });
    let shared = Arc::new(Shared { state, all_ended: Condvar::new(), questions, ask });
    for _ in 0..AT_ONCE.min(count) {
        let asker = Asker::new(&shared);
        // fewer threads ask the same, later
        let _ = thread::Builder::new().name("resolver".into()).spawn(move || asker.run());
    }
    let mut state = shared.state();
    while state.asking > 0 {
        let left = end.saturating_sub(monotonic());
        if left.is_zero() {
            break;
        }
        let waited = shared.all_ended.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    // whoever comes later finds neither a place for an answer nor a further question
    state.next = count;
    std::mem::take(&mut state.answers)
}

/// What those who ask have in common.
struct Shared<Q, A, F> {
    state: Mutex<State<A>>,
    all_ended: Condvar,
    questions: Vec<Q>,
    ask: F,
}

struct State<A> {
    /// The question that nobody has taken yet.
    next: usize,
    answers: Vec<Option<A>>,
    /// Threads that have not ended.
    asking: usize,
}

impl<Q, A, F> Shared<Q, A, F> {
    /// Nobody panics while they have it: what it says is whole.
    fn state(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that asks; counted from before it begins until it is gone, however that comes about.
struct Asker<Q, A, F>(Arc<Shared<Q, A, F>>);

impl<Q, A, F: Fn(&Q) -> A> Asker<Q, A, F> {
    fn new(shared: &Arc<Shared<Q, A, F>>) -> Self {
        let mut state = shared.state();
        state.asking = state.asking.saturating_add(1);
        Self(Arc::clone(shared))
    }

    fn run(&self) {
        let Self(shared) = self;
        loop {
            let mut state = shared.state();
            let at = state.next;
            state.next = at.saturating_add(1);
            drop(state);
            let Some(question) = shared.questions.get(at) else { return };
            let answer = (shared.ask)(question);
            if let Some(place) = shared.state().answers.get_mut(at) {
                *place = Some(answer);
            }
        }
    }
}

impl<Q, A, F> Drop for Asker<Q, A, F> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.asking = state.asking.saturating_sub(1);
        if state.asking == 0 {
            self.0.all_ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn answers_come_in_the_order_of_their_questions() {
        let limit = Duration::from_secs(60);
        let questions: Vec<usize> = (0..100).collect();
        let got = together(questions, limit, |question| question * 2);
        assert!(got.iter().enumerate().all(|(at, answer)| *answer == Some(at * 2)), "{got:?}");
        assert_eq!(together(Vec::<u8>::new(), limit, |_| ()), []);
    }

    #[test]
    fn what_is_not_answered_in_time_is_no_answer() {
        let (open, closed) = mpsc::channel::<()>();
        let closed = std::sync::Mutex::new(closed);
        let never = move |question: &u8| {
            if *question == 1 {
                // until the test is over
                let _ = closed.lock().map(|closed| closed.recv());
            }
            *question
        };
        let got = together(vec![0, 1, 2], Duration::from_secs(2), never);
        assert_eq!(got, [Some(0), None, Some(2)]);
        drop(open);
    }

    #[test]
    fn who_panics_has_no_answer_and_is_not_waited_for() {
        let ask = |question: &u8| {
            assert_ne!(*question, 1);
            *question
        };
        let got = together(vec![0, 1, 2], Duration::from_secs(1000), ask);
        assert_eq!(got, [Some(0), None, Some(2)]);
    }
}
