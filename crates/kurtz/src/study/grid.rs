//! Evenly spaced output times.

use crate::Error;

/// The times `start`, ..., `end` in `steps` equal steps: `steps + 1` of them, the last exactly `end`.
///
/// # Errors
/// Times that are not finite or do not increase, no steps, or more than ten million.
pub fn output_times(start: f64, end: f64, steps: usize) -> Result<Vec<f64>, Error> {
    let bad = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
    if !start.is_finite() || start < 0.0 {
        return bad("start", start.to_string(), "it must be a finite time >= 0");
    }
    if !end.is_finite() || end <= start {
        return bad("end", end.to_string(), "it must be a finite time after the start");
    }
    if !(1..=10_000_000).contains(&steps) {
        return bad("steps", steps.to_string(), "it must be from 1 to 10 000 000");
    }
    let step = (end - start) / steps as f64;
    Ok((0..=steps).map(|i| if i == steps { end } else { start + i as f64 * step }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_ends_exactly_where_asked() {
        let times = output_times(0.0, 0.3, 3).unwrap();
        assert_eq!((times.len(), times[0], times[3]), (4, 0.0, 0.3));
        assert!(output_times(0.0, f64::NAN, 3).is_err() && output_times(1.0, 1.0, 3).is_err());
        assert!(output_times(0.0, 1.0, 0).is_err() && output_times(-1.0, 1.0, 1).is_err());
    }
}
