//! Sessions' own pipes and log sockets, on the clerk's desk: who reads them, and what was heard.

use super::{Desk, wall_ms};
use crate::entry::{Dated, Entry, stamp};
use crate::evidence::{self, Listener, Of, Source};
use crate::text::lines::Reads;
use portreeve_judge::{Booked, Heard};
use portreeve_wire::clerk::{Form as PipeForm, FromClerk};
use portreeve_wire::event::SessionRef;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::task::spawn_local;

pub(super) const CROWDED: &str = "too many sessions write evidence: that of some is not read";

const CUT: &str = "messages of services for the system log were cut: they had more than 64 KiB";

/// What is told of a session with its pipe, or its log socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handed {
    pub(super) resumed: bool,
    pub(super) form: PipeForm,
    pub(super) authenticated: bool,
    pub(super) over: bool,
}

impl Desk {
    pub(super) fn listen(self: &Rc<Self>, session: SessionRef, handed: Handed, fd: OwnedFd) {
        let key = session.key.clone();
        if let Err(error) = self.try_listen(session, handed, fd) {
            let why = format!("what `{key}` writes cannot be read: {error}");
            self.alarms.raise(&why);
        }
    }

    fn try_listen(
        self: &Rc<Self>,
        session: SessionRef,
        handed: Handed,
        fd: OwnedFd,
    ) -> io::Result<()> {
        let Handed { resumed, form, authenticated, over } = handed;
        let service = self.services.borrow().get(&session.key).cloned();
        let entry = service.as_ref().map(|service| &service.entry);
        let (watch, uid) = (entry.and_then(|e| e.watch), entry.and_then(|e| e.uid));
        let (id, reads) = match form {
            PipeForm::Stream => (Of::Pipe(session.session), Reads::Stream),
            PipeForm::Packets => (Of::Pipe(session.session), Reads::Packets),
            PipeForm::Log => (Of::Log(session.session), Reads::Packets),
        };
        self.book.borrow_mut().session(&session, authenticated);
        let number = session.session;
        let source = Source { session, watch, uid, bounds: self.bounds.get(), reads, resumed };
        let (pipes, to) = (Rc::clone(&self.pipes), Rc::clone(self));
        let task = match form {
            PipeForm::Stream | PipeForm::Packets => {
                let pipe = evidence::open(fd)?;
                let Some((place, _)) = pipes.place(id) else {
                    self.alarms.raise(CROWDED);
                    return Ok(());
                };
                spawn_local(evidence::read(pipe, source, pipes, place, to))
            }
            PipeForm::Log => {
                let socket = evidence::open_log(fd)?;
                let Some(place) = pipes.place(id) else {
                    self.alarms.raise(CROWDED);
                    return Ok(());
                };
                spawn_local(evidence::read_log(socket, source, pipes, place, to))
            }
        };
        self.pipes.read_by(id, task.abort_handle());
        if over {
            self.pipes.session_over(number);
        }
        Ok(())
    }
}

impl Listener for Desk {
    fn said(&self, entry: Entry) {
        self.write(&Dated::new(stamp::utc_ms(wall_ms()), entry));
    }

    fn heard(&self, heard: &Heard<'_>) {
        let booked = self.book.borrow_mut().hear(heard);
        match booked {
            Booked::Offence(offence) => self.offend(*offence),
            Booked::Success { success, session } => {
                if let Some(session) = session {
                    self.link.send(&FromClerk::Authenticated { session });
                }
                self.succeeded(*success);
            }
            Booked::Nothing => {}
        }
    }

    fn pass_on(&self, message: &[u8], cut: bool) {
        if cut {
            self.alarms.raise(CUT);
        }
        self.host_log.push(message.to_vec());
    }
}
