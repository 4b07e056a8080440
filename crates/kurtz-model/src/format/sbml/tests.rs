//! Reading SBML: meaning, the given conformance cases, and hostile files.

mod cases;
mod hostile;
mod level_one;
mod meaning;
mod round_trip;
