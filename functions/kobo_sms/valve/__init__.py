"""Whether the queues are consumed: counting calls, the circuit breaker, closing and opening lanes."""
