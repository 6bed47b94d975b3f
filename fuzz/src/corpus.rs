//! What mutations begin with: the tests' own corpora and the examples.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file that is taken.
const LONGEST: u64 = 64 << 10;

/// Every file below the folders whose name ends so, in the order of their paths. Where the tree is
/// not there (a program carried elsewhere) there are none.
pub(crate) fn files(folders: &[&str], end: &str) -> Vec<Vec<u8>> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        collect(&tree.join(folder), end, &mut paths);
    }
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

fn collect(folder: &Path, end: &str, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let small = entry.metadata().is_ok_and(|found| found.len() <= LONGEST);
        if path.is_dir() {
            collect(&path, end, paths);
        } else if small && path.extension().is_some_and(|extension| extension == end) {
            paths.push(path);
        }
    }
}
