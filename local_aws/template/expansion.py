"""The SAM template, transformed to plain CloudFormation as AWS does it when it deploys."""

import logging
from collections.abc import Mapping

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

from local_aws.clients import session
from local_aws.errors import LocalStackError
from local_aws.template.source import Template


def expand(template: Template, parameters: Mapping[str, str], code: Mapping[str, str]) -> Template:
    """Return the transformed template; the given one is changed.

    `code` has the `s3://bucket/key` of each function's code.
    Raises LocalStackError with all causes when the transform refuses the template.
    """
    for name, address in code.items():
        template["Resources"][name]["Properties"]["CodeUri"] = address
    logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
    values = dict(parameters)
    # These steps are samtranslator's transform(), which has no way to say the region.
    to_py27_compatible_template(template, values)
    translator = Translator({}, Parser(), boto_session=session())
    try:
        expanded: Template = undo_mark_unicode_str_in_template(translator.translate(template, values))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise LocalStackError(f"the template is not valid: {causes}") from error
    return expanded
