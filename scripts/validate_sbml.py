#!/usr/bin/env python3
"""Validates SBML files with libSBML (pip install python-libsbml): prints each error; exit code 1 if there is one,
77 if libSBML is not installed. Folders stand for the .xml files in them. Checks of units are left out: networks may be
without units."""
import pathlib
import sys

try:
    import libsbml
except ImportError:
    print("libSBML is not installed: pip install python-libsbml")
    sys.exit(77)

files = []
for argument in map(pathlib.Path, sys.argv[1:]):
    files += sorted(argument.glob("*.xml")) if argument.is_dir() else [argument]
wrong = 0
for file in files:
    document = libsbml.readSBMLFromFile(str(file))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0:
        document.checkConsistency()
    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            wrong += 1
            print(f"{file.name}:{error.getLine()}: {error.getErrorId()} {error.getMessage().strip()}")
print(f"{len(files)} files, {wrong} errors")
sys.exit(1 if wrong else 0)
