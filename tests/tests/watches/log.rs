//! A log that is written and rotated as programs and logrotate do it.

use portreeve_testkit::World;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A failed login, of a process, an address and a user of its own.
pub(crate) fn line(number: u32) -> String {
    let (high, low) = (number >> 8 & 255, number & 255);
    let pid = 100_000 + number;
    format!(
        "Nov 22 10:00:00 door sshd[{pid}]: Failed password for u{number} from 198.18.{high}.{low} \
         port 40000 ssh2\n"
    )
}

/// A log of the door's, written from outside.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    written: u32,
}

impl Log {
    /// A folder of the door's that everybody may read, as it is seen from outside.
    pub(crate) fn folder(world: &World, path: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", world.door_pid()));
        let folder = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    pub(crate) fn new(world: &World, path: &str) -> Self {
        let path = Path::new(path);
        let folder = Self::folder(world, path.parent().unwrap().to_str().unwrap());
        let path = folder.join(path.file_name().unwrap());
        Self { file: open(&path), path, written: 0 }
    }

    /// Numbers written so far.
    pub(crate) fn written(&self) -> u32 {
        self.written
    }

    pub(crate) fn append(&mut self, text: &str) {
        self.append_bytes(text.as_bytes());
    }

    pub(crate) fn append_bytes(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).unwrap();
    }

    /// So many lines, each in a write of its own, with the next numbers.
    pub(crate) fn burst(&mut self, lines: u32) {
        for _ in 0..lines {
            self.written += 1;
            let line = line(self.written);
            self.append(&line);
        }
    }

    pub(crate) fn half(&mut self) {
        let line = line(self.written + 1);
        self.append(&line[..line.len() / 2]);
    }

    pub(crate) fn other_half(&mut self) {
        self.written += 1;
        let line = line(self.written);
        self.append(&line[line.len() / 2..]);
    }

    /// Moves every older one on by one, and the log to `.1`; what has it open goes on writing there.
    pub(crate) fn rename(&mut self) {
        for number in (1..20).rev() {
            let _ = fs::rename(self.beside(number), self.beside(number + 1));
        }
        fs::rename(&self.path, self.beside(1)).unwrap();
    }

    /// Has the writer open its log anew.
    pub(crate) fn reopen(&mut self) {
        self.file = open(&self.path);
    }

    pub(crate) fn rename_and_create(&mut self) {
        self.rename();
        self.reopen();
    }

    /// Copies the log to `.1` and cuts it; nothing is written in between.
    pub(crate) fn copy_and_truncate(&mut self) {
        for number in (1..20).rev() {
            let _ = fs::rename(self.beside(number), self.beside(number + 1));
        }
        fs::copy(&self.path, self.beside(1)).unwrap();
        self.file.set_len(0).unwrap();
    }

    /// Makes `.N.gz` of `.N`.
    pub(crate) fn compress(&mut self, number: &str) {
        let plain = self.path.with_extension(format!("log.{number}"));
        let mut gzip = std::process::Command::new("gzip");
        assert!(gzip.arg(&plain).status().unwrap().success());
    }

    pub(crate) fn remove(&mut self) {
        fs::remove_file(&self.path).unwrap();
    }

    /// Makes the file longer without writing anything.
    pub(crate) fn holes(&mut self, bytes: u64) {
        let end = self.file.seek(SeekFrom::End(0)).unwrap();
        self.file.set_len(end + bytes).unwrap();
    }

    fn beside(&self, number: u32) -> PathBuf {
        self.path.with_extension(format!("log.{number}"))
    }
}

fn open(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o644)).unwrap();
    file
}
