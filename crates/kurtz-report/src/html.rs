//! Text as HTML: escaping, and the small markup of paragraphs.

use crate::formula::inline_mathml;

/// Text with the signs that mean something in HTML and XML escaped, also within quotation marks.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // XML 1.0 has no place for other control characters, escaped or not.
            '\t' | '\n' | '\r' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Names and other foreign text, so that paragraph markup shows them letter by letter.
///
/// ```
/// assert_eq!(kurtz_report::plain("2*A + $x$"), r"2\*A + \$x\$");
/// ```
pub fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '$' | '[') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Paragraph markup as HTML: `` `code` ``, `$formula$`, `**bold**`, `*italic*`, `[text](address)`, `[@key]`.
///
/// A sign that opens nothing which is closed stands for itself; a backslash takes away the meaning of the next sign.
pub(crate) fn inline(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let mut following = rest[1..].chars();
            match following.next() {
                Some(sign @ ('\\' | '`' | '*' | '$' | '[')) => {
                    html += &escape(&sign.to_string());
                    rest = following.as_str();
                }
                _ => {
                    html.push('\\');
                    rest = &rest[1..];
                }
            }
            continue;
        }
        if let Some((element, length)) = element(rest) {
            html += &element;
            rest = &rest[length..];
            continue;
        }
        html += &escape(&c.to_string());
        rest = &rest[c.len_utf8()..];
    }
    html
}

/// Paragraph markup as a terminal can show it: the words without their marks, `[key]` for a reference.
pub(crate) fn words(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(sign) = rest.strip_prefix('\\').and_then(|r| r.chars().next()).filter(|s| "\\`*$[".contains(*s)) {
            words.push(sign);
            rest = &rest[2..];
        } else if let Some((_, length)) = element(rest) {
            let marked = &rest[..length];
            words += &match c {
                '$' => crate::formula::words(marked.trim_matches('$')),
                '`' => marked.trim_matches('`').to_owned(),
                '*' => self::words(marked.trim_matches('*')),
                _ if marked.starts_with("[@") => format!("[{}]", &marked[2..length - 1]),
                _ => self::words(marked[1..].split("](").next().unwrap_or_default()),
            };
            rest = &rest[length..];
        } else {
            words.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    words
}

/// The element that starts here, if one does, and the bytes it takes.
fn element(text: &str) -> Option<(String, usize)> {
    let between = |open: &str, close: &str| -> Option<(String, usize)> {
        let inner = text.strip_prefix(open)?;
        let end = inner.find(close)?;
        (end > 0).then(|| (inner[..end].to_owned(), open.len() + end + close.len()))
    };
    // Emphasis hugs its words: `2 * 3 * 4` is arithmetic.
    let emphasis = |sign: &str, tag: &str| -> Option<(String, usize)> {
        let (inner, length) = between(sign, sign)?;
        let hugs = !inner.starts_with([' ', '*']) && !inner.ends_with([' ', '\\']);
        hugs.then(|| (format!("<{tag}>{}</{tag}>", inline(&inner)), length))
    };
    match text.as_bytes()[0] {
        b'`' => between("`", "`").map(|(inner, length)| (format!("<code>{}</code>", escape(&inner)), length)),
        b'$' => between("$", "$").map(|(inner, length)| (inline_mathml(&inner), length)),
        b'*' if text.starts_with("**") => emphasis("**", "strong"),
        b'*' => emphasis("*", "em"),
        b'[' if text.starts_with("[@") => {
            let (keys, length) = between("[@", "]")?;
            let cited: Vec<String> = keys
                .split([';', ','])
                .map(|key| format!("<cite data-key=\"{}\"></cite>", escape(key.trim().trim_start_matches('@'))))
                .collect();
            Some((cited.concat(), length))
        }
        b'[' => {
            let end = text.find("](")?;
            let address_end = end + 2 + text[end + 2..].find(')')?;
            let address = &text[end + 2..address_end];
            // Only addresses that cannot run anything.
            let is_safe = ["https://", "http://", "#", "figures/", "data/"].iter().any(|p| address.starts_with(p));
            is_safe.then(|| (format!("<a href=\"{}\">{}</a>", escape(address), inline(&text[1..end])), address_end + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_survives_as_html() {
        let html = inline("<script>alert(\"x\")</script> & 'y' \u{1}");
        assert_eq!(html, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39; \u{fffd}");
        assert_eq!(inline("`<b>`"), "<code>&lt;b&gt;</code>");
        assert_eq!(inline("[x](javascript:alert)"), "[x](javascript:alert)");
        assert_eq!(inline("[x](https://a.b/?c=\"d\")"), "<a href=\"https://a.b/?c=&quot;d&quot;\">x</a>");
    }

    #[test]
    fn markup_is_understood_and_arithmetic_left_alone() {
        assert_eq!(inline("**a** and *b*"), "<strong>a</strong> and <em>b</em>");
        assert_eq!(inline("2 * 3 * 4, cost $5"), "2 * 3 * 4, cost $5");
        assert_eq!(inline("$k_1$"), "<math><msub><mi>k</mi><mn>1</mn></msub></math>");
        assert_eq!(inline("as in [@a2020; @b]"), "as in <cite data-key=\"a2020\"></cite><cite data-key=\"b\"></cite>");
        assert_eq!(inline("Ca_cyt [1] \\x"), "Ca_cyt [1] \\x");
    }

    #[test]
    fn words_have_no_marks() {
        assert_eq!(words("**rate** $\\langle r_1\\rangle$ of `A -> B` [@a]"), "rate ⟨r_1⟩ of A -> B [a]");
        assert_eq!(words("2 * 3 [x](https://y.z) Ca_cyt"), "2 * 3 x Ca_cyt");
        assert_eq!(words(&plain("2*A + $x$ [@b] \\*")), "2*A + $x$ [@b] \\*");
    }

    #[test]
    fn plain_text_is_shown_letter_by_letter() {
        for text in ["*a* **b** `c` $d$ [@e] [f](https://g)", "\\*a\\*", "\\", "a\\b", "2*A + B*C"] {
            assert_eq!(inline(&plain(text)), escape(text), "{text}");
        }
    }
}
