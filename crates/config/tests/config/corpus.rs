//! Every file of the corpus, with its findings and the model it gives.

use crate::common::{Host, findings, golden, here, main};
use portreeve_config::print;

#[test]
fn the_corpus_reads_as_recorded() {
    let mut names: Vec<_> =
        here("tests/corpus").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut read = 0;
    for path in names {
        let host = if path.is_dir() {
            Host::default().with_directory(&path, "/etc/portreeve")
        } else if path.extension().is_some_and(|end| end == "toml") {
            Host::default().with("/etc/portreeve/portreeve.toml", crate::common::bytes(&path))
        } else {
            continue;
        };
        let loaded = host.clone().load(&main());
        let mut text = findings(&loaded);
        if let Some(config) = &loaded.config {
            let printed = print(config);
            let again =
                Host::default().with("/etc/portreeve/portreeve.toml", &printed).load(&main());
            assert_eq!(again.config.as_ref(), Some(config), "{}\n{printed}", findings(&again));
            text.push_str(&printed);
        }
        golden(&path.with_extension("txt"), &text);
        read += 1;
    }
    assert!(read > 10, "{read}");
}
