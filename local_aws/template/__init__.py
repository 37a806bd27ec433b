"""template.yaml: read, checked, transformed."""
