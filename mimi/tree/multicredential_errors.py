"""What is wrong with credentials that are several, one class for each rule."""

from mimi.errors import InvalidError


class EmptyMultiCredentialError(InvalidError):
    """A credential that consists of bindings has none."""

    rule = "draft-ietf-mls-extensions-10 section 6.5"


class NestedMultiCredentialError(InvalidError):
    """A credential in a binding consists of bindings itself."""

    rule = "draft-ietf-mls-extensions-10 section 6.5"


class BindingSignatureError(InvalidError):
    """A credential binding is not signed by its own key for the leaf that shows it."""

    rule = "draft-ietf-mls-extensions-10 section 6.5"


class BindingKeyError(InvalidError):
    """The certificate in a credential binding is for another key, or is no certificate."""

    rule = "draft-ietf-mls-extensions-10 section 6.5"


class UnsupportedBindingError(InvalidError):
    """A member does not support the bindings of another's credential as it has to."""

    rule = "draft-ietf-mls-extensions-10 section 6.5"
