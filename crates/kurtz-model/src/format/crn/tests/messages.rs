//! The wording of messages, all in one file to be read through: `snapshots/messages.snap`.

use super::*;

const WRONG: &[(&str, &str)] = &[
    ("a name misspelt", "species Ca_cyto = 10, Ca_er\nparameter k_leak = 0.1\nleak: Ca_er -> Ca_cyt @ k_leek"),
    ("species not declared", "species A = 10\nA -> product @ 0.1"),
    ("a constant not declared", "species A = 10\nA -> 0 @ decay"),
    ("declared twice", "species A = 10\nspecies B, A = 5\nA + B -> 0 @ 1"),
    ("two things", "species A = 10\nparameter A = 2\nA -> 0 @ 1"),
    ("no rate", "species A = 10\nA -> 0"),
    ("no @", "species A = 10\nA -> 0 0.1"),
    ("nothing behind @", "species A = 10\nA -> 0 @ # later"),
    ("one rate for two ways", "species A = 10, B\nA <-> B @ 1"),
    ("two rates for one way", "species A = 10, B\nA -> B @ 1, 2"),
    ("another arrow", "species A = 10, B\nA => B @ 1\nA <=> B @ 1, 2"),
    ("an equation", "species A = 10\nA = 2"),
    ("a wrong unit", "time s\nvolume 1e-14 L\nspecies A = 0.1 uM\nparameter k = 2 1/(uM s)\ndecay: A -> 0 @ k"),
    (
        "units that differ in a sum",
        "time s\nvolume 1e-14 L\nspecies A\nparameter k = 2 1/s, K = 1 uM\nA -> 0 @ rate(A*(k + K))",
    ),
    ("an unknown unit", "time s\nspecies A\nparameter k = 2 1/sek, j = 3 A\nA -> 0 @ k*j"),
    ("an ambiguous unit", "time s\nvolume 1 L\nspecies A\n2 A -> 0 @ 3 1/uM s"),
    ("a unit in an expression", "time s\nvolume 1 fL\nspecies A\nparameter k = 2 1/s + 1\nA -> 0 @ rate(A/(5 uM + A))"),
    ("no unit of time", "species A\nparameter k = 2 1/s\nA -> 0 @ k"),
    ("a fractional count", "species A = 10.5\nA -> 0 @ 1"),
    ("a huge count", "species A = 1e20\nA -> 0 @ 1"),
    ("negative values", "species A = -10\nparameter k = 1\nA -> 0 @ k - 2\nvolume 0"),
    ("not a number", "species A = NaN\nA -> 0 @ inf"),
    ("an infinite value", "species A\nparameter z = 0, k = 1/z\nA -> 0 @ k"),
    ("a circle", "species A\nparameter a = 2*b, b = c + 1, c = a\nA -> 0 @ a"),
    ("stoichiometry", "species A, E1\n1.5 A -> 0 @ 1\n2E1 -> 0 @ 1\n10000000 A -> 0 @ 1\n0 + A -> 0 @ 1"),
    ("a species in a constant", "species A, B\nparameter k = 1\nA -> B @ k*A"),
    ("more behind a rate", "species A, B\nA -> B @ rate(A)*2"),
    ("a bracket not closed", "species A, B\nparameter k = (1 + 2\nA -> B @ rate(k*(A + B)\nB -> 0 @ q"),
    ("a text not closed", "model \"My model\nspecies A\nA -> 0 @ 1"),
    ("multiplication without a sign", "species A\nparameter k = 1\nA -> 0 @ 2 k\nA -> 0 @ rate(k A)\nA -> 0 @ k(2)"),
    ("functions", "species A\nA -> 0 @ log(2)\nA -> 0 @ sqr(4)\nA -> 0 @ min()\nA -> 0 @ piecewise(1, 2)"),
    ("a chain of comparisons", "species A\nA -> 0 @ rate(if(0 < A < 5, 1, 2))"),
    ("a misspelt statement", "specie A = 10\nparameters k = 1\nA -> 0 @ 1"),
    ("signs of other languages", "species A, B;\nA -> B @ rate(k*[A])\nA -> B @ 'k'"),
    (
        "fractions of molecules",
        "species A, B\nparameter n = 2\n0.5 A -> B @ 1\nA -> n B @ 1\nA -> m B @ 1\nA B -> 0 @ 1\nA -> 2.0 B @ 1",
    ),
    ("rules", "species A, B\nparameter k = 1, y\nk := 2*A\ndk/dt = 1\nA := B\ndB/dt = 1\nq := 1\nA -> B @ k\nk' = 2"),
    ("rules in a circle", "species A\nparameter x := y + 1, y := z, z := x\nA -> 0 @ 1"),
    (
        "events",
        "species A, B\nparameter k := 2*A\nA -> B @ k\nwhen time > 3: k = 2, A = 1, A = 2\nwhen time > 3\n\
         when time > 3 after 2: A = 1\nwhen time > 3, if it stay true: A = 1\nwhen tine > 3, soon: A = 1\n\
         when A > 3: C = 1\nwhen A > 3: A := 1",
    ),
    ("concentrations", "species A\nparameter k = 1\nA -> 0 @ rate(k*[k])\nA -> 0 @ [A]\nA -> 0 @ rate([A)"),
    ("a reserved word", "species A, time\nparameter exp = 1\nA -> 0 @ 1"),
    ("in no compartment", "compartment cell = 1, nucleus = 2\nspecies A\nA -> 0 @ 1"),
    ("compartments", "compartment cell = 1\ncompartment nucleus = 2\nspecies A, B in nucleus\nA -> 0 @ volume"),
    ("two units of volume", "volume 1 fL in L\ncompartment ER = 1 fL in um^3\nspecies A\nA -> 0 @ 1"),
    ("an initial amount by expression", "time s\nvolume 1 fL\nparameter c = 2 uM\nspecies A = c\nA -> 0 @ 1"),
    ("an automatic name in use", "species A\nA -> 0 @ 1\nreaction_1: A -> 0 @ 2"),
    ("XML", "<?xml version=\"1.0\"?>\n<sbml>"),
    ("nothing", "# to be written"),
    ("tabs and other alphabets", "species \u{3bb}\n\t\u{3bb} -> 0\t@ \u{3b3}"),
    ("warnings", "species A, B\nparameter k = 1, j = 2\nA -> A @ k"),
];

#[test]
fn messages_read_well() {
    let mut all = String::new();
    for (what, text) in WRONG {
        let messages = match parse(text, "model.crn") {
            Ok((_, warnings)) => warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(problems) => problems.to_string() + "\n",
        };
        all += &format!("==== {what}\n{messages}\n");
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("messages", all);
    });
}

#[test]
fn a_message_has_the_form_of_the_guide() {
    let text = "species Ca_cyto = 10, Ca_er = 20\nparameter k_leak = 0.1\n  leak: Ca_er -> Ca_cyt @ k_leak\n";
    let problems = parse(text, "de-young-keizer.crn").expect_err("refused");
    let expected = "\
error: species `Ca_cyt` is not declared
 --> de-young-keizer.crn:3:18
3 |   leak: Ca_er -> Ca_cyt @ k_leak
  |                  ^^^^^^ did you mean `Ca_cyto`?";
    assert_eq!(problems.to_string(), expected);
}
