//! A program asked many questions in one process.
//!
//! Starting a program costs a hundred times what a small question does. [`Batch`] loads a little
//! library before it (`many.c`), made by the machine's own C compiler, that forks a child for each
//! question and lets the program's own `main` run there: it is the real program, started once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::must::Must;

/// What is loaded before a program.
const SOURCE: &str = include_str!("many.c");

/// Ends a field of a question; a record of fields ends with the byte before.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// What a program is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its working directory.
    pub folder: PathBuf,
    /// Its standard input.
    pub input: PathBuf,
    /// Variables beside those of the batch.
    pub environment: Vec<(String, String)>,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
}

/// What it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code, or the signal that ended it, negative.
    pub code: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// What it sent to the system log, a line each.
    pub log: Vec<u8>,
}

/// The library, ready to be loaded.
#[derive(Debug)]
pub struct Batch {
    folder: PathBuf,
    library: PathBuf,
}

/// A command that will answer.
#[derive(Debug)]
pub struct Asked {
    prefix: PathBuf,
    count: usize,
}

impl Batch {
    /// Makes the library in a folder.
    ///
    /// # Panics
    /// When there is no C compiler.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let (source, library) = (folder.join("many.c"), folder.join("many.so"));
        fs::write(&source, SOURCE).must(source.display());
        let mut cc = Command::new("/usr/bin/cc");
        cc.args(["-O2", "-w", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
        let made = cc.arg("-ldl").output().must("run cc");
        assert!(made.status.success(), "cc: {}", String::from_utf8_lossy(&made.stderr));
        Self { folder: folder.to_owned(), library }
    }

    /// Makes `env`, a command that runs `/usr/bin/env`, one that asks a program these questions.
    /// `name` tells its files from those of others.
    ///
    /// # Panics
    /// When the questions cannot be written, or one holds a separator.
    #[must_use]
    pub fn ask(
        &self,
        env: &mut Command,
        name: &str,
        program: &Path,
        questions: &[Question],
    ) -> Asked {
        let prefix = self.folder.join(name);
        let path = prefix.with_extension("questions");
        fs::write(&path, questions.iter().map(Question::record).collect::<String>())
            .must(path.display());
        let variable = |name: &str, value: &Path| format!("{name}={}", value.display());
        env.arg("LD_BIND_NOW=1").arg(variable("LD_PRELOAD", &self.library));
        env.arg(variable("PORTREEVE_QUESTIONS", &path));
        env.arg(variable("PORTREEVE_ANSWERS", &prefix));
        env.arg(program);
        Asked { prefix, count: questions.len() }
    }
}

impl Question {
    fn record(&self) -> String {
        let path = |path: &Path| path.display().to_string();
        let mut fields =
            vec![path(&self.folder), path(&self.input), self.environment.len().to_string()];
        fields.extend(self.environment.iter().map(|(name, value)| format!("{name}={value}")));
        fields.extend(self.arguments.iter().cloned());
        let bad = |field: &String| field.contains([FIELD, RECORD, '\0']);
        assert!(!fields.iter().any(bad), "{fields:?}");
        fields.iter().map(|field| format!("{field}{FIELD}")).collect::<String>()
            + &RECORD.to_string()
    }
}

impl Asked {
    /// The answers, once the command has ended.
    ///
    /// # Panics
    /// When it did not answer everything.
    #[must_use]
    pub fn answers(self) -> Vec<Answer> {
        let read = |kind: &str| {
            let path = self.prefix.with_extension(kind);
            fs::read(&path).must(path.display())
        };
        let said = ["out", "err", "log"].map(read);
        let index = String::from_utf8_lossy(&read("index")).into_owned();
        let mut from = [0; 3];
        let answers: Vec<Answer> = index
            .lines()
            .map(|line| {
                let mut words = line.split(' ');
                let code = words.next().and_then(|code| code.parse().ok()).must("a code");
                let mut next = |kind: usize| {
                    let to = words.next().and_then(|end| end.parse().ok()).must("a length");
                    let said = said[kind].get(from[kind]..to).must("what was said");
                    from[kind] = to;
                    said.to_vec()
                };
                Answer { code, out: next(0), err: next(1), log: next(2) }
            })
            .collect();
        assert_eq!(answers.len(), self.count, "not every question was answered");
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dir;

    #[test]
    fn a_program_answers_as_if_it_were_started_anew_each_time() {
        let dir = Dir::new();
        let batch = Batch::new(dir.path());
        fs::write(dir.path().join("in"), "told\n").unwrap();
        let ask = |script: &str, name: &str| Question {
            folder: "/usr".into(),
            input: dir.path().join("in"),
            environment: vec![("NAME".into(), "a b".into())],
            arguments: vec![name.into(), "-c".into(), script.into(), name.into()],
        };
        let questions = [
            ask("pwd; echo $NAME $0; X=1; umask 077; exit 3", "one"),
            ask("read word; echo $word $X$(umask) >&2", "two"),
            ask("kill -9 $$", "three"),
        ];
        let mut env = Command::new("/usr/bin/env");
        let asked = batch.ask(&mut env, "sh", Path::new("/bin/dash"), &questions);
        assert!(env.status().unwrap().success());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told: Vec<_> =
            asked.answers().iter().map(|it| (it.code, text(&it.out), text(&it.err))).collect();
        assert_eq!(told[0], (3, "/usr\na b one\n".to_owned(), String::new()));
        assert!(told[1].2.starts_with("told 0") && !told[1].2.contains("77"), "{told:?}");
        assert_eq!(told[2].0, -9);
    }
}
