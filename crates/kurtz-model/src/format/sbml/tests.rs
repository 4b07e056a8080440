//! Reading SBML: meaning, the given conformance cases, and hostile files.

mod cases;
mod hostile;
mod round_trip;
