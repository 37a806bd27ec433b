"""The part of the template that outlives its stack: `python -m local_aws.template.kept > kept.json`.

A stack that is to be made anew over what an earlier one has left begins with these resources, which are imported, and
nothing else: docs/operating.md, "A stack made anew".
"""

import json
import sys
from pathlib import Path

from local_aws.template.source import Template, load

_TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
# What those resources may refer to. Not the transform: none of them needs it.
_SECTIONS = ("AWSTemplateFormatVersion", "Description", "Parameters", "Rules", "Mappings", "Conditions")


def kept(template: Template) -> Template:
    """Return a template of the resources that a deleted stack leaves behind, and of nothing else."""
    resources = template["Resources"]
    left = {name: each for name, each in resources.items() if each.get("DeletionPolicy", "Delete") != "Delete"}
    return {section: template[section] for section in _SECTIONS if section in template} | {"Resources": left}


if __name__ == "__main__":
    json.dump(kept(load(_TEMPLATE)), sys.stdout, indent=1)
