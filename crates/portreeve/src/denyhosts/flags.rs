//! What may follow `denyhosts`.

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A text.
    Text(String),
    /// Something to be done.
    Run(Flags),
}

/// How.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `-c`.
    pub(super) config: Option<String>,
    /// `-f`.
    pub(super) files: Vec<String>,
    /// `-i`.
    pub(super) ignore: bool,
    /// `-n`.
    pub(super) no_email: bool,
    /// `-p`.
    pub(super) purge: bool,
    /// `--purge-all`.
    pub(super) purge_all: bool,
    /// `--purgeip`, with whom.
    pub(super) purge_ip: Option<Vec<String>>,
    /// `--migrate`.
    pub(super) migrate: bool,
    /// `--unlock`.
    pub(super) unlock: bool,
    /// `--daemon`.
    pub(super) daemon: bool,
    /// `--foreground`.
    pub(super) foreground: bool,
    /// `-v`.
    pub(super) verbose: bool,
    /// `-d`.
    pub(super) debug: bool,
}

/// Shown by `-h`, and where a line makes no sense.
const USAGE: &str = "\
Usage: denyhosts [options]

  -c, --config FILE   the configuration (/etc/denyhosts.conf)
  -f, --file FILE     read this log instead of SECURE_LOG; several are read from
                      their beginnings; .gz and .bz2 are unpacked
  -i, --ignore        read from the beginning, whatever was read before
  -n, --noemail       send no mail
  -p, --purge         take out entries that are older than PURGE_DENY
      --purge-all     take out every entry that has a marker
      --purgeip IP... take out these
      --migrate       give a marker to entries that have none
      --unlock        take away a lock that was left
      --daemon        go on in the background
      --foreground    go on in the foreground
  -v, --verbose  -d, --debug  --version  -h, --help

--daemon and --foreground pass over --file, --purge, --purge-all, --purgeip and
--migrate. --sync and --upgrade099 are not served.
";

/// Options with a value.
const VALUED: [&str; 2] = ["config", "file"];
const LONG: [&str; 16] = [
    "file",
    "ignore",
    "verbose",
    "debug",
    "help",
    "noemail",
    "config",
    "version",
    "migrate",
    "purge",
    "purge-all",
    "purgeip",
    "daemon",
    "foreground",
    "unlock",
    "sync",
];

/// Reads a line as getopt(3) does.
///
/// # Errors
/// What is wrong, with the usage.
pub(super) fn read(words: &[String]) -> Result<Asked, String> {
    let mut flags = Flags::default();
    let mut rest = words.iter();
    let mut left: Vec<String> = Vec::new();
    while let Some(word) = rest.next() {
        if word == "--" {
            left.extend(rest.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let name = full(name)?;
            let value = match (VALUED.contains(&name), value) {
                (true, None) => Some(next(&mut rest, word)?),
                (false, Some(_)) => return Err(wrong(&format!("--{name} takes no value"))),
                (_, value) => value,
            };
            if let Some(text) = set(&mut flags, name, value.unwrap_or_default())? {
                return Ok(Asked::Text(text));
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            if let Some(text) = letters(&mut flags, short, &mut rest)? {
                return Ok(Asked::Text(text));
            }
        } else {
            // options end with the first word that is none
            left.push(word.clone());
            left.extend(rest.by_ref().cloned());
        }
    }
    match &mut flags.purge_ip {
        Some(whom) if left.is_empty() => {
            whom.clear();
            return Err("--purgeip: name the addresses to take out behind it".to_owned());
        }
        Some(whom) => *whom = left,
        None if !left.is_empty() => {
            return Err(wrong(&format!("nothing is known of `{}`", left.join(" "))));
        }
        None => {}
    }
    Ok(Asked::Run(flags))
}

/// Reads `-fni` and its like.
fn letters(
    flags: &mut Flags,
    short: &str,
    rest: &mut std::slice::Iter<'_, String>,
) -> Result<Option<String>, String> {
    for (at, letter) in short.char_indices() {
        let name = match letter {
            'c' => "config",
            'f' => "file",
            'd' => "debug",
            'i' => "ignore",
            'n' => "noemail",
            'p' => "purge",
            'v' => "verbose",
            's' => "sync",
            'h' | '?' => "help",
            'V' => "version",
            other => return Err(wrong(&format!("there is no option -{other}"))),
        };
        if VALUED.contains(&name) {
            let behind = short.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = match behind {
                "" => next(rest, &format!("-{letter}"))?,
                behind => behind.to_owned(),
            };
            return set(flags, name, value);
        }
        let text = set(flags, name, String::new())?;
        if text.is_some() {
            return Ok(text);
        }
    }
    Ok(None)
}

fn next(rest: &mut std::slice::Iter<'_, String>, word: &str) -> Result<String, String> {
    rest.next().cloned().ok_or_else(|| wrong(&format!("{word} needs a value")))
}

/// A long option, which may be cut where no other begins so.
fn full(name: &str) -> Result<&'static str, String> {
    if name == "upgrade099" {
        return Err("--upgrade099 is not served: it is for files from before 2005; run an old \
                    DenyHosts once, or mend them by hand"
            .to_owned());
    }
    let mut fitting = LONG.iter().filter(|known| known.starts_with(name));
    let exact = LONG.iter().find(|known| **known == name);
    match (exact, fitting.next(), fitting.next()) {
        (Some(known), ..) | (None, Some(known), None) if !name.is_empty() => Ok(known),
        (_, Some(_), Some(_)) => Err(wrong(&format!("--{name} may mean several options"))),
        _ => Err(wrong(&format!("there is no option --{name}"))),
    }
}

fn set(flags: &mut Flags, name: &str, value: String) -> Result<Option<String>, String> {
    match name {
        "config" => flags.config = Some(value),
        "file" => flags.files.push(value),
        "ignore" => flags.ignore = true,
        "noemail" => flags.no_email = true,
        "purge" => flags.purge = true,
        "purge-all" => flags.purge_all = true,
        "purgeip" => flags.purge_ip = Some(Vec::new()),
        "migrate" => flags.migrate = true,
        "unlock" => flags.unlock = true,
        "daemon" => flags.daemon = true,
        "foreground" => flags.foreground = true,
        "verbose" => flags.verbose = true,
        "debug" => flags.debug = true,
        "sync" => {
            return Err(
                "--sync is not served: the protocol is plain HTTP without authentication, and \
                        whoever is on the way could have anybody shut out"
                    .to_owned(),
            );
        }
        "version" => {
            let version = env!("CARGO_PKG_VERSION");
            return Ok(Some(format!("DenyHosts version: 3.1.2 (portreeve {version})\n")));
        }
        _ => return Ok(Some(USAGE.to_owned())),
    }
    Ok(None)
}

fn wrong(what: &str) -> String {
    format!("denyhosts: {what}\n\n{USAGE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Asked, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        read(&words)
    }

    fn flags(line: &str) -> Flags {
        match asked(line) {
            Ok(Asked::Run(flags)) => flags,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_people_type_are_read() {
        let all = flags("-c /x -f a -fb --file=c --file d -in --conf /y");
        assert_eq!((all.config.as_deref(), all.files.join("")), (Some("/y"), "abcd".into()));
        assert!(all.ignore && all.no_email && !all.purge);
        assert!(flags("--purge").purge && !flags("--purge").purge_all);
        assert!(flags("--purge-a").purge_all);
        let gone = flags("--purgeip 192.0.2.7 192.0.2.8").purge_ip.unwrap();
        assert_eq!(gone, ["192.0.2.7", "192.0.2.8"]);
        assert!(flags("--unlock --daemon").daemon);
        assert!(matches!(asked("--version"), Ok(Asked::Text(_))));
        assert!(matches!(asked("-h"), Ok(Asked::Text(_))));
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        for (line, what) in [
            ("--sync", "--sync is not served"),
            ("-s", "--sync is not served"),
            ("--upgrade099", "--upgrade099 is not served"),
            ("--purgeip", "name the addresses"),
            ("--pur", "several"),
            ("--nothing", "there is no option --nothing"),
            ("-x", "there is no option -x"),
            ("-c", "needs a value"),
            ("--daemon=yes", "takes no value"),
            ("start", "nothing is known of `start`"),
        ] {
            let text = asked(line).unwrap_err();
            assert!(text.contains(what), "{line}: {text}");
        }
    }
}
