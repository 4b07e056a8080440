//! Reading SBML: meaning, the given conformance cases, and hostile files.

mod cases;
