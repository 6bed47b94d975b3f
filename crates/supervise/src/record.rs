//! `supervise/process`: which process the service is, so that a supervisor that comes back finds it.
//!
//! The ancestors have no such file: theirs start a second copy. It is a line of text,
//! `BOOT PID START`: which boot of the machine, the process's number, and when it began, in clock
//! ticks since that boot. The three together name one process for good. Behind them stands `finish`
//! for one that is the service's finish, or `ready INODE` for one that was given a pipe to say that
//! it is ready, with that pipe's number.

/// Bytes of the file, at most.
pub const MOST: usize = 128;

/// What a process is to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The service; with the number (inode) of the pipe on which it may say that it is ready.
    Run(Option<u64>),
    /// Its finish.
    Finish,
}

/// A process, named for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// Its number.
    pub pid: u32,
    /// When it began.
    pub start: u64,
    /// What it is.
    pub role: Role,
}

impl Record {
    /// As the file has it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let role = match self.role {
            Role::Run(None) => String::new(),
            Role::Run(Some(inode)) => format!(" ready {inode}"),
            Role::Finish => " finish".into(),
        };
        format!("{} {} {}{role}\n", self.boot, self.pid, self.start)
    }

    /// From the file; nothing when that is not what a supervisor wrote.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let mut words = text.split(' ');
        let (boot, pid, start) = (words.next()?, words.next()?, words.next()?);
        let role = match (words.next(), words.next()) {
            (None, _) => Role::Run(None),
            (Some("finish"), None) => Role::Finish,
            (Some("ready"), Some(inode)) => Role::Run(Some(inode.parse().ok()?)),
            _ => return None,
        };
        let whole = words.next().is_none() && !boot.is_empty();
        let (pid, start) = (pid.parse().ok()?, start.parse().ok()?);
        let record = Self { boot: boot.into(), pid, start, role };
        whole.then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_is_a_record() {
        for (role, text) in [
            (Role::Run(None), "b-1 12 345\n"),
            (Role::Run(Some(6)), "b-1 12 345 ready 6\n"),
            (Role::Finish, "b-1 12 345 finish\n"),
        ] {
            let record = Record { boot: "b-1".into(), pid: 12, start: 345, role };
            assert_eq!(record.to_text(), text);
            assert_eq!(Record::parse(text.as_bytes()), Some(record));
        }
        for wrong in [
            "",
            "b-1 12 345",
            "b-1 12\n",
            " 12 345\n",
            "b 12 345 6\n",
            "b -1 3\n",
            "b 1 2 finish 3\n",
            "b 1 2 ready\n",
            "b 1 x\n",
        ] {
            assert_eq!(Record::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
