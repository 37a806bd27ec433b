"""KoboMobile's API: the only caller of its HTTP, what it answers and what that means."""
