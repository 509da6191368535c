"""Checks bills of materials with the reference validators of both formats.

Usage: validate_sbom.py FILE...

CycloneDX JSON goes through cyclonedx-python-lib's strict schema validation of the version it states, and its
references are followed; SPDX JSON goes through spdx-tools' parser and full validation. One row a file, then
one line a finding. Exit code: 0 all valid, 1 any invalid, 2 the validators are missing or a file cannot be
read. Needs the packages of requirements.txt beside this file; makes no environment and fetches nothing.
"""

import json
import sys
from pathlib import Path

from table import Table

MAX_FINDINGS = 20


def check_cyclonedx(path, document):
    """Findings of a CycloneDX document, and how many components it has."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(document["specVersion"])
    finding = JsonStrictValidator(version).validate_str(path.read_text(encoding="utf-8"))
    findings = [] if finding is None else [str(finding.data)[:500]]
    components = document.get("components", [])
    references = [c.get("bom-ref") for c in components]
    known = set(references) | {document.get("metadata", {}).get("component", {}).get("bom-ref")}
    # The schema cannot say these two: they are the rules of the specification's prose.
    findings += [f"bom-ref {r!r} is not unique" for r in known if references.count(r) > 1]
    for dependency in document.get("dependencies", []):
        targets = [dependency["ref"], *dependency.get("dependsOn", [])]
        findings += [f"dependency names {t!r}, which is no component" for t in targets if t not in known]
    return findings, len(components)


def check_spdx(path, document):
    """Findings of an SPDX document, and how many packages it has."""
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    if document["spdxVersion"] != "SPDX-2.3":
        return [f"it says {document['spdxVersion']}, not SPDX-2.3"], 0
    try:
        parsed = parse_file(str(path))
    except SPDXParsingError as error:
        return error.get_messages(), 0
    messages = validate_full_spdx_document(parsed)
    return [f"{m.validation_message} ({m.context.spdx_id})" for m in messages], len(parsed.packages)


def check(path):
    """Prints the row of one file; True when it is valid."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    if document.get("bomFormat") == "CycloneDX":
        kind = f"CycloneDX {document.get('specVersion')}"
        findings, count = check_cyclonedx(path, document)
    elif "spdxVersion" in document:
        kind = str(document["spdxVersion"])
        # spdx-tools chooses its parser by the file's name.
        if path.suffix != ".json":
            raise ValueError("the name must end in .json")
        findings, count = check_spdx(path, document)
    else:
        raise ValueError("it is neither CycloneDX nor SPDX")
    table = Table()
    figure = f"{'valid' if not findings else f'INVALID, {len(findings)} findings'}, {count} components"
    table.row(not findings, f"{path.name}: {kind}, strictly", figure)
    for finding in findings[:MAX_FINDINGS]:
        table.note(finding)
    if len(findings) > MAX_FINDINGS:
        table.note(f"and {len(findings) - MAX_FINDINGS} more")
    return not findings


def main(names):
    if not names:
        print(__doc__.splitlines()[2], file=sys.stderr)
        return 2
    worst = 0
    for name in names:
        try:
            worst = max(worst, 0 if check(Path(name)) else 1)
        except ImportError as error:
            print(f"validate_sbom: {error}; install tests/validate/requirements.txt", file=sys.stderr)
            return 2
        except (OSError, ValueError, KeyError) as error:
            print(f"validate_sbom: {name}: {error}; give CycloneDX or SPDX as JSON", file=sys.stderr)
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
