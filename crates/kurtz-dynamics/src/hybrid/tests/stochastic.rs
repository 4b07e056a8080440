//! Random trajectories against laws that are known.
