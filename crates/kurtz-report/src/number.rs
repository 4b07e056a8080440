//! How numbers are written for people: with as many digits as mean something, and with a real minus sign.

/// The minus sign of typography, which is as wide as the plus sign.
pub(crate) const MINUS: char = '\u{2212}';

/// A number with `digits` significant digits, without trailing zeros beyond them; powers of ten as `1.2e-7`.
///
/// From 1e-4 to below 1e6 the number is written plainly. Signs are ASCII; [`typographic`] makes them print well.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if value == 0.0 {
        return "0".into();
    }
    let digits = digits.clamp(1, 17);
    // The exponent after rounding: 9.99 with two digits is 1.0e1.
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').expect("the exponent format always has an e");
    let exponent: i32 = exponent.parse().expect("the exponent is an integer");
    if (-4..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return format!("{value:.decimals$}");
    }
    format!("{mantissa}e{exponent}")
}

/// A number with at most `digits` significant digits and no zeros at its end: a bound, a tolerance.
pub(crate) fn short(value: f64, digits: usize) -> String {
    let text = significant(value, digits);
    let (number, exponent) = text.split_once('e').map_or((text.as_str(), None), |(n, e)| (n, Some(e)));
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    exponent.map_or(number.to_owned(), |e| format!("{number}e{e}"))
}

/// Significant digits that show a difference of `relative` at a number: two more than it takes to see it.
pub(crate) fn digits_for(relative: f64) -> usize {
    if relative > 0.0 { ((1.0 - relative.log10()).ceil() + 1.0).clamp(3.0, 12.0) as usize } else { 12 }
}

/// A value with its standard error: the error with two significant digits, the value to the same decimal place.
///
/// `1.1000 ± 0.0023`, `(2.31 ± 0.12)e-7` for numbers far from one.
pub(crate) fn with_error(value: f64, error: f64) -> String {
    if !value.is_finite() || !error.is_finite() || error <= 0.0 {
        return format!("{} ± {}", significant(value, 4), significant(error, 2));
    }
    let exponent = |v: f64| -> i32 {
        if v == 0.0 {
            return i32::MIN;
        }
        let text = format!("{:.1e}", v.abs());
        text.split_once('e').and_then(|(_, e)| e.parse().ok()).expect("the exponent is an integer")
    };
    let (of_value, of_error) = (exponent(value), exponent(error));
    let leading = of_value.max(of_error);
    if (-4..6).contains(&leading) && of_error >= -8 {
        let decimals = (1 - of_error).max(0) as usize;
        if of_error <= 1 {
            return format!("{value:.decimals$} ± {error:.decimals$}");
        }
        // Errors of 100 and more are rounded to two digits as well: 1230 ± 170.
        let unit = 10f64.powi(of_error - 1);
        return format!("{:.0} ± {:.0}", (value / unit).round() * unit, (error / unit).round() * unit);
    }
    let scale = 10f64.powi(leading);
    let decimals = (leading - of_error + 1).clamp(0, 15) as usize;
    format!("({:.decimals$} ± {:.decimals$})e{leading}", value / scale, error / scale)
}

/// Minus signs in place of hyphens, and `1.2e-7` as 1.2 × 10 to a power written by `superscript`.
pub(crate) fn typographic(text: &str, superscript: impl Fn(&str) -> String) -> String {
    let proper = |s: &str| s.replace('-', &MINUS.to_string());
    match text.split_once('e') {
        Some((mantissa, exponent)) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '(') => {
            format!("{} × 10{}", proper(mantissa), superscript(&proper(exponent)))
        }
        _ => proper(text),
    }
}

/// Digits and signs as Unicode superscripts, for plain text.
pub(crate) fn unicode_superscript(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4'..='9' => char::from_u32('⁴' as u32 + (c as u32 - '4' as u32)).unwrap_or(c),
            '-' | MINUS => '⁻',
            '+' => '⁺',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_survive_rounding_up() {
        assert_eq!(significant(9.99, 2), "10");
        assert_eq!(significant(0.00009996, 3), "0.000100");
        assert_eq!(significant(999_999.6, 3), "1.00e6");
        assert_eq!(significant(0.0836, 3), "0.0836");
        assert_eq!(significant(-1234.5, 3), "-1234");
        assert_eq!(significant(1.5e-300, 4), "1.500e-300");
        assert_eq!(significant(0.0, 4), "0");
        assert_eq!(significant(f64::NAN, 4), "nan");
    }

    #[test]
    fn the_error_has_two_digits_and_the_value_as_many_places() {
        assert_eq!(with_error(1.1, 0.0023), "1.1000 ± 0.0023");
        assert_eq!(with_error(0.083612, 0.000996), "0.0836 ± 0.0010");
        assert_eq!(with_error(1234.0, 170.0), "1230 ± 170");
        assert_eq!(with_error(12.0, 3.4), "12.0 ± 3.4");
        assert_eq!(with_error(-2.31e-7, 1.2e-8), "(-2.31 ± 0.12)e-7");
        assert_eq!(with_error(0.0, 0.0031), "0.0000 ± 0.0031");
        assert_eq!(with_error(1.0, 0.0), "1.000 ± 0");
        assert_eq!(with_error(0.001, 5.0), "0.0 ± 5.0");
    }

    #[test]
    fn tolerances_are_short_and_numbers_show_them() {
        assert_eq!(short(0.001, 3), "0.001");
        assert_eq!(short(0.3, 2), "0.3");
        assert_eq!(short(2.0, 2), "2");
        assert_eq!(short(100.0, 2), "100");
        assert_eq!(short(1.50e-9, 3), "1.5e-9");
        assert_eq!((digits_for(0.003), digits_for(1e-14), digits_for(0.5)), (5, 12, 3));
    }

    #[test]
    fn powers_of_ten_and_minus_signs_are_set_properly() {
        assert_eq!(typographic("-1.5e-300", unicode_superscript), "−1.5 × 10⁻³⁰⁰");
        assert_eq!(typographic("(2.3 ± 0.1)e4", unicode_superscript), "(2.3 ± 0.1) × 10⁴");
        assert_eq!(typographic("-3", unicode_superscript), "−3");
        assert_eq!(typographic("-inf", unicode_superscript), "−inf");
        assert_eq!(unicode_superscript("-1234567890"), "⁻¹²³⁴⁵⁶⁷⁸⁹⁰");
    }
}
