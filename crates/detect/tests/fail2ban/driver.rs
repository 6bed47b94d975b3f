//! The installed fail2ban, asked over a pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use portreeve_detect::filter::{Dated, Filter, Refusal};
use portreeve_model::{Dialect, FilterText, Origin, Sited, UseDns};
use serde_json::{Value, json};

/// What time it is to fail2ban there, in microseconds since the epoch.
pub(crate) const NOW: i64 = 1_124_013_600_000_000;

/// A process of fail2ban's.
pub(crate) struct Driver {
    child: Child,
    ask: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Driver {
    pub(crate) fn new() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fail2ban/driver.py");
        #[expect(clippy::disallowed_methods, reason = "a test's own process, ended with it")]
        let mut child = Command::new("/usr/bin/python3")
            .args(["-X", "utf8", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("fail2ban's Python is there: cargo xtask test installs it");
        let ask = child.stdin.take();
        let told = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, ask, told }
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        let ask = self.ask.as_mut().expect("it lives");
        writeln!(ask, "{request}").expect("fail2ban is asked");
        let mut line = String::new();
        self.told.read_line(&mut line).expect("fail2ban answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{request}: {error}: {line:?}"))
    }

    /// The installed filters.
    pub(crate) fn stock(&mut self) -> Vec<String> {
        let stock = self.ask(&json!({"stock": true}));
        strings(&stock)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.ask = None;
        let _ended = self.child.wait();
    }
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What fail2ban has read, as we have it.
pub(crate) fn text(name: &str, read: &Value) -> FilterText {
    let origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Fail2ban };
    let sited = |text: &str| Sited::new(text.to_owned(), origin);
    let one = |key: &str| read[key].as_str().filter(|text| !text.is_empty()).map(sited);
    let many = |key: &str| strings(&read[key]).iter().map(|text| sited(text)).collect();
    let lines = &read["maxlines"];
    let lines = match lines.as_str() {
        Some(text) => text.parse().expect("a number"),
        None => lines.as_u64().unwrap_or(1),
    };
    FilterText {
        name: name.to_owned(),
        prefregex: one("prefregex"),
        failregex: many("failregex"),
        ignoreregex: many("ignoreregex"),
        datepattern: one("datepattern"),
        maxlines: u32::try_from(lines).expect("a small number"),
        usedns: UseDns::Warn,
        origin,
    }
}

/// The filter, compiled.
pub(crate) fn compiled(name: &str, read: &Value, dated: Dated) -> Result<Filter, Vec<Refusal>> {
    Filter::new(&text(name, read), dated)
}

/// A number from the environment, to look further than a test usually does.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says how far it looks")]
pub(crate) fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
