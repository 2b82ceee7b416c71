"""What can be wrong with a template or with the parameters it is given."""


class TemplateError(ValueError):
    """The template cannot be read, or says something that cannot be worked out here."""


class TemplateParameterError(TemplateError):
    """A parameter is unknown, has no value, or has one that the template does not allow."""
