//! Colours that print, and that colour-blind readers can tell apart.

use serde::{Deserialize, Serialize};

/// A colour of the palette of Okabe and Ito, or any other by its components.
///
/// # References
/// M. Okabe, K. Ito, Color Universal Design (2008), <https://jfly.uni-koeln.de/color/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// #000000.
    Black,
    /// #E69F00.
    Orange,
    /// #56B4E9.
    SkyBlue,
    /// #009E73.
    Green,
    /// #F0E442; too light for lines on white, meant for fills.
    Yellow,
    /// #0072B2.
    Blue,
    /// #D55E00.
    Vermillion,
    /// #CC79A7.
    Purple,
    /// #7F7F7F, for what stands in the background.
    Grey,
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// Order in which series without a colour of their own receive one: neighbours differ in hue and in lightness.
pub(crate) const CYCLE: [Colour; 7] =
    [Colour::Blue, Colour::Vermillion, Colour::Green, Colour::Purple, Colour::Orange, Colour::SkyBlue, Colour::Black];

impl Colour {
    /// Red, green and blue, 0..=255.
    pub fn components(self) -> [u8; 3] {
        match self {
            Colour::Black => [0, 0, 0],
            Colour::Orange => [230, 159, 0],
            Colour::SkyBlue => [86, 180, 233],
            Colour::Green => [0, 158, 115],
            Colour::Yellow => [240, 228, 66],
            Colour::Blue => [0, 114, 178],
            Colour::Vermillion => [213, 94, 0],
            Colour::Purple => [204, 121, 167],
            Colour::Grey => [127, 127, 127],
            Colour::Rgb(r, g, b) => [r, g, b],
        }
    }

    /// The colour as `#rrggbb`.
    pub fn hex(self) -> String {
        let [r, g, b] = self.components();
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

/// Colour map of a heat map. Both maps change in lightness evenly, so that they survive a grey print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    /// White (low) through blue to near black (high): for quantities of one sign.
    #[default]
    Sequential,
    /// Blue (negative) through white (zero) to vermillion (positive); its range is always symmetric about zero.
    Diverging,
}

/// Anchors of the maps in sRGB; between them colours are interpolated in OKLab.
const SEQUENTIAL: [[u8; 3]; 5] = [[255, 255, 255], [176, 214, 232], [72, 152, 200], [22, 84, 148], [10, 20, 60]];
const DIVERGING: [[u8; 3]; 7] =
    [[0, 52, 100], [49, 120, 186], [148, 194, 243], [255, 255, 255], [244, 169, 136], [179, 86, 39], [86, 32, 1]];

impl ColourMap {
    /// The colour at a position from 0 to 1 along the map; outside, the colour of the nearer end.
    pub fn at(self, position: f64) -> Colour {
        let anchors: &[[u8; 3]] = match self {
            ColourMap::Sequential => &SEQUENTIAL,
            ColourMap::Diverging => &DIVERGING,
        };
        let scaled = position.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
        let lower = (scaled.floor() as usize).min(anchors.len() - 2);
        let part = scaled - lower as f64;
        let (a, b) = (oklab(anchors[lower]), oklab(anchors[lower + 1]));
        let [r, g, b] = srgb([0, 1, 2].map(|i| a[i] + part * (b[i] - a[i])));
        Colour::Rgb(r, g, b)
    }
}

/// sRGB to OKLab (B. Ottosson, 2020, <https://bottosson.github.io/posts/oklab/>).
fn oklab(rgb: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = rgb.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
    let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
    let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
    [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    ]
}

/// OKLab to sRGB, the inverse of [`oklab`], clipped to what a screen shows.
fn srgb([lightness, a, b]: [f64; 3]) -> [u8; 3] {
    let l = (lightness + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let m = (lightness - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let s = (lightness - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    ]
    .map(|c| {
        let c = if c <= 0.0031308 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        (c.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_and_back_is_the_identity_on_the_palette() {
        for colour in CYCLE {
            assert_eq!(srgb(oklab(colour.components())), colour.components(), "{colour:?}");
        }
    }

    #[test]
    fn sequential_map_darkens_monotonically() {
        let lightness: Vec<f64> =
            (0..=64).map(|i| oklab(ColourMap::Sequential.at(f64::from(i) / 64.0).components())[0]).collect();
        assert!(lightness.windows(2).all(|w| w[1] < w[0]), "{lightness:?}");
    }

    #[test]
    fn diverging_map_is_white_at_its_middle_and_darkens_both_ways() {
        assert_eq!(ColourMap::Diverging.at(0.5).hex(), "#ffffff");
        let lightness = |p: f64| oklab(ColourMap::Diverging.at(p).components())[0];
        for i in 1..=32 {
            let d = f64::from(i) / 64.0;
            assert!(lightness(0.5 + d) < lightness(0.5 + d - 1.0 / 64.0));
            assert!(lightness(0.5 - d) < lightness(0.5 - d + 1.0 / 64.0));
            assert!((lightness(0.5 + d) - lightness(0.5 - d)).abs() < 0.06, "the two sides weigh the same at {d}");
        }
    }

    #[test]
    fn palette_hex_is_that_of_okabe_and_ito() {
        assert_eq!(Colour::Vermillion.hex(), "#d55e00");
        assert_eq!(Colour::Blue.hex(), "#0072b2");
    }
}
