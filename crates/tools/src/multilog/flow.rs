//! Bytes, cut into lines, and each line where it belongs.

use super::outputs::Outputs;
use portreeve_supervise::label::{Label, TEXT};
use portreeve_supervise::script::{Action, SEEN, Script, matches};
use portreeve_sys::Signal;
use portreeve_sys::clock::wall;
use std::io::BufRead as _;

/// A label, and the blank behind it.
const LABEL: usize = TEXT + 1;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Signal(Signal),
    Input,
}

/// The line at hand, and where it goes.
pub(super) struct Flow {
    script: Script,
    outputs: Outputs,
    /// Whether every line goes to every log, and to nothing else.
    plain: bool,
    /// Its beginning, as far as the script sees it; not sorted yet.
    head: Vec<u8>,
    /// For each action whether the line goes to it: known once the head is whole.
    sorted: Option<Vec<bool>>,
    /// What the last line's was, to be used again.
    spare: Vec<bool>,
}

impl Flow {
    pub(super) fn new(script: Script, outputs: Outputs) -> Self {
        let plain = script.actions.iter().all(|action| matches!(action, Action::Log(_)));
        Self {
            script,
            outputs,
            plain,
            head: Vec::with_capacity(SEEN),
            sorted: None,
            spare: Vec::new(),
        }
    }

    /// Whether no line has begun.
    pub(super) fn at_line_start(&self) -> bool {
        self.head.is_empty() && self.sorted.is_none()
    }

    /// Takes what was read, all of it at this moment.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        let mut label = [b' '; LABEL];
        let label = if self.script.labels {
            let text = Label::at(wall()).to_text();
            label.iter_mut().zip(text).for_each(|(place, byte)| *place = byte);
            &label[..]
        } else {
            &[]
        };
        while !bytes.is_empty() {
            let mut rest = bytes;
            let length = rest.skip_until(b'\n').unwrap_or(0); // memory does not fail
            let line = bytes.get(..length).unwrap_or_default();
            bytes = rest;
            let fresh = self.at_line_start();
            let whole = line.strip_suffix(b"\n");
            if fresh && self.plain && whole.is_some() {
                self.outputs.line(label, line);
                continue;
            }
            if fresh {
                self.head.extend_from_slice(label);
            }
            self.part(whole.unwrap_or(line));
            if whole.is_some() {
                self.end_line();
            }
        }
    }

    /// A part of a line, without its end.
    fn part(&mut self, mut part: &[u8]) {
        if self.sorted.is_none() {
            let room = SEEN.saturating_sub(self.head.len());
            let (seen, rest) = part.split_at_checked(room).unwrap_or((part, b""));
            self.head.extend_from_slice(seen);
            part = rest;
            if part.is_empty() {
                return;
            }
            self.sort();
        }
        if let Some(sorted) = &self.sorted {
            self.outputs.append(sorted, part);
        }
    }

    fn end_line(&mut self) {
        if self.sorted.is_none() {
            self.sort();
        }
        if let Some(sorted) = self.sorted.take() {
            self.outputs.append(&sorted, b"\n");
            self.outputs.end_line(&sorted);
            self.spare = sorted;
        }
    }

    /// Goes through the script with what is seen of the line.
    fn sort(&mut self) {
        let head = std::mem::take(&mut self.head);
        let mut selected = true;
        let mut sorted = std::mem::take(&mut self.spare);
        sorted.clear();
        sorted.resize(self.script.actions.len(), false);
        for (number, action) in self.script.actions.iter().enumerate() {
            match action {
                Action::Deselect(pattern) => selected = selected && !matches(pattern, &head),
                Action::Select(pattern) => selected = selected || matches(pattern, &head),
                Action::Error if selected => Outputs::show(&head),
                Action::Status(_) if selected => self.outputs.replace(number, &head),
                Action::Log(_) => {
                    if let Some(place) = sorted.get_mut(number) {
                        *place = selected;
                    }
                }
                Action::Error | Action::Status(_) => {}
            }
        }
        self.outputs.append(&sorted, &head);
        self.head = head;
        self.head.clear();
        self.sorted = Some(sorted);
    }

    /// Writes what is whole.
    pub(super) fn write_out(&mut self) {
        self.outputs.write_out();
    }

    /// Whether something full is not on the disk yet.
    pub(super) fn unfinished(&mut self) -> bool {
        self.outputs.unfinished()
    }

    /// Puts it there.
    pub(super) fn finish(&mut self) {
        self.outputs.finish();
    }

    /// New files for all logs that hold something.
    pub(super) fn rotate_all(&mut self) {
        self.outputs.rotate_all();
    }

    /// No more input: a line without an end gets one.
    pub(super) fn end(&mut self) {
        if !self.at_line_start() {
            self.end_line();
        }
        self.outputs.close();
    }
}
