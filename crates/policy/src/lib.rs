//! Admission: facts in, verdict out.
