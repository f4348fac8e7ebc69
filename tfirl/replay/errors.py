"""What a rate limiter's refusal raises, instead of waiting for ever."""


class StarvedTableError(RuntimeError):
  """A sampler waited for its table's limiter longer than the time-out."""


class BlockedWriterError(RuntimeError):
  """A writer waited for its table's limiter longer than the time-out."""
