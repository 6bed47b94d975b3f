//! What is owed to the monitor: each served session's end, each question's answer, exactly once.
//!
//! Whoever does the work holds a guard. However the work ends, by its own end, by being cancelled
//! or by a fault, the guard's end says what is owed.

use crate::post::Post;
use portreeve_wire::relay::FromRelay;
use portreeve_wire::{QuestionId, SessionId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Everything that is going on.
#[derive(Debug)]
pub(crate) struct Books {
    post: Rc<Post>,
    sessions: RefCell<HashMap<SessionId, Option<AbortHandle>>>,
    questions: RefCell<HashMap<QuestionId, Option<AbortHandle>>>,
    writes: RefCell<BTreeMap<u64, Option<AbortHandle>>>,
    next_write: Cell<u64>,
    /// Something ended.
    ended: Notify,
}

impl Books {
    /// Nothing is owed yet.
    pub(crate) fn new(post: Rc<Post>) -> Rc<Self> {
        Rc::new(Self {
            post,
            sessions: RefCell::default(),
            questions: RefCell::default(),
            writes: RefCell::default(),
            next_write: Cell::new(0),
            ended: Notify::new(),
        })
    }

    /// Sessions being served.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.borrow().len()
    }

    /// Questions that have no answer.
    pub(crate) fn questions(&self) -> usize {
        self.questions.borrow().len()
    }

    /// Owes the end of `session`; `None` if it is being served already.
    pub(crate) fn session(self: &Rc<Self>, session: SessionId) -> Option<Served> {
        let mut sessions = self.sessions.borrow_mut();
        if sessions.contains_key(&session) {
            return None;
        }
        sessions.insert(session, None);
        Some(Served { books: self.clone(), session })
    }

    /// Says which task serves `session`, so that it can be ended.
    pub(crate) fn served_by(&self, session: SessionId, task: AbortHandle) {
        if let Some(known) = self.sessions.borrow_mut().get_mut(&session) {
            *known = Some(task);
        }
    }

    /// Ends `session`, if it is served; its end is said as any other's.
    pub(crate) fn end(&self, session: SessionId) {
        let task = self.sessions.borrow().get(&session).cloned().flatten();
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Owes the answer to `question`; `otherwise` is what is said if the work ends without one.
    /// `None` if that question is open already.
    pub(crate) fn question(
        self: &Rc<Self>,
        question: QuestionId,
        otherwise: FromRelay,
    ) -> Option<Owed> {
        let mut questions = self.questions.borrow_mut();
        if questions.contains_key(&question) {
            return None;
        }
        questions.insert(question, None);
        Some(Owed { books: self.clone(), question, answer: otherwise })
    }

    /// Says which task works on `question`, so that it can be forgotten.
    pub(crate) fn works_on(&self, question: QuestionId, task: AbortHandle) {
        if let Some(known) = self.questions.borrow_mut().get_mut(&question) {
            *known = Some(task);
        }
    }

    /// Stops work on `question`; nothing is owed any more.
    pub(crate) fn forget(&self, question: QuestionId) {
        let known = self.questions.borrow_mut().remove(&question);
        if let Some(task) = known.flatten() {
            task.abort();
        }
    }

    /// Notes a connection that is written to. If there are more than `most`, the oldest is given
    /// up.
    pub(crate) fn write(self: &Rc<Self>, most: usize) -> Write {
        let number = self.next_write.get();
        self.next_write.set(number.wrapping_add(1));
        let mut writes = self.writes.borrow_mut();
        while writes.len() >= most {
            let Some((_, task)) = writes.pop_first() else { break };
            if let Some(task) = task {
                task.abort();
            }
        }
        writes.insert(number, None);
        Write { books: self.clone(), number }
    }

    /// Says which task writes.
    pub(crate) fn writes_by(&self, number: u64, task: AbortHandle) {
        if let Some(known) = self.writes.borrow_mut().get_mut(&number) {
            *known = Some(task);
        }
    }

    /// Waits until no peer is served or written to.
    pub(crate) async fn quiet(&self) {
        while self.sessions() > 0 || !self.writes.borrow().is_empty() {
            self.ended.notified().await;
        }
    }
}

/// A session is being served; its end is said when this ends.
#[derive(Debug)]
pub(crate) struct Served {
    books: Rc<Books>,
    session: SessionId,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.books.sessions.borrow_mut().remove(&self.session);
        self.books.post.send(&FromRelay::Ended(self.session));
        self.books.ended.notify_one();
    }
}

/// A question is being worked on; its answer is said when this ends, unless it was forgotten.
#[derive(Debug)]
pub(crate) struct Owed {
    books: Rc<Books>,
    question: QuestionId,
    answer: FromRelay,
}

impl Owed {
    /// Says `answer`.
    pub(crate) fn say(mut self, answer: FromRelay) {
        self.answer = answer;
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if self.books.questions.borrow_mut().remove(&self.question).is_some() {
            self.books.post.send(&self.answer);
        }
    }
}

/// A connection is being written to, or lingered on.
#[derive(Debug)]
pub(crate) struct Write {
    books: Rc<Books>,
    number: u64,
}

impl Write {
    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.books.writes.borrow_mut().remove(&self.number);
        self.books.ended.notify_one();
    }
}
