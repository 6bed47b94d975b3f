//! The readers of configurations, and all that comes behind them: findings and how they are shown,
//! the print and its reading, the frame for root, the tables.

use super::{Outcome, Target, bounds, signature};
use crate::corpus;
use crate::world::Host;
use portreeve_config::{CODES, Entry, Loaded, keys, load, print};
use portreeve_diag::{Diagnostic, Level, Paint, Sources, Span, render};
use portreeve_dialect::xinetd::{attribute, codes};
use portreeve_dialect::{denyhosts, fail2ban};
use portreeve_model::{Config, SourceKind};
use portreeve_policy::{State, Tables};
use portreeve_wire::{decode, encode};

const XINETD_FILE: &str = "/etc/xinetd.conf";
const NATIVE_FILE: &str = "/etc/portreeve/portreeve.toml";

/// xinetd.conf.
pub(super) const XINETD: Target = Target {
    name: "xinetd",
    about: "xinetd.conf(5) and its includes",
    check: |input| check(&Entry::Xinetd(XINETD_FILE.into()), XINETD_FILE, input),
    seeds: || {
        corpus::files(
            &["crates/dialect/tests/corpus/xinetd", "examples", "fuzz/corpus/xinetd"],
            "conf",
        )
    },
    words: xinetd_words,
    longest: 64 << 10,
};

/// Native TOML.
pub(super) const TOML: Target = Target {
    name: "toml",
    about: "the native configuration and its includes",
    check: |input| check(&Entry::Native(NATIVE_FILE.into()), NATIVE_FILE, input),
    seeds: || {
        corpus::files(&["crates/config/tests/corpus", "examples", "fuzz/corpus/toml"], "toml")
    },
    words: native_words,
    longest: 64 << 10,
};

/// What every accepted configuration is made from: a corpus of native ones.
pub(super) fn accepted() -> Vec<Config> {
    let texts = (TOML.seeds)();
    let read = |text: &Vec<u8>| {
        load(&Entry::Native(NATIVE_FILE.into()), &mut Host::new(NATIVE_FILE, text)).config
    };
    texts.iter().filter_map(read).collect()
}

fn check(entry: &Entry, main: &'static str, input: &[u8]) -> Outcome {
    let mut host = Host::new(main, input);
    let loaded = load(entry, &mut host);
    if loaded.config.is_none() != (loaded.errors() > 0) {
        return Err(format!(
            "{} errors, and accepted: {}",
            loaded.errors(),
            loaded.config.is_some()
        ));
    }
    loaded.diagnostics.iter().try_for_each(|finding| judged(finding, &loaded.sources))?;
    // what a thousand findings look like is costly, and no different from a hundred
    if loaded.diagnostics.len() <= 100 || input.len().is_multiple_of(64) {
        shown(&loaded)?;
    }
    if let Some(config) = &loaded.config {
        bounds::within(config)?;
        printed(config, &host)?;
        carried(config)?;
    }
    let verdict = if loaded.config.is_some() { "accepted" } else { "refused" };
    let codes = loaded.diagnostics.iter().map(|finding| finding.code.0);
    Ok(signature(codes.chain([verdict])))
}

/// A finding lies inside its text, has a code that is documented, and says how to mend.
pub(super) fn judged(finding: &Diagnostic, sources: &Sources) -> Result<(), String> {
    let told = format!("{}[{}]: {}", finding.level, finding.code, finding.message);
    let known = CODES.iter().any(|(code, _)| *code == finding.code)
        || [codes::ALL, fail2ban::codes::ALL, denyhosts::codes::ALL]
            .into_iter()
            .flatten()
            .any(|(code, _)| *code == finding.code.0);
    if !known {
        return Err(format!("no such code: {told}"));
    }
    if finding.message.is_empty() || finding.message.ends_with('.') {
        return Err(format!("not a phrase: {told}"));
    }
    if finding.level == Level::Error && finding.help.iter().all(String::is_empty) {
        return Err(format!("no help: {told}"));
    }
    let also = finding.also.iter().map(|(at, _)| *at);
    finding.at.into_iter().chain(also).try_for_each(|at| inside(at, sources, &told))
}

/// Line and column exist in the text, and the span is a piece of it.
fn inside(at: Span, sources: &Sources, told: &str) -> Result<(), String> {
    let text = sources.text(at.file);
    let outside = || Err(format!("{at:?} is no place in {} bytes: {told}", text.len()));
    if sources.path(at.file) == "?" || text.get(at.start as usize..at.end as usize).is_none() {
        return outside();
    }
    let (line, column) = sources.line_column(at);
    let length = |line: &str| line.chars().count();
    let whole = text.split('\n').nth(line as usize - 1).map(length);
    // of a list only the lines that are told of are at hand
    let excerpt = sources.line(at.file, line).map(length);
    // one past the end is where something is missing
    let fits = |found: Option<usize>| found.is_some_and(|length| column as usize <= length + 1);
    if fits(whole) || fits(excerpt) { Ok(()) } else { outside() }
}

/// What is shown holds nothing that a terminal would obey.
fn shown(loaded: &Loaded) -> Result<(), String> {
    let text = render(&loaded.diagnostics, &loaded.sources, Paint::Plain);
    let obeyed = |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c);
    match text.chars().find(obeyed) {
        Some(found) => Err(format!("{found:?} is shown as it is")),
        None => Ok(()),
    }
}

/// What is printed reads as the same model, without an error, and prints the same again.
fn printed(config: &Config, host: &Host<'_>) -> Result<(), String> {
    let text = print(config);
    let read = |text: &str| {
        let lists = config.sources.iter().filter_map(|source| match &source.kind {
            SourceKind::List(file) => Some((&file.path, host.text(&file.path)?)),
            SourceKind::Rules { .. } | SourceKind::Wrappers { .. } => None,
        });
        let main = Host::new(NATIVE_FILE, text.as_bytes());
        let mut host = lists.fold(main, |host, (path, list)| host.with(path, list));
        load(&Entry::Native(NATIVE_FILE.into()), &mut host)
    };
    let again = read(&text);
    if again.config.as_ref() != Some(config) {
        let findings = render(&again.diagnostics, &again.sources, Paint::Plain);
        return Err(format!("the print reads as something else\n{findings}\n{text}"));
    }
    let second = again.config.map(|config| print(&config)).unwrap_or_default();
    let bare = |text: &str| -> Vec<String> {
        // an origin in a comment is a place of the text it was read from
        text.lines().map(|line| line.split("  # ").next().unwrap_or("").to_owned()).collect()
    };
    match bare(&second) == bare(&text) {
        true => Ok(()),
        false => Err(format!("the print of the print differs\n{text}\n{second}")),
    }
}

/// It survives the way to root's process, and becomes tables there.
fn carried(config: &Config) -> Result<(), String> {
    let bytes = encode(config, usize::MAX).map_err(|error| error.to_string())?;
    let same = decode::<Config>(&bytes).map_err(|error| error.to_string())?;
    if same != *config {
        return Err("it arrives as something else".into());
    }
    let tables = Tables::compile(config);
    State::new(config.settings.max_sessions, 1000).adopt(&tables);
    let lost = config.services.iter().find(|service| tables.find(&service.key).is_none());
    lost.map_or(Ok(()), |service| Err(format!("no table for {}", service.key.as_str())))
}

fn xinetd_words() -> Vec<String> {
    let names = attribute::ALL.iter().map(|definition| format!("\t{} = ", definition.name));
    let bare = attribute::ALL.iter().map(|definition| definition.name.to_owned());
    let values = [
        "service ",
        "defaults\n{\n",
        "{\n",
        "\n}\n",
        "include /etc/more\n",
        "includedir /etc/d\n",
        "\u{c}",
        "UNLIMITED",
        "FOREVER",
        "NEVER",
        "INTERNAL",
        "UNLISTED",
        "SENSOR",
        "IPv6",
        "IDONLY",
        "NAMEINARGS",
        "stream",
        "dgram",
        "yes",
        "no",
        "tcp",
        "ssh",
        "echo",
        "10.0.0.0/8",
        "10.1.{2,3}",
        "2001:db8::/32",
        ".example.org",
        "88.???.1.2",
        "08:00-24:00",
        "22:0-6:",
        "SYSLOG auth info",
        "FILE /var/log/x 1k 2k",
        "HOST PID USERID",
        "50 10",
        "0 0",
        "8M",
        "nobody",
        "/bin/cat",
        "#",
    ];
    names.chain(bare).chain(values.map(String::from)).collect()
}

fn native_words() -> Vec<String> {
    let examples = keys().map(|key| format!("{} = {}\n", key.name, key.example));
    let bare = keys().map(|key| key.name.to_owned());
    let values = [
        "[service.a]\n",
        "[service.\"a@b\"]\n",
        "[trap.b]\n",
        "[defaults]\n",
        "[ban]\n",
        "[import]\n",
        "[portreeve]\n",
        "[[service]]\n",
        "include = [\"*\"]\n",
        "\u{c}",
        "\"unlimited\"",
        "\"none\"",
        "\"everybody\"",
        "\"always\"",
        "\"forever\"",
        "\"never\"",
        "\"openssh\"",
        "\"10:30:100\"",
        "\"1d\"",
        "\"10ms\"",
        "{ max = 5, v4 = 24 }",
        "{ soft = 1, hard = 2 }",
        "[]",
        "{}",
        "inf",
        "1_000",
        "0x10",
        "1979-05-27T07:32:00Z",
        "listen = [\"*:22\"]\n",
        "run = [\"/bin/cat\"]\n",
        "internal = \"echo\"\n",
    ];
    examples.chain(bare).chain(values.map(String::from)).collect()
}
