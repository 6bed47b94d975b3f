//! `portreeve bans`.

use super::all_bans;
use crate::args::BansArgs;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::bans::{self, Layout};
use crate::render::lines::{Escapes, harmless};
use crate::render::text::count;
use crate::terminal::{self, Form, Reader};
use jiff::tz::TimeZone;
use portreeve_wire::clerk::BanRecord;
use std::io;

/// Bans that are written at once.
const CHUNK: usize = 1000;

/// Lists who is shut out; with a network, whether anything around or inside it is.
pub(crate) fn run(args: &BansArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let all = all_bans(paths, args.network)?;
    match (form, args.network, all.as_slice()) {
        (Form::Json, _, all) => write(&Json, all)?,
        (Form::Text(_), None, []) => terminal::answer("Nobody is shut out.\n")?,
        (Form::Text(_), Some(network), []) => {
            terminal::answer(&format!("No ban is around or inside {network}.\n"))?;
        }
        (Form::Text(paint), _, all) => {
            let columns = terminal::columns();
            let layout = Layout::new(all, columns, paint, TimeZone::system());
            write(&Text { layout, sum: columns.is_some() }, all)?;
        }
    }
    let none = args.network.is_some() && all.is_empty();
    Ok(if none { Exit::No } else { Exit::Yes })
}

/// A list, written piece by piece: there may be a million.
trait Written {
    fn before(&self) -> String;
    fn one(&self, ban: &BanRecord, last: bool) -> String;
    fn after(&self, all: &[BanRecord]) -> String;
}

struct Text {
    layout: Layout,
    sum: bool,
}

impl Written for Text {
    fn before(&self) -> String {
        self.layout.head()
    }
    fn one(&self, ban: &BanRecord, _: bool) -> String {
        self.layout.ban(ban)
    }
    fn after(&self, all: &[BanRecord]) -> String {
        let number = u64::try_from(all.len()).unwrap_or(u64::MAX);
        if self.sum { format!("{}.\n", count(number, "ban")) } else { String::new() }
    }
}

/// One object, with each ban on a line of its own.
struct Json;

impl Written for Json {
    fn before(&self) -> String {
        "{\n  \"bans\": [\n".into()
    }
    fn one(&self, ban: &BanRecord, last: bool) -> String {
        let comma = if last { "" } else { "," };
        harmless(&format!("    {}{comma}", bans::json(ban)), Escapes::Json)
    }
    fn after(&self, _: &[BanRecord]) -> String {
        "  ]\n}\n".into()
    }
}

fn write(form: &impl Written, all: &[BanRecord]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut text = form.before();
    let last = all.len().saturating_sub(1);
    let mut put = |text: &str| {
        let written = terminal::write_all(&mut out, text.as_bytes());
        written.map_err(|error| Failure::system("write to standard output", &error))
    };
    for (index, ban) in all.iter().enumerate() {
        text.push_str(&form.one(ban, index == last));
        if index % CHUNK == CHUNK - 1 {
            if put(&text)? == Reader::Gone {
                return Ok(());
            }
            text.clear();
        }
    }
    text.push_str(&form.after(all));
    put(&text).map(drop)
}
