//! What a rule would do, without doing it.

use super::asker::LookUp;
use super::expansion::{expanded, value};
use super::files::Loaded;
use super::{because, shell, shown};
use portreeve_dialect::wrappers::wrong_option;
use portreeve_model::wrappers::{Deed, Setting, WrongOption};
use portreeve_policy::wrappers::{Decided, End, Request, Why};
use portreeve_sys::file::read_bounded;
use portreeve_sys::user::{lookup_group, lookup_user};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a banner, at most.
const BANNER: usize = 64 << 10;

/// How it would end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Granted,
    Denied,
    Delegated,
}

impl Access {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Delegated => "delegated",
        }
    }
}

/// Goes through what a decision has done; each line goes to `print`. An `aclexec` counts as a
/// success.
pub(super) fn run(
    decided: &Decided<'_>,
    request: &mut Request,
    look_up: &mut dyn LookUp,
    loaded: &Loaded,
    print: &mut dyn FnMut(&[u8]),
) -> Access {
    let rule = decided.found.map(|found| (loaded.path(found.which), found.line));
    let fails = |text: &str| match &rule {
        Some((path, line)) => format!("error: {path}, line {line}: {text}\n"),
        None => format!("error: {text}\n"),
    };
    for setting in decided.settings {
        let setting = &setting.value;
        if is_unreadable(setting) {
            break;
        }
        let text = match value(setting, request, look_up) {
            Ok(text) => text,
            Err(text) => {
                print(fails(&text).as_bytes());
                return Access::Denied;
            }
        };
        print(&[&b"option:   "[..], &setting.key, b" ", &text, b"\n"].concat());
        match checked(setting, &text, request, look_up) {
            Ok(banner) => print(&banner),
            Err(text) => {
                print(fails(&text).as_bytes());
                return Access::Denied;
            }
        }
    }
    match &decided.end {
        End::Granted => Access::Granted,
        End::Refused => Access::Denied,
        End::Delegated => Access::Delegated,
        other @ (End::Wrong(_) | End::Open(_) | End::Unreadable(_)) => {
            if let Some(text) = trouble(other, decided, loaded) {
                print(fails(&text).as_bytes());
            }
            Access::Denied
        }
    }
}

/// Whether an option's line cannot even be read: it has no name, or stands where it must not.
fn is_unreadable(setting: &Setting) -> bool {
    matches!(
        setting.deed,
        Deed::Wrong(
            WrongOption::NoName
                | WrongOption::Name
                | WrongOption::NeedsValue
                | WrongOption::NoValue
                | WrongOption::NotLast
        )
    )
}

/// Why a request is refused that no rule refuses.
pub(super) fn trouble(end: &End, decided: &Decided<'_>, loaded: &Loaded) -> Option<String> {
    Some(match end {
        End::Wrong(wrong) => wrong_option(*wrong, &decided.settings.last()?.value),
        End::Unreadable(which) => format!("cannot open {}", loaded.path(*which)),
        End::Open(Why::Broken(_)) => {
            "a pattern that cannot be read may be about this client; see tcpdchk".into()
        }
        End::Open(Why::List(path)) => format!("{} cannot be read", shown(path)),
        End::Open(Why::Netgroup(group)) => {
            format!("nobody could say who is in netgroup {}", shown(group))
        }
        End::Open(Why::NameFailed) => "the client's name could not be looked up".into(),
        End::Granted | End::Refused | End::Delegated => return None,
    })
}

/// Whether an option could be carried out; what a banner would say.
fn checked(
    setting: &Setting,
    text: &[u8],
    request: &mut Request,
    look_up: &mut dyn LookUp,
) -> Result<Vec<u8>, String> {
    let deed = &setting.deed;
    if *deed == Deed::Banners {
        return banner(text, request, look_up);
    }
    if *deed == Deed::User {
        identity(text)?;
    }
    if *deed == Deed::Group {
        group(&shown(text))?;
    }
    if *deed == Deed::SetEnv && shell::variable(text).is_none() {
        return Err(format!("bad variable name: \"{}\"", shown(text)));
    }
    Ok(Vec::new())
}

/// The file of this daemon in a folder of banners: zero bytes at its start as they are, then `%`
/// replaced and lines ended as terminals like it. Without a file, nothing.
pub(super) fn banner(
    folder: &[u8],
    request: &mut Request,
    look_up: &mut dyn LookUp,
) -> Result<Vec<u8>, String> {
    let folder = Path::new(OsStr::from_bytes(folder));
    let name = Path::new(OsStr::from_bytes(&request.daemon)).file_name().map(PathBuf::from);
    let path = folder.join(name.unwrap_or_default());
    let Ok(content) = read_bounded(&path, BANNER) else {
        if let Err(error) = std::fs::metadata(folder) {
            look_up.warn(&format!("{}: {}", folder.display(), because(&error)));
        }
        return Ok(Vec::new());
    };
    let zeros = content.bytes.iter().take_while(|byte| **byte == 0).count();
    let (mut out, lines) = match content.bytes.split_at_checked(zeros) {
        Some((zeros, lines)) => (zeros.to_vec(), lines),
        None => (Vec::new(), &[][..]),
    };
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend(expanded(text, request, look_up)?);
        if line.len() > text.len() {
            out.extend_from_slice(b"\r\n");
        }
        if out.len() > BANNER.saturating_mul(4) {
            return Err(format!("{}: too long", path.display()));
        }
    }
    Ok(out)
}

/// Who `name` or `name.group` is: user, group, and the name whose groups they have.
pub(super) fn identity(text: &[u8]) -> Result<(String, u32, u32), String> {
    let text = shown(text);
    let (name, group_name) = match text.split_once('.') {
        Some((name, group)) => (name, Some(group)),
        None => (text.as_str(), None),
    };
    let unknown = || format!("unknown user: \"{name}\"");
    let user = lookup_user(name).ok().flatten().ok_or_else(unknown)?;
    let gid = group_name.map(group).transpose()?.unwrap_or(user.gid);
    Ok((user.name, user.uid, gid))
}

/// The number of a group.
pub(super) fn group(name: &str) -> Result<u32, String> {
    let unknown = || format!("unknown group: \"{name}\"");
    Ok(lookup_group(name).ok().flatten().ok_or_else(unknown)?.gid)
}
