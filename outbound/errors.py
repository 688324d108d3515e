"""What can go wrong on the way out; the text of each is a sentence for people."""


class OutboundError(Exception):
    """A call that did not bring a usable answer."""


class Refused(OutboundError):
    """The call was not made, because a rule of ours forbids it."""


class TimedOut(OutboundError):
    """The call took longer than it may."""


class ConnectionFailed(OutboundError):
    """No connection came about, or it broke before the answer was whole."""


class BadAnswer(OutboundError):
    """The other side answered, but not with HTTP that can be used."""


class TooLarge(OutboundError):
    """The answer is larger than what was asked for may be."""
