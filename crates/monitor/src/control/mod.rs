//! The control socket: who may ask, what, and the answers.

pub(crate) mod bans;
mod import;
pub(crate) mod report;
pub(crate) mod sessions;
pub(crate) mod trap;

use crate::door::Door;
use crate::door::token::Token;
use portreeve_sys::channel;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_wire::clerk::BanKey;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::control::{Answer, MAX_ANSWER, MAX_REQUEST, Request};
use portreeve_wire::{decode, frame, split_frame};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// So many askers at once.
const MOST: usize = 32;
/// An asker must have asked, and read its answer, within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// One that waits for a reload may wait for two runs of the compiler.
const RELOAD_PATIENCE: Duration = Duration::from_secs(150);
/// After accepting failed, the socket is left alone for so long.
const AGAIN: Duration = Duration::from_millis(100);

/// One asker.
#[derive(Debug)]
struct Client {
    stream: UnixStream,
    asked: Vec<u8>,
    answer: Vec<u8>,
    sent: usize,
    deadline: Duration,
    /// It has asked, and is not listened to any more.
    whole: bool,
    /// Who asks.
    uid: u32,
}

/// All askers.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    all: BTreeMap<u64, Client>,
    next: u64,
}

impl Clients {
    fn add(&mut self, poller: &Poller, fd: OwnedFd, uid: u32, now: Duration) -> Option<u64> {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let stream = UnixStream::from(fd);
        poller.add(&stream, Token::Client(number).bits(), Interest::READ).ok()?;
        let deadline = now.saturating_add(PATIENCE);
        let client = Client {
            stream,
            asked: Vec::new(),
            answer: Vec::new(),
            sent: 0,
            deadline,
            whole: false,
            uid,
        };
        self.all.insert(number, client);
        Some(number)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.all.values().map(|c| c.deadline).min()
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        self.all.retain(|_, client| now < client.deadline);
    }

    /// The connection of one that waits.
    pub(crate) fn stream(&self, number: u64) -> Option<BorrowedFd<'_>> {
        self.all.get(&number).map(|client| client.stream.as_fd())
    }

    /// Answers one who asked a predecessor.
    pub(crate) fn answer_stranger(
        &mut self,
        poller: &Poller,
        fd: OwnedFd,
        answer: &Answer,
        now: Duration,
    ) {
        let Some(number) = self.add(poller, fd, u32::MAX, now) else { return };
        if let Some(client) = self.all.get_mut(&number) {
            client.whole = true;
            let _ = poller.remove(&client.stream);
        }
        self.answer(poller, number, answer, now);
    }

    /// Puts an answer on its way.
    pub(crate) fn answer(&mut self, poller: &Poller, number: u64, answer: &Answer, now: Duration) {
        let Some(client) = self.all.get_mut(&number) else { return };
        let too_long = || frame(&Answer::Failed("the answer is too long".into()), MAX_ANSWER);
        let Ok(bytes) = frame(answer, MAX_ANSWER).or_else(|_| too_long()) else { return };
        if client.whole {
            let token = Token::Client(number).bits();
            let _ = poller.add(&client.stream, token, Interest::WRITE);
        }
        client.answer = bytes;
        client.deadline = now.saturating_add(PATIENCE);
        self.write(poller, number);
    }

    fn write(&mut self, poller: &Poller, number: u64) {
        let Some(client) = self.all.get_mut(&number) else { return };
        while let Some(rest) = client.answer.get(client.sent..).filter(|r| !r.is_empty()) {
            match client.stream.write(rest) {
                Ok(n) if n > 0 => client.sent = client.sent.saturating_add(n),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let token = Token::Client(number).bits();
                    if poller.modify(&client.stream, token, Interest::WRITE).is_err() {
                        self.all.remove(&number);
                    }
                    return;
                }
                Ok(_) | Err(_) => break,
            }
        }
        self.all.remove(&number);
    }

    /// Reads what an asker says; a whole request comes back.
    fn read(&mut self, poller: &Poller, number: u64) -> Option<Result<Request, String>> {
        let client = self.all.get_mut(&number)?;
        let mut chunk = [0; 4096];
        loop {
            match client.stream.read(&mut chunk) {
                Ok(0) => {
                    self.all.remove(&number);
                    return None;
                }
                Ok(n) => client.asked.extend_from_slice(chunk.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return None,
                Err(_) => {
                    self.all.remove(&number);
                    return None;
                }
            }
            let request = match split_frame(&client.asked, MAX_REQUEST) {
                Ok(None) => continue,
                Ok(Some((body, _))) => decode(body).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            client.asked = Vec::new();
            client.whole = true;
            let _ = poller.remove(&client.stream);
            return Some(request);
        }
    }
}

impl Door {
    pub(crate) fn accept_clients(&mut self) {
        loop {
            let fd = match channel::control_accept(&self.control) {
                Ok(Some(fd)) => fd,
                Ok(None) => return,
                Err(_) => {
                    // short of descriptors, most likely: level-triggered, it would be asked at once
                    let _ = self.poller.remove(&self.control);
                    self.control_again = Some(self.now.mono.saturating_add(AGAIN));
                    return;
                }
            };
            if self.clients.all.len() >= MOST {
                continue; // dropping it closes it
            }
            let permitted = self.permits(&fd);
            let uid = *permitted.as_ref().unwrap_or(&u32::MAX);
            let added = self.clients.add(&self.poller, fd, uid, self.now.mono);
            let Some(number) = added else { continue };
            if let Err(why) = permitted {
                let answer = Answer::NotPermitted(why);
                self.clients.answer(&self.poller, number, &answer, self.now.mono);
            }
        }
    }

    /// Looks at the control socket again after accepting failed.
    pub(crate) fn tick_control(&mut self) {
        if self.control_again.take_if(|at| *at <= self.now.mono).is_some() {
            let _ = self.poller.add(&self.control, Token::Control.bits(), Interest::READ);
        }
    }

    /// Root, the door's own user, and members of the control group: who it is, if they may ask.
    fn permits(&self, fd: &OwnedFd) -> Result<u32, String> {
        let who = channel::peer_credentials(fd).map_err(|e| format!("who asks is unknown: {e}"))?;
        let own = portreeve_sys::privileges::own_uid();
        if who.uid == 0 || who.uid == own {
            return Ok(who.uid);
        }
        let group = &self.current.config.settings.control_group;
        match self.current.resolved.control_group {
            Some(gid) if channel::peer_in_group(fd, gid).unwrap_or(false) => Ok(who.uid),
            Some(_) => Err(format!(
                "only root and members of the group `{group}` may ask: root adds one with \
                 `usermod --append --groups {group} NAME`, who then logs in again"
            )),
            None => Err("only root and the user who opened the door may ask".to_owned()),
        }
    }

    pub(crate) fn on_client(&mut self, number: u64) {
        if self.clients.all.get(&number).is_some_and(|c| !c.answer.is_empty()) {
            return self.clients.write(&self.poller, number);
        }
        match self.clients.read(&self.poller, number) {
            None => {}
            Some(Ok(request)) => self.requested(number, request),
            Some(Err(why)) => self.reply(number, &Answer::Failed(why)),
        }
    }

    pub(crate) fn reply(&mut self, number: u64, answer: &Answer) {
        self.clients.answer(&self.poller, number, answer, self.now.mono);
    }

    fn requested(&mut self, number: u64, request: Request) {
        let Some(uid) = self.clients.all.get(&number).map(|client| client.uid) else { return };
        let answer = match request {
            Request::Reload => {
                self.wait_for_compiler(number);
                return self.ask_reload(Some(number));
            }
            Request::Upgrade => return self.ask_upgrade(Some(number)),
            Request::Succeed { forced } => return self.ask_succession(number, uid, forced),
            Request::ReloadOnTrial { seconds } => {
                self.wait_for_compiler(number);
                return self.ask_trial(number, seconds);
            }
            Request::Events { json, last, follow, colour } => {
                return self.subscribe(number, ToClerk::Subscribe { json, last, follow, colour });
            }
            Request::Ask(question) => return self.subscribe(number, ToClerk::Ask(question)),
            Request::Protected(network) => Answer::Protected(self.judge_by_hand(network).err()),
            Request::Status => Answer::Status(Box::new(self.status())),
            Request::Explain { service, peer, port, at, supposed } => {
                self.explain(&service, (peer, port), at, &supposed)
            }
            Request::Stop(how) => {
                let parting = self.close(how);
                Answer::Stopping { sessions: self.sessions.len(), parting }
            }
            Request::Sessions { after, service, peer } => {
                self.list_sessions(after, service.as_deref(), peer)
            }
            Request::End { sessions, startups } => self.end_by_hand(sessions, startups, uid),
            Request::Bans { from, network } => self.list_bans(from, network),
            Request::Ban { network, seconds, reason, only } => {
                self.ban_by_hand(BanKey { network, only }, seconds, reason, uid)
            }
            Request::Import { from, bans, dry_run } => self.import_bans(&from, bans, dry_run, uid),
            Request::Unban { networks, only } => {
                self.unban_by_hand(&networks, only.as_deref(), uid)
            }
            Request::CloseBreaker => self.close_breaker(uid),
            Request::Claim { service } => self.claim(&service),
            Request::GiveBack { service } => self.give_back(&service),
            Request::SessionsOf { pids } => Answer::SessionsOf(self.sessions_of(&pids)),
            Request::Confirm { ancestors, login } => {
                let client = self.clients.all.get(&number).map(|client| &client.stream);
                let asker = client.and_then(|stream| channel::peer_credentials(stream).ok());
                self.confirm(asker.map_or(0, |asker| asker.pid), &ancestors, login)
            }
        };
        self.reply(number, &answer);
    }

    pub(crate) fn wait_for_compiler(&mut self, number: u64) {
        if let Some(client) = self.clients.all.get_mut(&number) {
            client.deadline = self.now.mono.saturating_add(RELOAD_PATIENCE);
        }
    }

    /// Hands an asker to the clerk, which writes events; root never queues them for it.
    fn subscribe(&mut self, number: u64, subscribe: ToClerk) {
        if !self.clerk.is_working() {
            return self.reply(number, &Answer::Failed("the clerk is away; try again".into()));
        }
        let Some(mut client) = self.clients.all.remove(&number) else { return };
        let Ok(bytes) = frame(&Answer::Events, MAX_ANSWER) else { return };
        if client.stream.write(&bytes).is_ok_and(|n| n == bytes.len()) {
            self.outbox.message(subscribe, Some(client.stream.into()));
            self.flush_clerk();
        }
    }
}
