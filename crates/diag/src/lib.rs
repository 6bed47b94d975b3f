//! Sources, spans and diagnostics: where the operator's text is wrong and how to mend it.
