"""AWS on this machine: the stack of template.yaml on an embedded engine, without Docker or an account."""
