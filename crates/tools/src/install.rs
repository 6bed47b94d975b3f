//! Links in a folder, so that each command has its name.

use crate::applet::{APPLETS, Call};
use crate::trouble::Trouble;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `install DIR`: makes a link to this program for each command. Links of ours that are there are
/// left; anything else of such a name is named, and nothing at all is made then.
pub(crate) fn install(call: &Call) -> Result<ExitCode, Trouble> {
    let [dir] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    let dir = Path::new(dir);
    let own = std::env::current_exe();
    let own = own.map_err(|error| Trouble::system("unable to find my own program", &error))?;
    let mut wanted = Vec::new();
    let mut strangers = Vec::new();
    for applet in APPLETS.iter().filter(|applet| applet.linked) {
        let link = dir.join(applet.name);
        match standing(&link, &own) {
            Ok(Standing::Free) => wanted.push(link),
            Ok(Standing::Ours) => {}
            Ok(Standing::Stranger) => strangers.push(link),
            Err(error) => {
                return Err(Trouble::system(&format!("unable to read {}", link.display()), &error));
            }
        }
    }
    if !strangers.is_empty() {
        let names: Vec<_> = strangers.iter().map(|link| link.display().to_string()).collect();
        let names = names.join(", ");
        let text = format!("these are there and are not mine, nothing was made: {names}");
        return Err(Trouble::Wrong(text.into()));
    }
    for link in &wanted {
        symlink(&own, link).map_err(|error| {
            Trouble::system(&format!("unable to create {}", link.display()), &error)
        })?;
    }
    told(&wanted)?;
    Ok(ExitCode::SUCCESS)
}

/// What stands at a link's place.
enum Standing {
    Free,
    Ours,
    Stranger,
}

fn standing(link: &Path, own: &Path) -> io::Result<Standing> {
    match fs::symlink_metadata(link) {
        Ok(_) if fs::canonicalize(link).is_ok_and(|it| it == own) => Ok(Standing::Ours),
        Ok(_) => Ok(Standing::Stranger),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Free),
        Err(error) => Err(error),
    }
}

fn told(links: &[PathBuf]) -> Result<(), Trouble> {
    let lines: String = links.iter().map(|link| format!("{}\n", link.display())).collect();
    let written = io::stdout().write_all(lines.as_bytes());
    written.map_err(|error| Trouble::system("unable to write output", &error))
}
