//! Users and groups by name, through the system's NSS. For the one-shot compiler only: NSS modules
//! are outside code that may block, speak to the network and load libraries; root never calls this.

use std::{
    ffi::{CStr, CString},
    io,
    mem::MaybeUninit,
    ptr,
};

/// Buffer sizes: the first try and the last.
const FIRST: usize = 4 << 10;
const LAST: usize = 1 << 20;
/// The most groups of one user.
const MOST_GROUPS: usize = 65_536;

/// An entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Home directory.
    pub dir: String,
}

/// An entry of the group database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
}

/// The user called `name`; `None` when there is none.
///
/// # Errors
/// Those of getpwnam_r(3), and `InvalidInput` for a name with a NUL byte.
pub fn lookup_user(name: &str) -> io::Result<Option<User>> {
    let name = CString::new(name)?;
    find_user(|entry, buffer, found| {
        // SAFETY: all pointers are to memory of ours, with the buffer's true length.
        unsafe { libc::getpwnam_r(name.as_ptr(), entry, buffer.as_mut_ptr(), buffer.len(), found) }
    })
}

/// The user numbered `uid`; `None` when there is none.
///
/// # Errors
/// Those of getpwuid_r(3).
pub fn lookup_uid(uid: u32) -> io::Result<Option<User>> {
    find_user(|entry, buffer, found| {
        // SAFETY: all pointers are to memory of ours, with the buffer's true length.
        unsafe { libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), found) }
    })
}

/// The group called `name`; `None` when there is none.
///
/// # Errors
/// Those of getgrnam_r(3), and `InvalidInput` for a name with a NUL byte.
pub fn lookup_group(name: &str) -> io::Result<Option<Group>> {
    let name = CString::new(name)?;
    let mut entry = MaybeUninit::<libc::group>::zeroed();
    let mut found = ptr::null_mut();
    let _buffer = with_buffer(|buffer| {
        // SAFETY: all pointers are to memory of ours, with the buffer's true length.
        unsafe {
            libc::getgrnam_r(
                name.as_ptr(),
                entry.as_mut_ptr(),
                buffer.as_mut_ptr(),
                buffer.len(),
                &raw mut found,
            )
        }
    })?;
    // SAFETY: null, or `entry` filled by the call; its strings live in `_buffer`.
    Ok(unsafe { found.as_ref() }.map(|group| Group {
        // SAFETY: a NUL-terminated string in `_buffer`.
        name: unsafe { text(group.gr_name) },
        gid: group.gr_gid,
    }))
}

/// Every group of the user `name` whose primary group is `gid`: what initgroups(3) would set.
///
/// # Errors
/// `InvalidInput` for a name with a NUL byte, `FileTooLarge` above 65536 groups.
pub fn group_list(name: &str, gid: u32) -> io::Result<Vec<u32>> {
    let name = CString::new(name)?;
    let mut groups = vec![0_u32; 64];
    loop {
        let mut count = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
        // SAFETY: the list is ours and `count` is its length; the name is NUL-terminated.
        let answer =
            unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
        let needed = usize::try_from(count).unwrap_or(0);
        if answer >= 0 {
            groups.truncate(needed);
            return Ok(groups);
        }
        let next = needed.max(groups.len().saturating_mul(2));
        if groups.len() >= MOST_GROUPS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        groups.resize(next.min(MOST_GROUPS), 0);
    }
}

type Found = *mut *mut libc::passwd;

fn find_user(
    mut ask: impl FnMut(*mut libc::passwd, &mut [libc::c_char], Found) -> libc::c_int,
) -> io::Result<Option<User>> {
    let mut entry = MaybeUninit::<libc::passwd>::zeroed();
    let mut found = ptr::null_mut();
    let _buffer = with_buffer(|buffer| ask(entry.as_mut_ptr(), buffer, &raw mut found))?;
    // SAFETY: null, or `entry` filled by the call; its strings live in `_buffer`.
    Ok(unsafe { found.as_ref() }.map(|user| User {
        // SAFETY: a NUL-terminated string in `_buffer`.
        name: unsafe { text(user.pw_name) },
        uid: user.pw_uid,
        gid: user.pw_gid,
        // SAFETY: a NUL-terminated string in `_buffer`.
        dir: unsafe { text(user.pw_dir) },
    }))
}

/// Asks with a growing buffer, which the answer's strings then live in.
fn with_buffer(
    mut ask: impl FnMut(&mut [libc::c_char]) -> libc::c_int,
) -> io::Result<Vec<libc::c_char>> {
    let mut buffer = vec![0; FIRST];
    loop {
        match ask(&mut buffer) {
            // Some modules say "none" by an error (getpwnam(3), notes); `found` is null then.
            0 | libc::ENOENT | libc::ESRCH => return Ok(buffer),
            libc::ERANGE if buffer.len() < LAST => {
                buffer.resize(buffer.len().saturating_mul(2), 0);
            }
            libc::EINTR => {}
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// # Safety
/// `pointer` is null or a NUL-terminated string.
unsafe fn text(pointer: *const libc::c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, so a NUL-terminated string by the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        let root = lookup_user("root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(lookup_uid(0).unwrap(), Some(root));
        assert_eq!(lookup_group("root").unwrap().map(|group| group.gid), Some(0));
    }

    #[test]
    fn strangers_are_none_and_not_errors() {
        assert_eq!(lookup_user("no-such-user-here").unwrap(), None);
        assert_eq!(lookup_group("no-such-group-here").unwrap(), None);
        assert!(lookup_user("a\0b").is_err());
    }

    #[test]
    fn a_group_list_begins_with_the_primary_group() {
        assert_eq!(group_list("no-such-user-here", 4711).unwrap(), [4711]);
        assert!(group_list("root", 0).unwrap().contains(&0));
    }
}
