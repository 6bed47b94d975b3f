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

#[test]
fn an_error_behind_thousands_of_notes_still_refuses() {
    let notes = "\"192.0.2.1\", ".repeat(5000);
    let service =
        format!("[service.x]\nlisten = [\"*:1\"]\ninternal = \"echo\"\nallow = [{notes}]\n");
    let accepted = crate::common::native(&service);
    assert!(accepted.config.is_some());
    let refused = crate::common::native(&format!("{service}wrong = 1\n[trap.y]\n"));
    assert!(refused.config.is_none());
    assert!(findings(&refused).contains("error[unknown-key]"));
    assert!(refused.diagnostics.dropped() > 1000);
}
