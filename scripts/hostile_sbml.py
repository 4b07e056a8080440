#!/usr/bin/env python3
"""Hostile SBML: writes some 180 files that are broken, wrong or made to hurt, gives each to every command that reads models,
and checks how it is answered: within the time and the memory, by an exit code of 0, 2 or 3, by one message and no panic,
and without leaving output behind where it failed. Files marked as wrong must end with exit code 2 and a message that has
all of the given words, the name of the file among them.

  hostile_sbml.py KURTZ [--seconds 5] [--megabytes 500] [--only TEXT,TEXT] [--keep FOLDER] [--all]
"""
import argparse
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

M = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
CORE = "http://www.sbml.org/sbml/level3/version2/core"
FILES = {}  # name -> (file, its size, words of the refusal or None where it may be answered, whether it may be simulated)
FOLDER = None
ONLY = [""]
LARGEST = float("inf")


def add(name, text, *words, wrong=True, endless=False):
    """A file; `words` are what the refusal must say. Not `wrong`: it may be read, and even simulated, unless that would be
    work without end."""
    if len(text) > LARGEST or not any(part in name for part in ONLY):
        return
    data = text if isinstance(text, bytes) else text.encode()
    path = FOLDER / f"{name}.xml"
    path.write_bytes(data)
    FILES[name] = (path, len(data), list(words) if wrong else None, endless)


def good(name, text, endless=False):
    add(name, text, wrong=False, endless=endless)


def document(lists, uri=CORE, level=3, version=2, extra=""):
    return f'<sbml xmlns="{uri}" level="{level}" version="{version}"{extra}>\n<model id="m">\n{lists}\n</model></sbml>'


def many(each, count):
    return "".join(each(i) for i in range(count))


def parameters(count, value="1"):
    return "<listOfParameters>" + many(lambda i: f'<parameter id="p{i}" value="{value}" constant="false"/>\n', count) + "</listOfParameters>"


def rule(variable, math, kind="assignmentRule"):
    return f'<{kind} variable="{variable}">{M}{math}</math></{kind}>\n'


def rules(text):
    return f"<listOfRules>{text}</listOfRules>"


def apply(op, *args):
    return f"<apply><{op}/>{''.join(args)}</apply>"


def ci(name):
    return f"<ci>{name}</ci>"


def cn(x):
    return f"<cn>{x}</cn>"


TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
DELAY = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol>'
RATE = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf">rateOf</csymbol>'


def compartment(attributes='size="1"'):
    return f'<listOfCompartments><compartment id="C" {attributes} constant="true"/></listOfCompartments>\n'


def species(initial='initialAmount="10"', names=("S",), more=""):
    each = (f'<species id="{n}" compartment="C" {initial} hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false" {more}/>\n' for n in names)
    return f"<listOfSpecies>{''.join(each)}</listOfSpecies>\n"


def reaction(law, reactants="", products="", name="r"):
    side = lambda tag, text: f"<{tag}>{text}</{tag}>" if text else ""
    return (f'<reaction id="{name}" reversible="false">{side("listOfReactants", reactants)}{side("listOfProducts", products)}'
            f"<kineticLaw>{M}{law}</math></kineticLaw></reaction>\n")


def reference(name="S", stoichiometry="1", more=""):
    return f'<speciesReference species="{name}" stoichiometry="{stoichiometry}" constant="true" {more}/>'


def reactions(text):
    return f"<listOfReactions>{text}</listOfReactions>\n"


def simple(law=ci("S"), initial='initialAmount="10"', size='size="1"', stoichiometry="1", before="", after="", **kw):
    """S decays by the law."""
    return document(compartment(size) + species(initial) + before + reactions(reaction(law, reference("S", stoichiometry))) + after, **kw)


def event(trigger, assignments, more="", inside="", name="E"):
    each = "".join(f'<eventAssignment variable="{v}">{M}{m}</math></eventAssignment>' for v, m in assignments)
    return (f'<event id="{name}" useValuesFromTriggerTime="true" {more}><trigger initialValue="false" persistent="true">{M}{trigger}</math></trigger>{inside}'
            f"<listOfEventAssignments>{each}</listOfEventAssignments></event>\n")


def events(text):
    return f"<listOfEvents>{text}</listOfEvents>\n"


def functions(count, first, body, call="f{}"):
    one = lambda i, b: f'<functionDefinition id="f{i}">{M}<lambda><bvar><ci>x</ci></bvar>{b}</lambda></math></functionDefinition>\n'
    text = one(0, first) + "".join(one(i, body.replace("F", f"<ci>f{i-1}</ci>")) for i in range(1, count))
    return f"<listOfFunctionDefinitions>{text}</listOfFunctionDefinitions>\n"


def call(i, argument):
    return f"<apply><ci>f{i}</ci>{argument}</apply>"


def make():
    # The file itself.
    add("empty", b"", "empty")
    add("blank", b" \n\t\n", "empty")
    add("utf16", "<sbml/>".encode("utf-16"), "UTF-16")
    add("utf16-bare", "<sbml/>".encode("utf-16-le"), "UTF-16")
    add("not-utf8", simple().encode().replace(b'id="m"', b'id="m\xff"'), "UTF-8")
    add("latin1-declared", b'<?xml version="1.0" encoding="ISO-8859-1"?>' + simple().encode().replace(b'id="m"', b'name="caf\xe9"'), "UTF-8")
    add("zeros", b"<" + b"\0" * 100_000, "")
    add("binary", bytes(range(256)) * 1000, "")
    add("nul-inside", simple().replace('id="r"', 'id="r\0"'))
    add("not-xml", "<this is no xml at all", "XML")
    add("html", "<html><body>404 not found</body></html>", "html")
    whole = simple(apply("times", cn("0.1"), ci("S")))
    for i in range(1, 12):
        add(f"cut-{i:02}", whole[: len(whole) * i // 12], "XML")
    add("cut-in-attribute", whole[: whole.index("initialAmount") + 16], "XML")
    add("unclosed-comment", whole.replace("<model", "<!-- <model"), "XML")
    add("unclosed-cdata", whole.replace("<model", "<![CDATA[ <model"), "XML")
    add("two-roots", whole + whole, "XML")
    add("mismatched", whole.replace("</listOfReactions>", "</listOfReaction>"), "XML")
    add("double-attribute", whole.replace('id="r"', 'id="r" id="r"'), "XML")
    add("undeclared-prefix", whole.replace("<model", "<sbml:model").replace("</model", "</sbml:model"), "XML")
    add("undeclared-entity", whole.replace('id="m"', 'name="&nbsp;"'), "XML")
    # Namespaces.
    add("no-namespace", whole.replace(f' xmlns="{CORE}"', ""), "namespace")
    add("wrong-namespace", whole.replace(CORE, "http://www.sbml.org/sbml/level9"), "namespace")
    add("level-mismatch", whole.replace('level="3"', 'level="2"'), "Level 3")
    add("version-mismatch", whole.replace('version="2"', 'version="1"'), "Version 2")
    add("no-model", f'<sbml xmlns="{CORE}" level="3" version="2"/>', "no model")
    add("two-models", whole.replace("</sbml>", "<model/></sbml>"), "more than one")
    add("math-without-namespace", whole.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ""), "reaction `r`")
    add("math-wrong-namespace", whole.replace("1998/Math/MathML", "1999/xhtml"), "reaction `r`")
    for package in ("comp", "fbc", "distrib", "qual", "multi", "spatial", "arrays"):
        text = whole.replace("<sbml ", f'<sbml xmlns:q="http://www.sbml.org/sbml/level3/version1/{package}/version1" q:required="true" ')
        add(f"package-{package}", text, package)
    # Bombs.
    bomb = '<!DOCTYPE sbml [<!ENTITY a0 "ha">' + many(lambda i: f'<!ENTITY a{i+1} "&a{i};&a{i};&a{i};&a{i};&a{i};&a{i};&a{i};&a{i};&a{i};&a{i};">', 12) + "]>"
    add("billion-laughs", '<?xml version="1.0"?>\n' + bomb + whole.replace('id="m"', 'name="&a12;"'), "DTD")
    add("quadratic-blowup", f'<!DOCTYPE sbml [<!ENTITY a "{"x" * 100_000}">]>' + whole.replace('id="m"', f'name="{"&a;" * 10_000}"'), "DTD")
    add("external-entity", '<!DOCTYPE sbml [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + whole.replace('id="m"', 'name="&x;"'), "DTD")
    add("external-dtd", '<!DOCTYPE sbml SYSTEM "http://localhost:1/x.dtd">' + whole, "DTD")
    add("huge-attribute", whole.replace('id="m"', f'name="{"x" * 30_000_000}"'), wrong=False)
    add("huge-id", whole.replace('"r"', f'"{"r" * 3_000_000}"'), wrong=False)
    add("huge-number", whole.replace("0.1", "0." + "1" * 3_000_000), wrong=False)
    add("huge-comment", whole.replace("<model", f"<!--{'x' * 30_000_000}--><model"), wrong=False)
    add("huge-notes", whole.replace("<listOfCompartments", f"<notes>{'<p>hello</p>' * 300_000}</notes><listOfCompartments", 1), wrong=False)
    add("thousand-attributes", whole.replace('id="m"', many(lambda i: f' a{i}="1"', 100_000)), "attributes")
    add("thousand-prefixes", document("<notes>" + many(lambda i: f'<a xmlns:a{i}="u">', 50_000) + "</a>" * 50_000 + "</notes>"), "")
    add("million-spaces", whole.replace("<model", "\n" * 5_000_000 + "<model"), wrong=False)
    add("one-long-line", document(parameters(200_000).replace("\n", "")), wrong=False)
    # Depth.
    for depth in (5_001, 100_000, 1_000_000):
        deep = "<apply><minus/>" * depth + ci("S") + "</apply>" * depth
        add(f"deep-math-{depth}", simple(deep), "deep")
    add("deep-notes", whole.replace("<listOfCompartments", "<notes>" + "<p>" * 200_000 + "</p>" * 200_000 + "</notes><listOfCompartments", 1), "deep")
    add("never-closed", "<a>" * 1_000_000, "XML")
    good("deep-math-4900", simple("<apply><minus/>" * 4_900 + ci("S") + "</apply>" * 4_900))
    deep_piecewise = "<piecewise><piece>" * 1_600 + cn(1) + ("<apply><gt/><ci>S</ci><cn>5</cn></apply></piece><otherwise><cn>0</cn></otherwise></piecewise>") * 1_600
    good("nested-piecewise", simple(apply("times", deep_piecewise, ci("S"))))
    good("wide-piecewise", simple(apply("times", "<piecewise>" + many(lambda i: f"<piece><cn>{i % 7}</cn><apply><lt/><ci>S</ci><cn>{i}</cn></apply></piece>", 20_000) + "<otherwise><cn>1</cn></otherwise></piecewise>", ci("S"))))
    good("wide-sum", simple("<apply><plus/>" + ci("S") * 200_000 + "</apply>"))
    good("wide-product", simple("<apply><times/>" + ci("S") * 2_000 + "</apply>"))
    good("nested-functions-deep", document(functions(2_000, ci("x"), apply("plus", "<apply>F<ci>x</ci></apply>", cn(1))) + compartment() + species() + reactions(reaction(call(1_999, ci("S")), reference()))))
    # Expansion.
    twice = apply("plus", "<apply>F<ci>x</ci></apply>", "<apply>F<ci>x</ci></apply>")
    square = apply("times", "<apply>F<ci>x</ci></apply>", "<apply>F<apply><plus/><ci>x</ci><cn>1</cn></apply></apply>")
    model = lambda f, e: document(f + compartment() + species() + reactions(reaction(e, reference())))
    good("expansion-sum", model(functions(40, ci("x"), twice), call(39, ci("S"))))
    good("expansion-product", model(functions(40, ci("x"), apply("times", "<apply>F<ci>x</ci></apply>", "<apply>F<ci>x</ci></apply>")), call(39, ci("S"))))
    good("expansion-product-of-sums", model(functions(40, apply("plus", ci("x"), cn(1)), apply("times", "<apply>F<ci>x</ci></apply>", "<apply>F<ci>x</ci></apply>")), call(39, ci("S"))))
    good("expansion-square-plus-one", model(functions(40, ci("x"), apply("plus", cn(1), apply("times", "<apply>F<ci>x</ci></apply>", "<apply>F<ci>x</ci></apply>"))), call(39, ci("S"))))
    good("expansion-quotients", model(functions(40, ci("x"), apply("divide", "<apply>F<ci>x</ci></apply>", apply("plus", cn(1), "<apply>F<ci>x</ci></apply>"))), call(39, ci("S"))))
    good("expansion-shifts", model(functions(17, ci("x"), square), call(16, ci("S"))))
    add("expansion-shifts-40", model(functions(40, ci("x"), square), call(39, ci("S"))), wrong=False)
    add("expansion-nested", model(functions(40, apply("plus", ci("x"), cn(1)), "<apply>F<apply>F<ci>x</ci></apply></apply>"), call(39, ci("S"))), "parts")
    ten = apply("plus", *["<apply>F<ci>x</ci></apply>"] * 10)
    good("expansion-tenfold", model(functions(12, apply("sin", ci("x")), ten), call(11, ci("S"))))
    many_species = [f"S{i}" for i in range(60)]
    product = apply("times", *[apply("plus", ci(n), cn(1)) for n in many_species])
    good("product-of-60-sums", document(compartment() + species(names=many_species) + reactions(reaction(product, reference("S0")))))
    product = apply("times", *[apply("plus", ci(n), ci(many_species[(i * 7 + 3) % 60]), cn(i)) for i, n in enumerate(many_species)])
    good("product-of-60-sums-of-3", document(compartment() + species(names=many_species) + reactions(reaction(product, reference("S0")))))
    good("power-of-sum", document(compartment() + species(names=many_species) + reactions(reaction(apply("power", apply("plus", *map(ci, many_species)), cn(60)), reference("S0")))))
    good("powers-of-powers", simple("<apply><power/>" * 60 + apply("plus", ci("S"), cn(1)) + "<cn>9</cn></apply>" * 60))
    good("power-towers", simple("<apply><power/><cn>9</cn>" * 60 + ci("S") + "</apply>" * 60))
    good("factorial-tower", simple("<apply><factorial/>" * 30 + ci("S") + "</apply>" * 30))
    good("huge-exponent", simple(apply("power", ci("S"), cn("1e9"))))
    good("long-decimals", simple(apply("plus", *[apply("times", cn(f"1.{i:017d}e{i % 600 - 300}"), ci("S")) for i in range(3_000)])))
    doubling = rules(many(lambda i: rule(f"p{i+1}", apply("times", ci(f"p{i}"), ci(f"p{i}"))), 60) + rule("p0", apply("plus", ci("S"), cn(1))))
    good("rules-squaring", document(compartment() + species() + parameters(61) + doubling + reactions(reaction(ci("p60"), reference()))))
    shifting = rules(many(lambda i: rule(f"p{i+1}", apply("times", ci(f"p{i}"), apply("plus", ci(f"p{i}"), ci("S")))), 40) + rule("p0", apply("plus", ci("S"), cn(1))))
    good("rules-doubling-degree", document(compartment() + species() + parameters(41) + shifting + reactions(reaction(ci("p40"), reference()))))
    rated = rules(rule("p0", apply("sin", ci("p0")), "rateRule") + many(lambda i: rule(f"p{i+1}", apply("times", ci(f"p{i}"), f"<apply>{RATE}{ci(f'p{i}')}</apply>")), 28))
    add("rates-of-rates", document(parameters(29) + rated), wrong=False)
    # Size.
    good("parameters-200000", document(parameters(200_000)))
    good("rules-100000", document(parameters(100_001) + rules(many(lambda i: rule(f"p{i+1}", apply("plus", ci(f"p{i}"), cn(1))), 100_000))))
    good("rate-rules-20000", document(parameters(20_000) + rules(many(lambda i: rule(f"p{i}", apply("minus", ci(f"p{(i + 1) % 20_000}"))  , "rateRule"), 20_000))))
    names = [f"S{i}" for i in range(20_000)]
    good("species-20000", document(compartment() + species(names=names) + reactions(reaction(ci("S0"), reference("S0")))))
    good("reactions-20000", document(compartment() + species(names=names[:10_000]) + reactions(many(lambda i: reaction(apply("times", cn("0.001"), ci(f"S{i % 10_000}")), reference(f"S{i % 10_000}"), reference(f"S{(i * 7 + 1) % 10_000}"), f"r{i}"), 20_000))))
    good("events-5000", document(parameters(5_000) + events(many(lambda i: event(apply("gt", TIME, cn(i / 1000)), [(f"p{i}", cn(i))], name=f"E{i}"), 5_000))))
    good("events-state-2000", document(compartment() + species() + parameters(2_000) + reactions(reaction(ci("S"), reference())) + events(many(lambda i: event(apply("lt", ci("S"), cn(10 - i / 200)), [(f"p{i}", cn(i))], name=f"E{i}"), 2_000))))
    good("terms-50000", document(compartment() + species() + reactions(reaction(cn(1), products=reference() * 50_000))))
    good("initial-assignments-50000", document(parameters(50_001) + "<listOfInitialAssignments>" + many(lambda i: f'<initialAssignment symbol="p{i}">{M}{apply("plus", ci(f"p{i+1}"), cn(1))}</math></initialAssignment>', 50_000) + "</listOfInitialAssignments>"))
    good("functions-20000", document("<listOfFunctionDefinitions>" + many(lambda i: f'<functionDefinition id="f{i}">{M}<lambda><bvar><ci>x</ci></bvar><ci>x</ci></lambda></math></functionDefinition>', 20_000) + "</listOfFunctionDefinitions>" + parameters(1)))
    add("many-errors", document(rules(many(lambda i: rule(f"q{i}", ci(f"z{i}")), 100_000))), "q0")
    add("many-near-names", document(parameters(20_000) + rules(many(lambda i: rule(f"p{i}x", cn(1)), 20_000))), "p0x")
    # Names.
    add("dangling-variable", simple(before=parameters(2), after="").replace("<ci>S</ci>", "<ci>Sx</ci>"), "`Sx`", ":")
    add("dangling-species", simple().replace('species="S"', 'species="T"'), "`T`")
    add("dangling-compartment", simple().replace('compartment="C"', 'compartment="D"'), "`D`")
    add("dangling-rule", document(parameters(1) + rules(rule("nobody", cn(1)))), "`nobody`")
    add("dangling-function", document(parameters(1) + rules(rule("p0", "<apply><ci>nofunction</ci><cn>1</cn></apply>"))), "`nofunction`")
    add("dangling-conversion", simple().replace('<species id="S"', '<species id="S" conversionFactor="cf"'), "`cf`")
    add("duplicate-species", document(compartment() + species(names=("S", "S"))), "`S`", "line")
    add("duplicate-across-kinds", document(compartment() + species(names=("C",))), "`C`", "line")
    add("duplicate-rule", document(parameters(1) + rules(rule("p0", cn(1)) + rule("p0", cn(2)))), "`p0`", "line")
    add("rule-and-initial", document(parameters(1) + f'<listOfInitialAssignments><initialAssignment symbol="p0">{M}<cn>1</cn></math></initialAssignment></listOfInitialAssignments>' + rules(rule("p0", cn(2)))), "`p0`")
    add("rule-and-reaction", simple(before=rules(rule("S", cn(1)))), "`S`")
    add("rule-of-constant", document(parameters(1).replace("false", "true") + rules(rule("p0", cn(1)))), "`p0`", "constant")
    add("event-of-constant", document(parameters(1).replace("false", "true") + events(event("<true/>", [("p0", cn(1))]))), "`p0`", "constant")
    add("event-twice", document(parameters(1) + events(event("<true/>", [("p0", cn(1)), ("p0", cn(2))]))), "`p0`")
    add("no-id", document("<listOfParameters><parameter value='1'/></listOfParameters>"), "id")
    add("bad-id", document("<listOfParameters><parameter id='1x' value='1'/></listOfParameters>"), "1x")
    add("id-with-quotes", document("<listOfParameters><parameter id='a&quot;;drop' value='1'/></listOfParameters>"), "id")
    add("bad-number", document("<listOfParameters><parameter id='x' value='one'/></listOfParameters>"), "one")
    add("bad-truth", simple().replace('reversible="false"', 'reversible="false" fast="maybe"'), "maybe")
    add("two-initial-values", simple(initial='initialAmount="1" initialConcentration="2"'), "`S`")
    add("unknown-list", document("<listOfSpecie/>"), "listOfSpecie")
    add("stray-element", document("<listOfParameters><species id='a'/></listOfParameters>"), "species")
    # Circles.
    add("circle-rules", document(parameters(2) + rules(rule("p0", ci("p1")) + rule("p1", ci("p0")))), "p0", "p1")
    add("circle-self", document(parameters(1) + rules(rule("p0", apply("plus", ci("p0"), cn(1))))), "p0")
    add("circle-functions", document("<listOfFunctionDefinitions>" + many(lambda i: f'<functionDefinition id="f{i}">{M}<lambda><apply><ci>f{(i + 1) % 10_000}</ci></apply></lambda></math></functionDefinition>', 10_000) + "</listOfFunctionDefinitions>"), "f0")
    add("circle-initial", document(parameters(20_000) + "<listOfInitialAssignments>" + many(lambda i: f'<initialAssignment symbol="p{i}">{M}<ci>p{(i + 1) % 20_000}</ci></math></initialAssignment>', 20_000) + "</listOfInitialAssignments>"), "itself")
    add("circle-laws", document(reactions(many(lambda i: reaction(ci(f"r{(i + 1) % 5_000}"), name=f"r{i}"), 5_000))), "itself")
    add("circle-rates", document(parameters(2) + rules(rule("p0", f"<apply>{RATE}<ci>p1</ci></apply>", "rateRule") + rule("p1", f"<apply>{RATE}<ci>p0</ci></apply>", "rateRule"))), "itself")
    add("circle-rule-law", document(compartment() + species() + parameters(1) + rules(rule("p0", ci("r"))) + reactions(reaction(ci("p0"), reference()))), "p0")
    # What is not supported.
    add("algebraic", document(parameters(1) + rules(f'<algebraicRule metaid="alg">{M}<ci>p0</ci></math></algebraicRule>')), "algebraic", "`alg`")
    add("delay", document(parameters(1) + rules(rule("p0", f"<apply>{DELAY}{TIME}<cn>1</cn></apply>"))), "delay", "`p0`")
    add("fast", simple(uri="http://www.sbml.org/sbml/level3/version1/core", version=1).replace('reversible="false"', 'reversible="false" fast="true"'), "fast", "`r`")
    # Mathematics.
    for name, math in {
        "two-in-math": cn(1) + cn(2), "empty-apply": "<apply/>", "unknown-operator": apply("integral", cn(1)),
        "unknown-symbol": '<csymbol definitionURL="http://www.sbml.org/sbml/symbols/speed">v</csymbol>',
        "bad-cn": cn("abc"), "bad-exponent": '<cn type="e-notation">1<sep/>1e400</cn>', "bad-type": '<cn type="complex-cartesian">1<sep/>2</cn>',
        "divide-three": apply("divide", cn(1), cn(2), cn(3)), "divide-none": "<apply><divide/></apply>", "sin-two": apply("sin", cn(1), cn(2)),
        "power-one": apply("power", cn(1)), "log-base-two-args": apply("log", cn(1), cn(2)), "piece-one": "<piecewise><piece><cn>1</cn></piece></piecewise>",
        "empty-piecewise": "<piecewise/>", "two-otherwise": "<piecewise><otherwise><cn>1</cn></otherwise><otherwise><cn>2</cn></otherwise></piecewise>",
        "lambda-in-rule": "<lambda><cn>1</cn></lambda>", "text-in-math": "x + 1", "matrix": "<matrix><matrixrow><cn>1</cn></matrixrow></matrix>",
        "html-in-math": '<p xmlns="http://www.w3.org/1999/xhtml">1</p>', "rate-of-number": f"<apply>{RATE}<cn>1</cn></apply>", "rate-of-none": f"<apply>{RATE}</apply>",
        "event-as-value": ci("E"), "function-as-value": ci("f"),
    }.items():
        more = f'<listOfFunctionDefinitions><functionDefinition id="f">{M}<lambda><bvar><ci>x</ci></bvar><ci>x</ci></lambda></math></functionDefinition></listOfFunctionDefinitions>'
        add(f"math-{name}", document(more + parameters(1) + rules(rule("p0", math)) + events(event("<false/>", []))), "p0" if name != "rate-of-number" else "rateOf")
    add("function-arguments", document(functions(1, ci("x"), "") + parameters(1) + rules(rule("p0", "<apply><ci>f0</ci><cn>1</cn><cn>2</cn></apply>"))), "f0")
    add("function-free-name", document(functions(1, ci("p0"), "") + parameters(1) + rules(rule("p0", "<apply><ci>f0</ci><cn>1</cn></apply>"))), "p0")
    add("function-two-bodies", document(f'<listOfFunctionDefinitions><functionDefinition id="f">{M}<lambda><bvar><ci>x</ci></bvar><ci>x</ci><ci>x</ci></lambda></math></functionDefinition></listOfFunctionDefinitions>'), "`f`")
    # Numbers.
    for text in ("1e7", "1e300", "-5e9", "INF", "1e15"):
        add(f"stoichiometry-{text}", simple(stoichiometry=text), "stoichiometry", "`r`")
    add("stoichiometry-nan", simple(stoichiometry="NaN"), wrong=False)
    good("stoichiometry-half", simple(stoichiometry="0.5"))
    add("size-zero", document(compartment('size="0"') + species().replace('hasOnlySubstanceUnits="true"', 'hasOnlySubstanceUnits="false"') + reactions(reaction(ci("S"), reference()))), "`C`", "size 0")
    add("size-zero-by-initial", document(compartment('size="1"').replace('constant="true"', 'constant="false"') + species().replace('hasOnlySubstanceUnits="true"', 'hasOnlySubstanceUnits="false"') + f'<listOfInitialAssignments><initialAssignment symbol="C">{M}<cn>0</cn></math></initialAssignment></listOfInitialAssignments>' + reactions(reaction(ci("S"), reference()))), "`C`", "size 0")
    for text in ("-1", "NaN", "INF", "1e-320", "1e308"):
        good(f"size-{text}", document(compartment(f'size="{text}"') + species().replace('hasOnlySubstanceUnits="true"', 'hasOnlySubstanceUnits="false"') + reactions(reaction(ci("S"), reference()))))
    for text in ("2.5", "1e16", "9007199254740993", "1e300", "NaN", "INF", "-INF", "-1", "1e-300"):
        good(f"amount-{text}", simple(initial=f'initialAmount="{text}"'))
    good("amount-missing", simple(initial=""))
    for name, law in {"nan": "<notanumber/>", "infinite": "<infinity/>", "negative": cn(-1), "pole": apply("divide", cn(1), apply("minus", ci("S"), ci("S"))),
                      "huge": cn("1e308"), "overflow": apply("times", cn("1e308"), ci("S"), ci("S")), "tiny": cn("1e-320"), "log": apply("ln", apply("minus", ci("S"))),
                      "explodes": apply("minus", apply("power", ci("S"), cn(3))), "stiff": apply("times", cn("1e15"), apply("minus", ci("S"), cn(1))),
                      "in-time": apply("tan", TIME), "fast-sine": apply("plus", cn(1), apply("sin", apply("times", cn("1e9"), TIME))), "pole-in-time": apply("divide", cn(1), apply("minus", TIME, cn(5))),
                      "floor-fast": apply("floor", apply("times", cn("1e7"), TIME)), "switches": "<piecewise><piece><cn>1</cn>" + apply("gt", apply("sin", apply("times", cn("1e6"), TIME)), cn(0)) + "</piece><otherwise><cn>0</cn></otherwise></piecewise>",
                      "slides": apply("minus", "<piecewise><piece><cn>1</cn>" + apply("gt", ci("S"), cn(5)) + "</piece><otherwise><cn>-1</cn></otherwise></piecewise>")}.items():
        good(f"law-{name}", simple(law), endless=name in ("fast-sine", "floor-fast", "switches"))
    good("source-without-end", document(compartment() + species() + reactions(reaction(apply("times", cn("1e9"), ci("S")), products=reference()))), endless=True)
    # Events.
    good("event-for-ever", document(parameters(2) + events(event(apply("gt", ci("p0"), ci("p1")), [("p1", apply("plus", ci("p0"), cn(1)))], name="A") + event(apply("geq", ci("p1"), ci("p0")), [("p0", apply("plus", ci("p1"), cn(1)))], name="B"))))
    good("event-flip", document(parameters(1, "0") + events(event(apply("lt", ci("p0"), cn("0.5")), [("p0", cn(1))], name="A") + event(apply("gt", ci("p0"), cn("0.5")), [("p0", cn(0))], name="B"))))
    good("event-zero-delay-chain", document(parameters(1, "0") + events(many(lambda i: event(apply("eq", ci("p0"), cn(i)), [("p0", cn((i + 1) % 50))], inside=f"<delay>{M}<cn>0</cn></math></delay>", name=f"E{i}"), 50))))
    good("event-tiny-delay", document(parameters(1, "0") + events(event(apply("lt", ci("p0"), cn("0.5")), [("p0", cn(1))], inside=f"<delay>{M}<cn>1e-300</cn></math></delay>", name="A") + event(apply("gt", ci("p0"), cn("0.5")), [("p0", cn(0))], inside=f"<delay>{M}<cn>1e-300</cn></math></delay>", name="B"))))
    good("event-small-delay", document(parameters(1, "0") + events(event(apply("lt", ci("p0"), cn("0.5")), [("p0", cn(1))], inside=f"<delay>{M}<cn>1e-7</cn></math></delay>", name="A") + event(apply("gt", ci("p0"), cn("0.5")), [("p0", cn(0))], inside=f"<delay>{M}<cn>1e-7</cn></math></delay>", name="B"))))
    good("event-for-ever-with-reaction", document(compartment() + species() + parameters(1, "0") + reactions(reaction(ci("S"), reference())) + events(event(apply("lt", ci("p0"), cn("0.5")), [("p0", cn(1))], name="A") + event(apply("gt", ci("p0"), cn("0.5")), [("p0", cn(0))], name="B"))))
    good("event-zeno", document(parameters(3) + rules(rule("p0", ci("p1"), "rateRule") + rule("p1", cn(-10), "rateRule")) + events(event(apply("lt", ci("p0"), cn(0)), [("p1", apply("times", cn("-0.5"), ci("p1"))), ("p0", cn(0))]))))
    good("event-negative-delay", document(parameters(1, "0") + events(event(apply("gt", TIME, cn(1)), [("p0", cn(1))], inside=f"<delay>{M}<cn>-1</cn></math></delay>"))))
    good("event-nan-delay", document(parameters(1, "0") + events(event(apply("gt", TIME, cn(1)), [("p0", cn(1))], inside=f"<delay>{M}<notanumber/></math></delay>"))))
    good("event-nan-trigger", document(parameters(1, "0") + events(event("<notanumber/>", [("p0", cn(1))]))))
    good("event-nan-priority", document(parameters(1, "0") + events(event(apply("gt", TIME, cn(1)), [("p0", cn(1))], inside=f"<priority>{M}<notanumber/></math></priority>", name="A") + event(apply("gt", TIME, cn(1)), [("p0", cn(2))], inside=f"<priority>{M}<cn>1</cn></math></priority>", name="B"))))
    good("event-size-zero", document(compartment().replace('constant="true"', 'constant="false"') + species().replace('hasOnlySubstanceUnits="true"', 'hasOnlySubstanceUnits="false"') + reactions(reaction(ci("S"), reference())) + events(event(apply("gt", TIME, cn(1)), [("C", cn(0))]))))
    good("event-fraction", simple(after=events(event(apply("gt", TIME, cn(1)), [("S", cn("2.5"))]))))
    good("event-negative-amount", simple(after=events(event(apply("gt", TIME, cn(1)), [("S", cn(-3))]))))
    good("event-nan-amount", simple(after=events(event(apply("gt", TIME, cn(1)), [("S", "<notanumber/>")]))))
    good("event-huge-amount", simple(after=events(event(apply("gt", TIME, cn(1)), [("S", cn("1e17"))]))))
    good("rate-rule-explodes", document(parameters(1) + rules(rule("p0", apply("power", ci("p0"), cn(2)), "rateRule"))))
    good("rate-rule-nan", document(parameters(1) + rules(rule("p0", "<notanumber/>", "rateRule"))))
    good("rate-rule-discontinuous", document(parameters(1) + rules(rule("p0", apply("floor", apply("times", cn("1e9"), ci("p0"))), "rateRule"))))
    good("empty-model", document(""))
    good("constraint-false", document(parameters(1) + f'<listOfConstraints><constraint>{M}<false/></math><message><p xmlns="http://www.w3.org/1999/xhtml">{"no " * 10_000}</p></message></constraint></listOfConstraints>'))


COMMANDS = {
    "check": "check F",
    "to crn": "convert F out.crn",
    "to xml": "convert F out.xml",
    "exact": "simulate F --trajectories 10 --end 10 --steps 10 --seed 1 --summary out.csv",
    "ode": "simulate F --method ode --start 0 --end 10 --steps 10 --amount  --rtol 1e-8 --atol 1e-12 --output out.csv",
}


def run(binary, line, folder, seconds):
    """Exit code (None: stopped), seconds, peak megabytes, standard output and error."""
    arguments = line.split(" ")
    with open(folder / "stdout", "w+b") as out, open(folder / "stderr", "w+b") as err:
        begin = time.monotonic()
        process = subprocess.Popen([binary, *arguments], cwd=folder / "work", stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            elapsed = time.monotonic() - begin
            if pid:
                break
            if elapsed > 8 * seconds:
                process.send_signal(signal.SIGKILL)
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.002)
        process.returncode = 0
        out.seek(0), err.seek(0)
        code = os.waitstatus_to_exitcode(status)
        # On a machine that does other things too, the time that was spent on it.
        elapsed = min(elapsed, usage.ru_utime + usage.ru_stime) if code >= 0 else elapsed
        return code, elapsed, usage.ru_maxrss / 1024, out.read().decode(errors="replace"), err.read().decode(errors="replace")


def judge(code, elapsed, memory, stdout, stderr, left, words, options):
    faults = []
    if elapsed > options.seconds:
        faults.append(f"{elapsed:.1f} s")
    if memory > options.megabytes:
        faults.append(f"{memory:.0f} MB")
    if code not in (0, 2, 3):
        faults.append(f"exit code {code}")
    if "panicked" in stderr or "stack overflow" in stderr:
        faults.append("panic")
    if code:
        if left:
            faults.append(f"left {', '.join(left)}")
        if stdout:
            faults.append("wrote to standard output")
        if not re.search(r"^error: ", stderr, re.M):
            faults.append("no message")
        if len(stderr) > 20_000:
            faults.append(f"{len(stderr)} characters of message")
    if words is not None:
        if code != 2:
            faults.append(f"exit code {code}, not 2")
        faults += [f"no `{w}` in the message" for w in ["hostile.xml", *words] if w not in stderr]
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kurtz")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--megabytes", type=float, default=500)
    parser.add_argument("--only", default="")
    parser.add_argument("--skip-large", action="store_true", help="leave out files of more than 1 MB")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="show every answer")
    options = parser.parse_args()
    binary = str(pathlib.Path(options.kurtz).resolve())
    global FOLDER, ONLY, LARGEST
    ONLY = options.only.split(",")
    LARGEST = 1_000_000 if options.skip_large else LARGEST
    wrong, slowest, largest, count = 0, (0, ""), (0, ""), 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        FOLDER = options.keep or folder / "files"
        FOLDER.mkdir(parents=True, exist_ok=True)
        (folder / "work").mkdir()
        # In a process of its own, whose size would else count as that of the commands it starts.
        child = os.fork()
        if child == 0:
            make()
            (folder / "list").write_text(repr([(n, str(p), *rest) for n, (p, *rest) in FILES.items()]))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            return 1
        cases = eval((folder / "list").read_text())
        for name, file, _, words, endless in cases + [("directory", None, 0, [], False)]:
            path = folder / "work" / "hostile.xml"
            path.mkdir() if file is None else os.link(file, path) if options.keep is None else path.write_bytes(pathlib.Path(file).read_bytes())
            for door, line in COMMANDS.items():
                if endless and line.startswith("simulate"):
                    continue
                result = run(binary, line.replace("F", "hostile.xml"), folder, options.seconds)
                left = [f.name for f in (folder / "work").iterdir() if f.name != "hostile.xml"]
                faults = judge(*result, left, words, options)
                for f in left:
                    (folder / "work" / f).unlink()
                code, elapsed, memory, _, stderr = result
                count += 1
                slowest, largest = max(slowest, (elapsed, f"{door} {name}")), max(largest, (memory, f"{door} {name}"))
                wrong += bool(faults)
                if faults or options.all:
                    said = next((l for l in stderr.splitlines() if l.startswith("error")), "").strip()[:160]
                    print(f"{'FAULT' if faults else 'ok':5} {name:28} {door:7} code {code} {elapsed:5.2f} s {memory:4.0f} MB  {'; '.join(faults)}  | {said}", flush=True)
            path.rmdir() if file is None else path.unlink()
    print(f"{count} answers, {wrong} with faults; slowest {slowest[0]:.2f} s ({slowest[1]}), largest {largest[0]:.0f} MB ({largest[1]})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
