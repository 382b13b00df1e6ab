"""The errors that a client sees, by the names that AWS gave them."""

from __future__ import annotations

_SERVICE = "com.amazonaws.swf.service.v2.model#"
_COMMON = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "AccessDeniedException": "com.amazon.coral.service#",
    "RequestEntityTooLargeException": "com.amazon.coral.service#",
    "InternalFailure": "com.amazon.coral.service#",
    "ServiceUnavailable": "com.amazon.coral.service#",
}


class ApiError(Exception):
    """An answer that is an error: a name of AWS's, a sentence, and the HTTP status."""

    def __init__(self, name: str, message: str, status: int = 400) -> None:
        self.name, self.message, self.status = name, message, status
        super().__init__(f"{name}: {message}")

    def body(self) -> dict[str, str]:
        """As AWS writes it; clients read the name behind the `#`."""
        return {"__type": _COMMON.get(self.name, _SERVICE) + self.name, "message": self.message}


def invalid(message: str) -> ApiError:
    """A request that breaks a rule."""
    return ApiError("ValidationException", message)


def invalid_arn(why: str) -> ApiError:
    """Not an ARN, or one of another kind of thing."""
    return ApiError("InvalidArn", f"Invalid Arn: '{why}'")


def no_machine(arn: str) -> ApiError:
    """No state machine has this ARN."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def deleting(arn: str) -> ApiError:
    """The state machine is about to go."""
    return ApiError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")


def no_execution(arn: str) -> ApiError:
    """No execution has this ARN."""
    return ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def not_found(arn: str) -> ApiError:
    """No resource has this ARN."""
    return ApiError("ResourceNotFound", f"Resource not found: '{arn}'")


def wrong_type() -> ApiError:
    """What standard machines can do express ones cannot, or the other way round."""
    return ApiError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )


def bad_token() -> ApiError:
    """The nextToken is not one that this operation gave for this request, or it is too old."""
    return ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
