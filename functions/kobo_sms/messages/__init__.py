"""What is sent: requests, their parts, numbers, pages and states. Pure."""
