//! Both houses, each command started once for all its cases.

use portreeve_testkit::{Answer, Batch, Dir, Question};
use portreeve_tests::houses;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the two, in the order of [`houses`].
pub(crate) const SIDES: [&str; 2] = ["theirs", "ours"];

/// A folder for both, and their commands.
pub(crate) struct Kit {
    pub(crate) dir: Dir,
    batch: Batch,
    houses: [PathBuf; 2],
}

/// A case: where, with what on standard input, what environment, what arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    pub(crate) folder: PathBuf,
    /// Nothing is `/dev/null`.
    pub(crate) input: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) arguments: Vec<String>,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let dir = Dir::in_memory();
        let houses = houses(dir.path());
        let batch = Batch::new(dir.path());
        for side in SIDES {
            fs::create_dir(dir.path().join(side)).expect("make a folder");
        }
        Self { dir, batch, houses }
    }

    /// What both answer to cases of their own, a case of theirs beside one of ours. `starter` is what
    /// starts a command, before its own words: nothing, or such as `prlimit`.
    pub(crate) fn ask(
        &self,
        command: &str,
        starter: &[&str],
        cases: [&[Case]; 2],
    ) -> Vec<[Answer; 2]> {
        let [theirs, ours]: [Vec<Answer>; 2] = std::thread::scope(|scope| {
            let sides = [0, 1].map(|at| (SIDES[at], self.houses[at].join(command), cases[at]));
            let running = sides.map(|(side, program, cases)| {
                scope.spawn(move || self.answers(side, &program, starter, cases))
            });
            running.map(|it| it.join().expect("answers"))
        });
        theirs.into_iter().zip(ours).map(|(theirs, ours)| [theirs, ours]).collect()
    }

    fn answers(&self, side: &str, program: &Path, starter: &[&str], cases: &[Case]) -> Vec<Answer> {
        let name = program.file_name().expect("a name").to_string_lossy().into_owned();
        let question = |case: &Case| Question {
            folder: case.folder.clone(),
            input: case.input.clone().unwrap_or_else(|| "/dev/null".into()),
            environment: case.environment.clone(),
            arguments: [vec![name.clone()], case.arguments.clone()].concat(),
        };
        let questions: Vec<Question> = cases.iter().map(question).collect();
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "300"]).args(starter);
        command.args(["/usr/bin/env", "-i", "PATH=/usr/bin:/bin"]);
        let asked = self.batch.ask(&mut command, side, program, &questions);
        assert!(command.status().expect("run it").success(), "{command:?}");
        asked.answers()
    }

    /// A new folder below `name`.
    pub(crate) fn folder(&self, name: &str, number: usize) -> PathBuf {
        let folder = self.dir.path().join(name).join(number.to_string());
        fs::create_dir_all(&folder).expect("make a folder");
        folder
    }
}

/// A text as it is shown with a failing case.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
