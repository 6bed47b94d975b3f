//! The rules of one connection: a database that is opened for it, and asked by reading at places. It
//! is never mapped: a file that is cut meanwhile is damaged, and nothing worse.

use portreeve_ucspi::cdb::hash;
use portreeve_ucspi::rules::{Peer, look_up};
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, pread, retry_on_intr};
use std::ffi::OsStr;
use std::os::fd::OwnedFd;

/// Bytes of a record's data: more settings than a program can be given.
const DATA: u32 = 2 << 20;

/// What the rules say of a peer: the data of the record that decides, if there is one.
pub(super) fn ask(file: &OsStr, peer: &Peer<'_>) -> Result<Option<Vec<u8>>, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = openat(rustix::fs::CWD, file, flags, Mode::empty())?;
    let stat = fstat(&opened)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Err(Errno::ISDIR);
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let database = Database { file: opened, size };
    Ok(look_up(peer, |key| database.find(key))?.map(|(_, data)| data))
}

struct Database {
    file: OwnedFd,
    size: u64,
}

impl Database {
    /// The data of the first record of this key.
    fn find(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        let hash = hash(key);
        let (table, slots) = self.pair(u64::from(hash & 255).saturating_mul(8))?;
        if u64::from(slots).saturating_mul(8) > self.size {
            return Err(Errno::PROTO); // longer than the whole file
        }
        let first = (hash >> 8).checked_rem(slots).unwrap_or(0);
        let order = (first..slots).chain(0..first);
        for slot in order {
            let at = u64::from(slot).saturating_mul(8).saturating_add(u64::from(table));
            let (its_hash, record) = self.pair(at)?;
            if record == 0 {
                return Ok(None);
            }
            if its_hash == hash
                && let Some(data) = self.record(u64::from(record), key)?
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The data of the record at this place, if it is of this key.
    fn record(&self, at: u64, key: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        let (key_length, data_length) = self.pair(at)?;
        let start = at.saturating_add(8);
        let end =
            start.saturating_add(u64::from(key_length)).saturating_add(u64::from(data_length));
        if end > self.size {
            return Err(Errno::PROTO);
        }
        if usize::try_from(key_length) != Ok(key.len()) || self.bytes(start, key_length)? != key {
            return Ok(None);
        }
        if data_length > DATA {
            return Err(Errno::PROTO);
        }
        self.bytes(start.saturating_add(u64::from(key_length)), data_length).map(Some)
    }

    /// Two numbers at a place.
    fn pair(&self, at: u64) -> Result<(u32, u32), Errno> {
        let mut pair = [0; 8];
        self.fill(at, &mut pair)?;
        let [a, b, c, d, e, f, g, h] = pair;
        Ok((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
    }

    /// So many bytes; the caller has bounded them.
    fn bytes(&self, at: u64, length: u32) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Errno::PROTO)?];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    /// A file that ends too early says what is not so.
    fn fill(&self, mut at: u64, mut room: &mut [u8]) -> Result<(), Errno> {
        while !room.is_empty() {
            let count = retry_on_intr(|| pread(&self.file, &mut *room, at))?;
            if count == 0 {
                return Err(Errno::PROTO);
            }
            at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            room = room.split_at_mut_checked(count).map_or(&mut [][..], |(_, rest)| rest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_testkit::Dir;
    use portreeve_ucspi::cdb::{Maker, Reader};

    fn made() -> Vec<u8> {
        let mut maker = Maker::new();
        let mut records = Vec::new();
        for (key, data) in [
            (&b"10.1.2.3"[..], &b"D\0"[..]),
            (b"10.1.2.3", b"+A=1\0"),
            (b"=", b"+B=2\0"),
            (b"", b""),
        ] {
            let head = maker.record(key, data.len()).unwrap();
            records.extend([&head[..], key, data].concat());
        }
        let ending = maker.finish().unwrap();
        let tables: Vec<u8> = ending.tables.flatten().collect();
        [ending.header, records, tables].concat()
    }

    #[test]
    fn a_file_answers_as_its_bytes_do_whatever_is_cut_or_changed() {
        let dir = Dir::new();
        let path = dir.path().join("rules.cdb");
        let whole = made();
        let mut files: Vec<Vec<u8>> =
            (0..whole.len()).step_by(7).map(|end| whole[..end].into()).collect();
        for at in 2048..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x81;
            files.push(changed);
        }
        files.push(whole);
        for bytes in files {
            std::fs::write(&path, &bytes).unwrap();
            let reader = Reader::new(&bytes);
            for address in [&b"10.1.2.3"[..], b"10.1.2.4"] {
                let peer = Peer { address, host: Some(b"a.dom"), info: None };
                let want = look_up(&peer, |key| reader.get(key));
                let want = want.map(|found| found.map(|(_, data)| data.to_vec()));
                assert_eq!(ask(path.as_os_str(), &peer).ok(), want.ok());
            }
        }
        assert_eq!(ask(OsStr::new("/nonexistent"), &Peer::default()), Err(Errno::NOENT));
        assert_eq!(ask(OsStr::new("/"), &Peer::default()), Err(Errno::ISDIR));
    }
}
