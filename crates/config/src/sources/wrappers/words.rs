//! What the host says about words of a rule: users, groups, banners.

use super::super::Reader;
use super::at;
use crate::codes;
use crate::world::{Owner, World};
use portreeve_diag::{Diagnostic, Level};
use portreeve_dialect::EntryKind;
use portreeve_model::wrappers::{Deed, HostWords, MOST_BANNER, Rule};

/// Bytes of all banners together, at most.
const BANNERS: usize = 1 << 20;

/// Files in folders of banners, at most.
const MOST_FILES: usize = 1000;

/// Asks for what a rule names.
pub(super) fn of_rule(rule: &Rule, reader: &mut Reader<'_>, words: &mut HostWords) {
    for setting in &rule.settings {
        let Some(value) = &setting.value.value else { continue };
        let deed = &setting.value.deed;
        let found = if *deed == Deed::User && !words.users.contains_key(value) {
            user(value, reader.world, words)
        } else if *deed == Deed::Group && !words.groups.contains_key(value) {
            group(value, reader.world, words)
        } else if *deed == Deed::Banners && words.banners.keys().all(|(folder, _)| folder != value)
        {
            banners(value, reader, words)
        } else {
            Ok(())
        };
        if let Err((reason, help)) = found {
            let place = at(reader.check, rule);
            let finding =
                Diagnostic::new(Level::Warning, codes::HOSTS_UNKNOWN, Some(place), reason);
            reader.check.say(finding.help(help));
        }
    }
}

type Unknown = (String, &'static str);

const REFUSES: &str = "until there is one, whom the rule matches is refused";

fn user(value: &[u8], world: &mut dyn World, words: &mut HostWords) -> Result<(), Unknown> {
    let text = String::from_utf8_lossy(value);
    let (name, group) = match text.split_once('.') {
        Some((name, group)) => (name, Some(group)),
        None => (&*text, None),
    };
    let known = world.user(name, None).map_err(|why| asked("user", name, &why))?;
    if known.is_none() {
        return Err((format!("unknown user: \"{name}\""), REFUSES));
    }
    let ids = match group {
        None => known,
        Some(group) => world.user(name, Some(group)).map_err(|why| asked("group", group, &why))?,
    };
    let Some(ids) = ids else {
        return Err((format!("unknown group: \"{}\"", group.unwrap_or_default()), REFUSES));
    };
    words.users.insert(value.to_vec(), ids);
    Ok(())
}

fn group(value: &[u8], world: &mut dyn World, words: &mut HostWords) -> Result<(), Unknown> {
    let name = String::from_utf8_lossy(value);
    let found = world.group(&name).map_err(|why| asked("group", &name, &why))?;
    let gid = found.ok_or_else(|| (format!("unknown group: \"{name}\""), REFUSES))?;
    words.groups.insert(value.to_vec(), gid);
    Ok(())
}

fn asked(what: &str, name: &str, why: &str) -> Unknown {
    (format!("{what} \"{name}\" cannot be looked up: {why}"), REFUSES)
}

/// Every file of a folder of banners: each is for the daemon of its name.
fn banners(folder: &[u8], reader: &mut Reader<'_>, words: &mut HostWords) -> Result<(), Unknown> {
    let silent = "until it can be read, nobody is sent a banner";
    let shown = String::from_utf8_lossy(folder).into_owned();
    let path = std::str::from_utf8(folder).ok().filter(|path| path.starts_with('/'));
    let path = path.ok_or_else(|| (format!("{shown}: no absolute path"), silent))?;
    // a folder is no file; but asked for, it is watched: for the files that come into it
    let _ = reader.file(path, Owner::Believed);
    let entries =
        reader.world.list(path).map_err(|why| (format!("{shown}: {}", why.reason), silent))?;
    let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
    let path = path.trim_end_matches('/');
    for entry in files {
        let held: usize = words.banners.values().map(Vec::len).sum();
        let name = entry.name;
        let bytes = reader.file(&format!("{path}/{name}"), Owner::Believed);
        let bytes = bytes.map_err(|why| (format!("{shown}/{name}: {}", why.reason), silent))?;
        let fits = bytes.len() <= MOST_BANNER && words.banners.len() < MOST_FILES;
        if !fits || held.saturating_add(bytes.len()) > BANNERS {
            return Err((format!("{shown}/{name}: too many banners, or too large ones"), silent));
        }
        words.banners.insert((folder.to_vec(), name.into_bytes()), bytes);
    }
    Ok(())
}
