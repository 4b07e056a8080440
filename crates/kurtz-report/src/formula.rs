//! LaTeX formulas as MathML, which browsers show without any help.
//!
//! The subset is that of moment equations and reaction kinetics: fractions, roots, scripts, Greek letters, angle
//! brackets, stretched fences, accents, sums, `\mathrm` and `\text`, spaces, and the environments `aligned`, `cases`
//! and `pmatrix`. A command outside it is shown by its name instead of being dropped, so that nothing is lost in
//! silence; the source stands beside each displayed formula.

use crate::html::escape;

/// A LaTeX formula as a `<math>` element; `display` formulas stand in a line of their own.
///
/// ```
/// let mathml = kurtz_report::formula::inline_mathml(r"\langle A^2 \rangle");
/// assert!(mathml.contains("<msup><mi>A</mi><mn>2</mn></msup>"));
/// ```
pub fn display_mathml(latex: &str) -> String {
    format!("<math display=\"block\">{}</math>", row(&Parser::new(latex).everything()))
}

/// A LaTeX formula as a `<math>` element within a line of text.
pub fn inline_mathml(latex: &str) -> String {
    format!("<math>{}</math>", row(&Parser::new(latex).everything()))
}

/// Commands that say how something looks and have no sign of their own.
const STYLES: [&str; 14] = [
    "left",
    "right",
    "mathrm",
    "mathsf",
    "mathit",
    "mathbf",
    "mathcal",
    "operatorname",
    "text",
    "textrm",
    "big",
    "Big",
    "displaystyle",
    "!",
];

/// A formula as a terminal can show it: signs for commands, no braces (`\langle r_1\rangle` is `⟨r_1⟩`).
pub(crate) fn words(latex: &str) -> String {
    tokens(latex)
        .into_iter()
        .map(|token| match token {
            Token::Command(name) => match symbol(&name) {
                Some((sign, _)) => sign.to_owned(),
                None if matches!(name.as_str(), "," | ";" | ":" | " " | "quad" | "qquad") => " ".into(),
                None if !delimiter(&name).is_empty() => delimiter(&name).into(),
                None if STYLES.contains(&name.as_str()) => String::new(),
                None => name,
            },
            Token::Open | Token::Close => String::new(),
            Token::Superscript => "^".into(),
            Token::Subscript => "_".into(),
            Token::Cell => " ".into(),
            Token::Number(number) => number,
            Token::Character(c) => c.to_string(),
        })
        .collect()
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A backslash and letters, or a backslash and one other character; without the backslash.
    Command(String),
    Open,
    Close,
    Superscript,
    Subscript,
    /// `&`, which separates cells.
    Cell,
    /// A number, with its decimal point.
    Number(String),
    Character(char),
}

fn tokens(latex: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = latex.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let mut name = String::new();
                while let Some(letter) = characters.next_if(char::is_ascii_alphabetic) {
                    name.push(letter);
                }
                if name.is_empty() {
                    name.extend(characters.next());
                }
                // Text is not mathematics: its spaces count and its braces do not nest.
                let is_text = matches!(name.as_str(), "text" | "mbox" | "textrm");
                tokens.push(Token::Command(name));
                if is_text {
                    while characters.next_if(|c| c.is_whitespace()).is_some() {}
                    if characters.next_if_eq(&'{').is_some() {
                        tokens.push(Token::Open);
                        while let Some(inner) = characters.next_if(|c| *c != '}') {
                            // An escaped sign (`\_`) stands for itself.
                            let sign = if inner == '\\' { characters.next() } else { Some(inner) };
                            tokens.extend(sign.map(Token::Character));
                        }
                        if characters.next().is_some() {
                            tokens.push(Token::Close);
                        }
                    }
                }
            }
            '{' => tokens.push(Token::Open),
            '}' => tokens.push(Token::Close),
            '^' => tokens.push(Token::Superscript),
            '_' => tokens.push(Token::Subscript),
            '&' => tokens.push(Token::Cell),
            '~' => tokens.push(Token::Command(" ".into())),
            c if c.is_whitespace() => {}
            c if c.is_ascii_digit() || (c == '.' && characters.peek().is_some_and(char::is_ascii_digit)) => {
                let mut number = String::from(c);
                while let Some(next) = characters.next_if(|c| c.is_ascii_digit() || *c == '.') {
                    number.push(next);
                }
                if number.ends_with('.') {
                    number.pop();
                    tokens.extend([Token::Number(number), Token::Character('.')]);
                } else {
                    tokens.push(Token::Number(number));
                }
            }
            c => tokens.push(Token::Character(c)),
        }
    }
    tokens
}

/// Several elements as one.
fn row(elements: &[String]) -> String {
    match elements {
        [one] => one.clone(),
        many => format!("<mrow>{}</mrow>", many.concat()),
    }
}

fn operator(sign: &str) -> String {
    format!("<mo>{}</mo>", escape(sign))
}

fn fence(sign: &str, form: &str, stretchy: bool) -> String {
    format!("<mo form=\"{form}\" fence=\"true\" stretchy=\"{stretchy}\">{}</mo>", escape(sign))
}

fn space(ems: &str) -> String {
    format!("<mspace width=\"{ems}em\"></mspace>")
}

/// Nesting deeper than this is shown as an ellipsis: no formula needs it, and the stack stays bounded.
const DEEPEST: usize = 60;

struct Parser {
    tokens: Vec<Token>,
    place: usize,
    depth: usize,
}

impl Parser {
    fn new(latex: &str) -> Parser {
        Parser { tokens: tokens(latex), place: 0, depth: 0 }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += usize::from(token.is_some());
        token
    }

    fn next_is(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.place += usize::from(found);
        found
    }

    /// The whole formula; a closing sign without its opening one is shown, not obeyed.
    fn everything(&mut self) -> Vec<String> {
        let mut elements = Vec::new();
        let mut lines: Vec<Vec<Vec<String>>> = Vec::new();
        let mut cells: Vec<Vec<String>> = Vec::new();
        while self.place < self.tokens.len() {
            elements.extend(self.sequence());
            match self.next() {
                Some(Token::Close) => elements.push(operator("}")),
                Some(Token::Cell) => cells.push(std::mem::take(&mut elements)),
                Some(Token::Command(name)) if name == "\\" => {
                    cells.push(std::mem::take(&mut elements));
                    lines.push(std::mem::take(&mut cells));
                }
                Some(Token::Command(name)) => elements.push(self.unknown(&name)),
                _ => {}
            }
        }
        if lines.is_empty() && cells.is_empty() {
            return elements;
        }
        cells.push(elements);
        lines.push(cells);
        vec![table(&lines, "aligned")]
    }

    /// Elements up to (not including) a token that ends a group, a cell, a line, a fence or an environment.
    fn sequence(&mut self) -> Vec<String> {
        let mut elements = Vec::new();
        while let Some(token) = self.peek() {
            match token {
                Token::Close | Token::Cell => break,
                Token::Command(name) if matches!(name.as_str(), "right" | "end" | "\\") => break,
                _ => elements.push(self.scripted()),
            }
        }
        elements
    }

    /// One element with its subscript, superscript and primes.
    fn scripted(&mut self) -> String {
        let limits = match self.peek() {
            Some(Token::Command(name)) => {
                matches!(name.as_str(), "sum" | "prod" | "max" | "min" | "lim" | "sup" | "inf")
            }
            _ => false,
        };
        let base = match self.peek() {
            Some(Token::Superscript | Token::Subscript) => String::from("<mrow></mrow>"),
            _ => self.atom(),
        };
        let (mut lower, mut upper) = (None, None);
        let mut primes = 0;
        loop {
            if self.next_is(&Token::Subscript) {
                lower = Some(self.argument());
            } else if self.next_is(&Token::Superscript) {
                upper = Some(self.argument());
            } else if self.next_is(&Token::Character('\'')) {
                primes += 1;
            } else {
                break;
            }
        }
        if primes > 0 {
            let signs = operator(&"′".repeat(primes));
            upper = Some(upper.map_or(signs.clone(), |u| format!("<mrow>{signs}{u}</mrow>")));
        }
        match (lower, upper, limits) {
            (None, None, _) => base,
            (Some(l), None, false) => format!("<msub>{base}{l}</msub>"),
            (None, Some(u), false) => format!("<msup>{base}{u}</msup>"),
            (Some(l), Some(u), false) => format!("<msubsup>{base}{l}{u}</msubsup>"),
            (Some(l), None, true) => format!("<munder>{base}{l}</munder>"),
            (None, Some(u), true) => format!("<mover>{base}{u}</mover>"),
            (Some(l), Some(u), true) => format!("<munderover>{base}{l}{u}</munderover>"),
        }
    }

    /// What a command or a script applies to: a group, or the next element.
    fn argument(&mut self) -> String {
        match self.peek() {
            None | Some(Token::Close | Token::Cell) => String::from("<mrow></mrow>"),
            Some(Token::Open) => self.atom(),
            Some(Token::Number(number)) if number.len() > 1 => {
                // In LaTeX `x^12` raises only the 1.
                let (first, rest) = number.split_at(1);
                let (first, rest) = (first.to_owned(), rest.to_owned());
                self.tokens[self.place] = Token::Number(rest);
                format!("<mn>{first}</mn>")
            }
            Some(_) => self.atom(),
        }
    }

    /// The characters of a group, as text.
    fn words(&mut self) -> String {
        if !self.next_is(&Token::Open) {
            return match self.next() {
                Some(Token::Character(c)) => c.to_string(),
                Some(Token::Number(n)) => n,
                _ => String::new(),
            };
        }
        let mut words = String::new();
        let mut depth = 0;
        while let Some(token) = self.next() {
            match token {
                Token::Close if depth == 0 => break,
                Token::Close => depth -= 1,
                Token::Open => depth += 1,
                Token::Character(c) => words.push(c),
                Token::Number(n) => words += &n,
                Token::Subscript => words.push('_'),
                Token::Superscript => words.push('^'),
                Token::Cell => words.push('&'),
                // `\_` and its like stand for the sign; `\ ` is a space.
                Token::Command(name) if !name.starts_with(|c: char| c.is_alphabetic()) => words += &name,
                Token::Command(name) => words += symbol(&name).map_or(name.as_str(), |(sign, _)| sign),
            }
        }
        words
    }

    fn unknown(&self, name: &str) -> String {
        format!("<mtext>\\{}</mtext>", escape(name))
    }

    fn atom(&mut self) -> String {
        let Some(token) = self.next() else { return String::new() };
        if self.depth >= DEEPEST {
            return operator("…");
        }
        self.depth += 1;
        let element = self.element(token);
        self.depth -= 1;
        element
    }

    fn element(&mut self, token: Token) -> String {
        match token {
            Token::Number(number) => format!("<mn>{number}</mn>"),
            Token::Open => {
                let elements = self.sequence();
                // A stray `&` or `\\` inside a group ends nothing; skip to the brace.
                while self.peek().is_some() && !self.next_is(&Token::Close) {
                    self.place += 1;
                }
                row(&elements)
            }
            Token::Character(c) => character(c),
            Token::Command(name) => self.command(&name),
            Token::Close | Token::Superscript | Token::Subscript | Token::Cell => String::from("<mrow></mrow>"),
        }
    }

    fn command(&mut self, name: &str) -> String {
        match name {
            "frac" | "dfrac" | "tfrac" => {
                let (above, below) = (self.argument(), self.argument());
                format!("<mfrac>{above}{below}</mfrac>")
            }
            "binom" => {
                let (above, below) = (self.argument(), self.argument());
                let stack = format!("<mfrac linethickness=\"0\">{above}{below}</mfrac>");
                format!("<mrow>{}{stack}{}</mrow>", fence("(", "prefix", true), fence(")", "postfix", true))
            }
            "sqrt" => self.root(),
            "left" => self.fenced(),
            "begin" => self.environment(),
            "mathrm" | "mathsf" | "operatorname" => {
                let words = self.words();
                match words.chars().count() {
                    1 => format!("<mi mathvariant=\"normal\">{}</mi>", escape(&words)),
                    _ => format!("<mi>{}</mi>", escape(&words)),
                }
            }
            "mathit" => format!("<mi style=\"font-style:italic\">{}</mi>", escape(&self.words())),
            "mathbf" | "boldsymbol" | "bm" => {
                format!("<mi style=\"font-weight:bold\">{}</mi>", escape(&self.words()))
            }
            "mathcal" => {
                let words = self.words();
                format!("<mi>{}</mi>", words.chars().map(script_letter).collect::<String>())
            }
            "text" | "mbox" | "textrm" => format!("<mtext>{}</mtext>", escape(&self.words())),
            "hat" | "widehat" => self.accent("^"),
            "bar" | "overline" => self.accent("¯"),
            "tilde" | "widetilde" => self.accent("~"),
            "dot" => self.accent("˙"),
            "ddot" => self.accent("¨"),
            "vec" => self.accent("→"),
            "," => space("0.167"),
            ":" | ">" => space("0.222"),
            ";" => space("0.278"),
            " " => space("0.333"),
            "!" => space("-0.167"),
            "quad" => space("1"),
            "qquad" => space("2"),
            "{" => fence("{", "prefix", false),
            "}" => fence("}", "postfix", false),
            "langle" | "lbrace" | "lvert" | "lfloor" | "lceil" => fence(delimiter(name), "prefix", false),
            "rangle" | "rbrace" | "rvert" | "rfloor" | "rceil" => fence(delimiter(name), "postfix", false),
            // Sizes and styles: fences stretch by `\left` and `\right` only.
            "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "displaystyle" | "textstyle"
            | "limits" | "nonumber" | "middle" => String::new(),
            _ if name.chars().count() == 1 && "_%#&$".contains(name) => operator(name),
            _ => match symbol(name) {
                Some((sign, Kind::Letter)) => format!("<mi>{sign}</mi>"),
                Some((sign, Kind::Upright)) => format!("<mi mathvariant=\"normal\">{sign}</mi>"),
                Some((sign, Kind::Operator)) => operator(sign),
                Some((sign, Kind::Function)) => format!("<mi>{sign}</mi><mo>&#x2061;</mo>"),
                None => self.unknown(name),
            },
        }
    }

    fn root(&mut self) -> String {
        if self.next_is(&Token::Character('[')) {
            let mut degree = Vec::new();
            while self.peek().is_some() && !self.next_is(&Token::Character(']')) {
                degree.push(self.scripted());
            }
            let radicand = self.argument();
            return format!("<mroot>{radicand}{}</mroot>", row(&degree));
        }
        format!("<msqrt>{}</msqrt>", self.argument())
    }

    fn accent(&mut self, sign: &str) -> String {
        let base = self.argument();
        format!("<mover accent=\"true\">{base}<mo stretchy=\"false\">{sign}</mo></mover>")
    }

    fn delimiter(&mut self) -> String {
        match self.next() {
            Some(Token::Character('.')) | None => String::new(),
            Some(Token::Character('<')) => "⟨".into(),
            Some(Token::Character('>')) => "⟩".into(),
            Some(Token::Character(c)) => c.to_string(),
            Some(Token::Command(name)) => delimiter(&name).into(),
            Some(_) => String::new(),
        }
    }

    fn fenced(&mut self) -> String {
        let open = self.delimiter();
        let inner = self.sequence().concat();
        let close = if self.next_is(&Token::Command("right".into())) { self.delimiter() } else { String::new() };
        format!("<mrow>{}{inner}{}</mrow>", fence(&open, "prefix", true), fence(&close, "postfix", true))
    }

    fn environment(&mut self) -> String {
        let name = self.words();
        if name == "array" {
            self.words(); // the column specification
        }
        let mut lines = vec![vec![]];
        loop {
            let cell = self.sequence();
            lines.last_mut().expect("there is always a line").push(cell);
            match self.next() {
                Some(Token::Cell) => {}
                Some(Token::Command(c)) if c == "\\" => lines.push(vec![]),
                Some(Token::Command(c)) if c == "end" => {
                    self.words();
                    break;
                }
                Some(Token::Command(_) | Token::Close) => {}
                _ => break,
            }
        }
        if lines.last().is_some_and(|l| l.iter().all(Vec::is_empty)) {
            lines.pop(); // after a closing `\\`
        }
        let table = table(&lines, &name);
        let (open, close) = match name.as_str() {
            "cases" => ("{", ""),
            "pmatrix" => ("(", ")"),
            "bmatrix" => ("[", "]"),
            _ => return table,
        };
        format!("<mrow>{}{table}{}</mrow>", fence(open, "prefix", true), fence(close, "postfix", true))
    }
}

/// Lines of cells; `aligned` sets cells flush right and left in turn.
fn table(lines: &[Vec<Vec<String>>], environment: &str) -> String {
    let is_display = matches!(environment, "aligned" | "align" | "align*" | "split");
    let display = if is_display { " displaystyle=\"true\"" } else { "" };
    let mut html = format!("<mtable class=\"{}\"{display}>", escape(environment.trim_end_matches('*')));
    for line in lines {
        html += "<mtr>";
        for (column, cell) in line.iter().enumerate() {
            let align = match (environment, column % 2) {
                ("aligned" | "align" | "align*" | "split", 0) => " style=\"text-align:right;padding-right:0\"",
                ("aligned" | "align" | "align*" | "split", _) | ("cases", _) => " style=\"text-align:left\"",
                _ => "",
            };
            html += &format!("<mtd{align}>{}</mtd>", row(cell));
        }
        html += "</mtr>";
    }
    html + "</mtable>"
}

fn character(c: char) -> String {
    match c {
        'a'..='z' | 'A'..='Z' => format!("<mi>{c}</mi>"),
        '-' => operator("−"),
        '*' => operator("∗"),
        '(' | '[' => fence(&c.to_string(), "prefix", false),
        ')' | ']' => fence(&c.to_string(), "postfix", false),
        '|' => String::from("<mo fence=\"true\" stretchy=\"false\">|</mo>"),
        '\'' => operator("′"),
        c if c.is_alphabetic() => format!("<mi>{c}</mi>"),
        c => operator(&c.to_string()),
    }
}

fn delimiter(name: &str) -> &'static str {
    match name {
        "langle" => "⟨",
        "rangle" => "⟩",
        "{" | "lbrace" => "{",
        "}" | "rbrace" => "}",
        "lvert" | "rvert" | "vert" => "|",
        "|" | "lVert" | "rVert" | "Vert" => "‖",
        "lfloor" => "⌊",
        "rfloor" => "⌋",
        "lceil" => "⌈",
        "rceil" => "⌉",
        _ => "",
    }
}

fn script_letter(c: char) -> char {
    match c {
        'B' => 'ℬ',
        'E' => 'ℰ',
        'F' => 'ℱ',
        'H' => 'ℋ',
        'I' => 'ℐ',
        'L' => 'ℒ',
        'M' => 'ℳ',
        'R' => 'ℛ',
        'A'..='Z' => char::from_u32(0x1D49C + (c as u32 - 'A' as u32)).unwrap_or(c),
        c => c,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    /// A variable: italic.
    Letter,
    /// A letter that stands upright.
    Upright,
    Operator,
    /// A named function.
    Function,
}

fn symbol(name: &str) -> Option<(&'static str, Kind)> {
    use Kind::{Function, Letter, Operator, Upright};
    Some(match name {
        "alpha" => ("α", Letter),
        "beta" => ("β", Letter),
        "gamma" => ("γ", Letter),
        "delta" => ("δ", Letter),
        "epsilon" => ("ϵ", Letter),
        "varepsilon" => ("ε", Letter),
        "zeta" => ("ζ", Letter),
        "eta" => ("η", Letter),
        "theta" => ("θ", Letter),
        "vartheta" => ("ϑ", Letter),
        "iota" => ("ι", Letter),
        "kappa" => ("κ", Letter),
        "lambda" => ("λ", Letter),
        "mu" => ("μ", Letter),
        "nu" => ("ν", Letter),
        "xi" => ("ξ", Letter),
        "pi" => ("π", Letter),
        "rho" => ("ρ", Letter),
        "sigma" => ("σ", Letter),
        "tau" => ("τ", Letter),
        "upsilon" => ("υ", Letter),
        "phi" => ("ϕ", Letter),
        "varphi" => ("φ", Letter),
        "chi" => ("χ", Letter),
        "psi" => ("ψ", Letter),
        "omega" => ("ω", Letter),
        "Gamma" => ("Γ", Upright),
        "Delta" => ("Δ", Upright),
        "Theta" => ("Θ", Upright),
        "Lambda" => ("Λ", Upright),
        "Xi" => ("Ξ", Upright),
        "Pi" => ("Π", Upright),
        "Sigma" => ("Σ", Upright),
        "Phi" => ("Φ", Upright),
        "Psi" => ("Ψ", Upright),
        "Omega" => ("Ω", Upright),
        "ell" => ("ℓ", Letter),
        "partial" => ("∂", Upright),
        "nabla" => ("∇", Upright),
        "infty" => ("∞", Upright),
        "emptyset" | "varnothing" => ("∅", Upright),
        "cdot" => ("⋅", Operator),
        "times" => ("×", Operator),
        "pm" => ("±", Operator),
        "mp" => ("∓", Operator),
        "ast" => ("∗", Operator),
        "circ" => ("∘", Operator),
        "odot" => ("⊙", Operator),
        "leq" | "le" => ("≤", Operator),
        "geq" | "ge" => ("≥", Operator),
        "neq" | "ne" => ("≠", Operator),
        "approx" => ("≈", Operator),
        "sim" => ("∼", Operator),
        "simeq" => ("≃", Operator),
        "equiv" => ("≡", Operator),
        "propto" => ("∝", Operator),
        "ll" => ("≪", Operator),
        "gg" => ("≫", Operator),
        "in" => ("∈", Operator),
        "to" | "rightarrow" | "longrightarrow" => ("→", Operator),
        "leftarrow" => ("←", Operator),
        "Rightarrow" | "implies" => ("⇒", Operator),
        "mapsto" => ("↦", Operator),
        "rightleftharpoons" | "rightleftarrows" => ("⇌", Operator),
        "mid" | "vert" => ("|", Operator),
        "ldots" | "dots" => ("…", Operator),
        "cdots" => ("⋯", Operator),
        "vdots" => ("⋮", Operator),
        "prime" => ("′", Operator),
        "top" => ("⊤", Operator),
        "dagger" => ("†", Operator),
        "forall" => ("∀", Operator),
        "sum" => ("∑", Operator),
        "prod" => ("∏", Operator),
        "int" => ("∫", Operator),
        "colon" => (":", Operator),
        "exp" => ("exp", Function),
        "log" => ("log", Function),
        "ln" => ("ln", Function),
        "sin" => ("sin", Function),
        "cos" => ("cos", Function),
        "tan" => ("tan", Function),
        "tanh" => ("tanh", Function),
        "sinh" => ("sinh", Function),
        "cosh" => ("cosh", Function),
        "max" => ("max", Upright),
        "min" => ("min", Upright),
        "lim" => ("lim", Upright),
        "sup" => ("sup", Upright),
        "inf" => ("inf", Upright),
        "det" => ("det", Function),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
