//! `supervise/process`: which process the service is, so that a supervisor that comes back finds it.
//!
//! The ancestors have no such file: theirs start a second copy. It is a line of text,
//! `BOOT PID START`: which boot of the machine, the process's number, and when it began, in clock
//! ticks since that boot. The three together name one process for good.

/// Bytes of the file, at most.
pub const MOST: usize = 128;

/// A process, named for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// Its number.
    pub pid: u32,
    /// When it began.
    pub start: u64,
}

impl Record {
    /// As the file has it.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{} {} {}\n", self.boot, self.pid, self.start)
    }

    /// From the file; nothing when that is not what a supervisor wrote.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let mut words = text.split(' ');
        let (boot, pid, start) = (words.next()?, words.next()?, words.next()?);
        let whole = words.next().is_none() && !boot.is_empty();
        let record = Self { boot: boot.into(), pid: pid.parse().ok()?, start: start.parse().ok()? };
        whole.then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_is_a_record() {
        let record = Record { boot: "b-1".into(), pid: 12, start: 345 };
        assert_eq!(record.to_text(), "b-1 12 345\n");
        assert_eq!(Record::parse(b"b-1 12 345\n"), Some(record));
        for wrong in
            ["", "b-1 12 345", "b-1 12\n", " 12 345\n", "b 12 345 6\n", "b -1 3\n", "b 1 x\n"]
        {
            assert_eq!(Record::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
