//! The log, read from where it was last, and what is found in it.

use super::place::Offset;
use super::setup::Setup;
use crate::detect::lines::{LONGEST, Line, Lines};
use portreeve_detect::filter::Userdef;
use portreeve_detect::{Detector, Finding, Panel, Resolver, Seen, frame, named};
use portreeve_dialect::denyhosts::Deed;
use portreeve_judge::{Book, Booked, Heard, Voice};
use portreeve_model::Kind;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// So much before its place is shown to the detectors once more, which then know whose the sessions
/// are that go on.
const BEFORE: u64 = 64 << 10;
/// The watch that lines are of.
const WATCH: &str = "denyhosts";
/// What somebody did, once.
pub(super) type Done = (IpAddr, String, Deed);

/// What DenyHosts counts, of all that detectors know.
const COUNTED: [Kind; 6] = [
    Kind::AuthFailed,
    Kind::InvalidUser,
    Kind::NotAllowed,
    Kind::NoAuth,
    Kind::TooManyTries,
    Kind::Pattern,
];

/// A log and whoever reads it.
pub(super) struct Reader {
    path: PathBuf,
    /// Where its offset is kept; nothing of one that is compressed.
    kept: Option<PathBuf>,
    offset: Offset,
    /// The file that was read last, while it is open.
    file: Option<File>,
    panel: Panel,
    book: Book,
    resolver: Resolver,
    host: Vec<u8>,
    /// Whether the detectors have seen what stands before the offset.
    knows: bool,
}

impl Reader {
    /// One of a log.
    ///
    /// # Errors
    /// An expression of the configuration is not served, or the offset cannot be read.
    pub(super) fn new(setup: &Setup, path: &str) -> Result<Self, String> {
        let settings = &setup.settings;
        let mut members: Vec<Box<dyn Detector>> = Vec::new();
        members.extend(named("sshd"));
        members.extend(settings.dovecot.then(|| named("dovecot")).flatten());
        if !settings.userdef.is_empty() {
            let patterns = settings.userdef.iter().map(|(text, _)| text.as_str());
            let userdef = Userdef::new(patterns).map_err(|wrong| {
                let wrong = wrong.iter().map(|one| {
                    let (number, at, why) = (one.pattern + 1, one.at, &one.why);
                    format!("USERDEF_FAILED_ENTRY_REGEX, number {number}, character {at}: {why}")
                });
                wrong.collect::<Vec<_>>().join("\n")
            })?;
            members.push(Box::new(userdef));
        }
        let path = PathBuf::from(path);
        let own = Path::new(&settings.secure_log) == path;
        // a log of its own does not move the place of SECURE_LOG
        let kept = setup.work(if own { "offset" } else { "offset.file" });
        let kept = unpacker(&path).is_none().then_some(kept);
        let offset = kept.as_deref().map(Offset::load).transpose()?.unwrap_or_default();
        let now = crate::moment::now().as_microsecond();
        let host = super::files::text(Path::new("/proc/sys/kernel/hostname"), 4096);
        let host = host.unwrap_or_default().trim().as_bytes().to_vec();
        Ok(Self {
            path,
            kept,
            offset,
            file: None,
            panel: Panel::new(members),
            book: Book::default(),
            resolver: Resolver::new(now, setup.zone.clone()),
            host,
            knows: false,
        })
    }

    /// Reads what is new, or all of it; nothing where nothing is.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn read(
        &mut self,
        setup: &mut Setup,
        from_start: bool,
    ) -> Result<Option<Vec<Done>>, String> {
        let shown = self.path.display().to_string();
        let failed = |error: std::io::Error| format!("cannot read {shown}: {error}");
        self.clock(setup);
        if let Some(words) = unpacker(&self.path) {
            setup.say.info(&format!("reading {shown}"));
            let mut child = unpack(&words, &self.path)?;
            let mut found = Vec::new();
            if let Some(out) = child.stdout.take() {
                self.lines(out, &mut found).map_err(failed)?;
            }
            let ended = child.wait().map_err(failed)?;
            return match ended.success() {
                true => Ok(Some(found)),
                false => Err(format!("{} could not unpack {shown} ({ended})", words.join(" "))),
            };
        }
        let mut found = Vec::new();
        let mut new = false;
        let file = File::open(&self.path).map_err(failed)?;
        let inode = |file: &File| file.metadata().map(|of| (of.dev(), of.ino()));
        if let Some(old) = self.file.take()
            && inode(&old).ok() != inode(&file).ok()
        {
            // what was written between the last look and the rotation
            setup.say.info(&format!("{shown} has been rotated"));
            new |= self.part(old, self.offset.at, &mut found).map_err(failed)?;
            self.offset = Offset::default();
        }
        let first = first_line(&file).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if first != self.offset.first || length < self.offset.at || from_start {
            self.offset.at = 0;
        }
        self.offset.first = first;
        new |= length > self.offset.at;
        if length > self.offset.at {
            setup.say.info(&format!("reading {shown} from {}", self.offset.at));
            let again = file.try_clone().map_err(failed)?;
            self.part(again, self.offset.at, &mut found).map_err(failed)?;
        }
        self.file = Some(file);
        Ok(new.then_some(found))
    }

    /// Keeps where it was read to.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(&self, _: &Setup) -> Result<(), String> {
        self.kept.as_deref().map_or(Ok(()), |path| self.offset.save(path))
    }

    fn clock(&mut self, setup: &Setup) {
        let now = crate::moment::now().as_microsecond();
        self.resolver = Resolver::new(now, setup.zone.clone());
    }

    /// Reads a file from a place to the end of its last whole line.
    fn part(&mut self, mut file: File, at: u64, found: &mut Vec<Done>) -> std::io::Result<bool> {
        if !self.knows && at > 0 {
            let before = at.saturating_sub(BEFORE);
            file.seek(SeekFrom::Start(before))?;
            // what is counted there was counted the last time
            self.lines((&file).take(at - before), &mut Vec::new())?;
        }
        self.knows = true;
        let end = whole(&mut file)?;
        file.seek(SeekFrom::Start(at))?;
        self.lines((&file).take(end.saturating_sub(at)), found)?;
        self.offset.at = end.max(at);
        Ok(end > at)
    }

    fn lines(&mut self, from: impl Read, found: &mut Vec<Done>) -> std::io::Result<()> {
        let mut lines = Lines::new(from);
        loop {
            while let Some(line) = lines.next() {
                found.extend(self.line(&line));
            }
            if !lines.read()? {
                return Ok(());
            }
        }
    }

    fn line(&mut self, line: &Line<'_>) -> Option<Done> {
        let mut record = frame::read(line.bytes);
        record.cut = line.cut;
        let Seen { by, finding } = self.panel.look(&record)?;
        if matches!(finding, Finding::Nothing(_)) {
            return None;
        }
        let moment = record.time.and_then(|moment| self.resolver.resolve(moment));
        let at = moment.and_then(|micros| u64::try_from(micros / 1000).ok()).unwrap_or(0);
        let detector = self.panel.name(by).unwrap_or_default();
        let host = if record.host == self.host.as_slice() { &[][..] } else { record.host };
        let path = self.path.to_string_lossy();
        let heard = Heard {
            at,
            voice: Voice::File { watch: WATCH, path: &path },
            service: "sshd",
            detector,
            host,
            pid: record.pid,
            text: line.bytes,
            finding: &finding,
        };
        match self.book.hear(&heard) {
            Booked::Offence(offence) => {
                let kind = Kind::by_word(&offence.kind).filter(|kind| COUNTED.contains(kind))?;
                let invalid = kind == Kind::InvalidUser || offence.user.is_none();
                let deed = if invalid { Deed::Invalid } else { Deed::Valid };
                Some((offence.peer?, offence.user.unwrap_or_default(), deed))
            }
            Booked::Success { success, .. } => {
                Some((success.peer, success.user.unwrap_or_default(), Deed::Success))
            }
            Booked::Nothing => None,
        }
    }
}

/// Where the last whole line of a file ends: one that is still being written waits, unless it is so
/// long that it is cut anyway.
fn whole(file: &mut File) -> std::io::Result<u64> {
    let end = file.seek(SeekFrom::End(0))?;
    let tail = end.min(u64::try_from(LONGEST).unwrap_or(u64::MAX));
    file.seek(SeekFrom::Start(end - tail))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    let behind = memchr::memrchr(b'\n', &bytes).map(|at| bytes.len() - at - 1);
    let behind = behind.or((tail == end).then_some(bytes.len())).unwrap_or(0);
    Ok(end.saturating_sub(u64::try_from(behind).unwrap_or(0)))
}

/// The first line of a log, or as much of it as matters.
fn first_line(mut file: &File) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.take(u64::try_from(LONGEST).unwrap_or(u64::MAX)).read_to_end(&mut head)?;
    let end = memchr::memchr(b'\n', &head).unwrap_or(head.len());
    head.truncate(end);
    Ok(head)
}

/// What unpacks a file of this name.
fn unpacker(path: &Path) -> Option<[&'static str; 2]> {
    match path.extension()?.to_str()? {
        "gz" => Some(["gzip", "-dc"]),
        "bz2" => Some(["bzip2", "-dc"]),
        _ => None,
    }
}

fn unpack(words: &[&str; 2], path: &Path) -> Result<Child, String> {
    let [program, option] = words;
    #[expect(clippy::disallowed_methods, reason = "the host's own unpacker, as the caller")]
    let mut command = Command::new(program);
    command.arg(option).arg("--").arg(path).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().map_err(|error| format!("cannot run {program}: {error}"))
}
