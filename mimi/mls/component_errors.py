"""What is wrong with the use of application components, one class for each rule."""

from mimi.errors import InvalidError, UsageError


class UnknownComponentError(InvalidError):
    """A proposal concerns a component that the application does not have."""

    rule = "draft-ietf-mls-extensions-10 section 4.7"


class AbsentComponentError(InvalidError):
    """A proposal removes the state of a component that has none."""

    rule = "draft-ietf-mls-extensions-10 section 4.7"


class ComponentConflictError(InvalidError):
    """A commit removes a component's state twice, or removes it and updates it."""

    rule = "draft-ietf-mls-extensions-10 section 4.7"


class DictionaryChangedError(InvalidError):
    """GroupContextExtensions change app_data_dictionary, where AppDataUpdate is required."""

    rule = "draft-ietf-mls-extensions-10 section 4.7"


class ComponentRefusalError(InvalidError):
    """A component holds what is proposed to it for invalid.

    Components raise it, or a class of their own below `InvalidError` or `ForbiddenError`.
    """

    rule = "draft-ietf-mls-extensions-10 section 4.7"


class SelfRemoveByValueError(InvalidError):
    """A commit carries a SelfRemove by value."""

    rule = "draft-ietf-mls-extensions-10 section 6.3"


class SelfRemoveSenderError(InvalidError):
    """A SelfRemove of somebody who is no member."""

    rule = "draft-ietf-mls-extensions-10 section 6.3"


class SelfRemoveFramingError(InvalidError):
    """A SelfRemove in another framing than PublicMessage, where joiners cannot read it."""

    rule = "draft-ietf-mls-extensions-10 section 6.3"


class RepeatedSelfRemoveError(InvalidError):
    """A member removes itself more than once in an epoch."""

    rule = "draft-ietf-mls-extensions-10 section 6.3"


class RequiredComponentError(InvalidError):
    """A member does not support a component that the group requires."""

    rule = "draft-ietf-mls-extensions-10 section 5"


class RequiredSafeAADError(InvalidError):
    """A member does not support a component that the group requires in the safe AAD."""

    rule = "draft-ietf-mls-extensions-10 section 5"


class RequiredWireFormatError(InvalidError):
    """A member does not support a wire format that the group requires."""

    rule = "draft-ietf-mls-extensions-10 section 5"


class RequiredMediaTypeError(InvalidError):
    """A member does not say that it reads a media type that the group requires."""

    rule = "draft-ietf-mls-extensions-10 section 6.2.3"


class FramingError(UsageError):
    """Application or authenticated data of our own without the framing that the group has."""

    rule = "draft-ietf-mls-extensions-10 sections 4.9 and 6.2.4"
