"""Status events as they come: a rule and a queue for as long as somebody looks."""
