//! Many questions that may each take long, asked side by side within one deadline.

use crate::clock::monotonic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
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
    let mut answers: Vec<Option<A>> = questions.iter().map(|_| None).collect();
    let shared = Arc::new((questions, AtomicUsize::new(0), ask));
    let (send, receive) = mpsc::sync_channel(AT_ONCE);
    for _ in 0..AT_ONCE.min(answers.len()) {
        let (shared, send) = (Arc::clone(&shared), send.clone());
        let work = move || {
            let (questions, next, ask) = &*shared;
            while let Some((at, question)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                questions.get(at).map(|question| (at, question))
            } {
                if send.send((at, ask(question))).is_err() {
                    return; // nobody waits any more
                }
            }
        };
        // fewer threads ask the same, later
        let _ = thread::Builder::new().name("resolver".into()).spawn(work);
    }
    drop(send);
    while let Ok((at, answer)) = receive.recv_timeout(end.saturating_sub(monotonic())) {
        if let Some(slot) = answers.get_mut(at) {
            *slot = Some(answer);
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
