//! Label markup, and how much room a text takes in the fonts that travel with the figures.
//!
//! Text is set in Arimo, whose widths are those of Arial and Helvetica, so that an SVG opened in an editor without the
//! font keeps its layout; signs that Arimo lacks come from a subset of DejaVu Sans.

use crate::html::escape;
use std::sync::LazyLock;

/// Family names in order of preference, for SVG and CSS.
pub(crate) const FAMILY: &str = "Arimo, 'DejaVu Symbols', Arial, 'Liberation Sans', Helvetica, sans-serif";

pub(crate) static REGULAR: &[u8] = include_bytes!("../../assets/fonts/arimo-regular.ttf");
pub(crate) static BOLD: &[u8] = include_bytes!("../../assets/fonts/arimo-bold.ttf");
pub(crate) static SYMBOLS: &[u8] = include_bytes!("../../assets/fonts/dejavu-symbols.ttf");

/// `@font-face` rules that carry the fonts themselves; they depend on nothing outside the file.
pub(crate) fn font_faces() -> &'static str {
    static RULES: LazyLock<String> = LazyLock::new(|| {
        let rule = |family: &str, weight: u32, font: &[u8]| {
            format!(
                "@font-face{{font-family:{family};font-weight:{weight};\
                 src:url(data:font/woff2;base64,{}) format('woff2')}}\n",
                base64(font)
            )
        };
        rule("Arimo", 400, include_bytes!("../../assets/fonts/arimo-regular.woff2"))
            + &rule("Arimo", 700, include_bytes!("../../assets/fonts/arimo-bold.woff2"))
            + &rule("'DejaVu Symbols'", 400, include_bytes!("../../assets/fonts/dejavu-symbols.woff2"))
    });
    &RULES
}

/// Base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let sign = SIGNS[(word >> (18 - 6 * i)) as usize & 63] as char;
            text.push(if i <= three.len() { sign } else { '=' });
        }
    }
    text
}

/// Where a part of a label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Line,
    Subscript,
    Superscript,
}

/// A label in parts: `10^{−3}` is `10` on the line and `−3` above it.
pub(crate) fn parts(label: &str) -> Vec<(Level, String)> {
    let mut parts = Vec::new();
    let mut rest = label;
    while !rest.is_empty() {
        let opening = [("_{", Level::Subscript), ("^{", Level::Superscript)]
            .into_iter()
            .filter_map(|(sign, level)| Some((rest.find(sign)?, level)))
            .min_by_key(|(place, _)| *place);
        let found = opening.and_then(|(start, level)| {
            let length = rest[start + 2..].find('}')?;
            Some((start, level, start + 2 + length))
        });
        let Some((start, level, end)) = found else {
            parts.push((Level::Line, rest.to_owned()));
            break;
        };
        if start > 0 {
            parts.push((Level::Line, rest[..start].to_owned()));
        }
        parts.push((level, rest[start + 2..end].to_owned()));
        rest = &rest[end + 1..];
    }
    parts
}

/// Size of subscripts and superscripts relative to the line.
const SMALL: f64 = 0.7;

/// The label as the inside of an SVG `<text>` of the given size.
pub(crate) fn svg_label(label: &str, size: f64) -> String {
    let mut svg = String::new();
    let mut shift = 0.0;
    for (level, text) in parts(label) {
        let place = match level {
            Level::Line => 0.0,
            Level::Subscript => 0.2 * size,
            Level::Superscript => -0.36 * size,
        };
        let text = in_fonts(&text);
        if place == 0.0 && shift == 0.0 {
            svg += &text;
            continue;
        }
        let small = if level == Level::Line { String::new() } else { format!(" font-size=\"{:.2}\"", size * SMALL) };
        svg += &format!("<tspan dy=\"{:.2}\"{small}>{text}</tspan>", place - shift);
        shift = place;
    }
    svg
}

/// Escaped text in which signs that only the second font has ask for it by name: the search of renderers for a
/// font that has a sign differs, and fails for some of them when accents are combined.
fn in_fonts(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_lacking = |c: char| METRICS[0].advance(c).is_none() && METRICS[2].advance(c).is_some();
    let is_accent = |c: char| ('\u{300}'..'\u{370}').contains(&c);
    // A letter and the accent above it come from one font.
    let foreign: Vec<(bool, char)> = (0..characters.len())
        .map(|i| (is_lacking(characters[i]) || characters.get(i + 1).is_some_and(|c| is_accent(*c)), characters[i]))
        .collect();
    foreign
        .chunk_by(|a, b| a.0 == b.0)
        .map(|run| {
            let words = escape(&run.iter().map(|(_, c)| *c).collect::<String>());
            if run[0].0 { format!("<tspan font-family=\"DejaVu Symbols\">{words}</tspan>") } else { words }
        })
        .collect()
}

/// The label in the HTML subset that Plotly understands.
pub(crate) fn html_label(label: &str) -> String {
    parts(label)
        .into_iter()
        .map(|(level, text)| match level {
            Level::Line => escape(&text),
            Level::Subscript => format!("<sub>{}</sub>", escape(&text)),
            Level::Superscript => format!("<sup>{}</sup>", escape(&text)),
        })
        .collect()
}

static METRICS: LazyLock<[Metrics; 3]> =
    LazyLock::new(|| [REGULAR, BOLD, SYMBOLS].map(|font| Metrics::read(font).unwrap_or_default()));

/// Width of a label in the units of its size.
pub(crate) fn width(label: &str, size: f64, bold: bool) -> f64 {
    let fonts = [&METRICS[usize::from(bold)], &METRICS[2]];
    parts(label)
        .into_iter()
        .map(|(level, text)| {
            let ems: f64 = text.chars().map(|c| fonts.iter().find_map(|f| f.advance(c)).unwrap_or(0.6)).sum();
            ems * size * if level == Level::Line { 1.0 } else { SMALL }
        })
        .sum()
}

/// Words of a label in lines no wider than `room`, as far as its spaces allow.
pub(crate) fn wrapped(label: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split(' ') {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, false) <= room => {
                line.push(' ');
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Advance widths of a TrueType font, from its tables `head`, `hhea`, `hmtx` and `cmap` (format 4).
#[derive(Default)]
struct Metrics {
    /// (first character, last character, glyph of each)
    segments: Vec<(u32, u32, Vec<u16>)>,
    /// In em.
    advances: Vec<f64>,
}

impl Metrics {
    fn read(font: &[u8]) -> Option<Metrics> {
        let u16_at = |place: usize| Some(u16::from_be_bytes(font.get(place..place + 2)?.try_into().ok()?));
        let u32_at = |place: usize| Some(u32::from_be_bytes(font.get(place..place + 4)?.try_into().ok()?) as usize);
        let table = |name: &[u8; 4]| -> Option<usize> {
            let records = (0..usize::from(u16_at(4)?)).map(|i| 12 + 16 * i);
            let record = records.into_iter().find(|r| font.get(*r..r + 4) == Some(name))?;
            u32_at(record + 8)
        };
        let units = f64::from(u16_at(table(b"head")? + 18)?);
        let count = usize::from(u16_at(table(b"hhea")? + 34)?);
        let hmtx = table(b"hmtx")?;
        let advances = (0..count).map(|i| Some(f64::from(u16_at(hmtx + 4 * i)?) / units)).collect::<Option<_>>()?;
        let cmap = table(b"cmap")?;
        let subtables = (0..usize::from(u16_at(cmap + 2)?)).filter_map(|i| Some(cmap + u32_at(cmap + 8 + 8 * i)?));
        let format4 = subtables.into_iter().find(|s| u16_at(*s) == Some(4))?;
        let doubled = usize::from(u16_at(format4 + 6)?);
        let (ends, starts) = (format4 + 14, format4 + 16 + doubled);
        let (deltas, offsets) = (starts + doubled, starts + 2 * doubled);
        let mut segments = Vec::new();
        for i in (0..doubled).step_by(2) {
            let (start, end) = (u16_at(starts + i)?, u16_at(ends + i)?);
            let (delta, offset) = (u16_at(deltas + i)?, usize::from(u16_at(offsets + i)?));
            let glyphs = (start..=end).map(|c| match offset {
                0 => c.wrapping_add(delta),
                _ => match u16_at(offsets + i + offset + 2 * usize::from(c - start)).unwrap_or(0) {
                    0 => 0,
                    glyph => glyph.wrapping_add(delta),
                },
            });
            segments.push((u32::from(start), u32::from(end), glyphs.collect()));
        }
        Some(Metrics { segments, advances })
    }

    /// Width of a character in em; none if the font lacks it.
    fn advance(&self, c: char) -> Option<f64> {
        let code = c as u32;
        let (start, _, glyphs) = self.segments.iter().find(|(start, end, _)| (*start..=*end).contains(&code))?;
        match usize::from(glyphs[(code - start) as usize]) {
            0 => None,
            glyph => self.advances.get(glyph).or(self.advances.last()).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial: digits 1139, `M` 1706, `i` 455, space 569 of 2048 units.
        assert!((width("0123456789", 2048.0, false) - 11390.0).abs() < 1e-9);
        assert!((width("Mi ", 2048.0, false) - 2730.0).abs() < 1e-9);
        assert!(width("Mean", 8.0, true) > width("Mean", 8.0, false));
    }

    #[test]
    fn every_sign_our_labels_use_is_in_the_fonts() {
        let fonts = [REGULAR, SYMBOLS].map(|f| Metrics::read(f).expect("our fonts are well formed"));
        for c in "λΓθμσφτΔΩ⟨⟩±×−·≤≥⁰¹²³⁴⁵⁶⁷⁸⁹⁻→∅∞√₀₁₉∂∑≈–—∈µ°Åéüß".chars()
        {
            assert!(fonts.iter().any(|f| f.advance(c).is_some()), "{c}");
        }
    }

    #[test]
    fn only_braces_make_a_subscript() {
        assert_eq!(parts("Ca_cyt"), [(Level::Line, "Ca_cyt".to_owned())]);
        assert_eq!(
            parts("k_{on} (10^{−3} s^{−1})"),
            [
                (Level::Line, "k".to_owned()),
                (Level::Subscript, "on".to_owned()),
                (Level::Line, " (10".to_owned()),
                (Level::Superscript, "−3".to_owned()),
                (Level::Line, " s".to_owned()),
                (Level::Superscript, "−1".to_owned()),
                (Level::Line, ")".to_owned()),
            ]
        );
        assert_eq!(parts("open ^{"), [(Level::Line, "open ^{".to_owned())]);
    }

    #[test]
    fn a_superscript_returns_to_the_line() {
        assert_eq!(
            svg_label("10^{3} <", 10.0),
            "10<tspan dy=\"-3.60\" font-size=\"7.00\">3</tspan><tspan dy=\"3.60\"> &lt;</tspan>"
        );
        assert_eq!(html_label("10^{3}<"), "10<sup>3</sup>&lt;");
    }

    #[test]
    fn signs_of_the_second_font_ask_for_it_with_their_letters() {
        let symbols = |text: &str| format!("<tspan font-family=\"DejaVu Symbols\">{text}</tspan>");
        assert_eq!(svg_label("a ≪ θ\u{302}b", 10.0), format!("a {} {}b", symbols("≪"), symbols("θ\u{302}")));
        assert_eq!(width("θ\u{302}", 10.0, false), width("θ", 10.0, false));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn long_titles_break_between_words() {
        assert_eq!(wrapped("mean of proliferating cells", 8.0, 70.0), ["mean of", "proliferating cells"]);
        assert_eq!(wrapped("short", 8.0, 60.0), ["short"]);
    }
}
