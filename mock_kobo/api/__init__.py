"""KoboMobile's own three endpoints over HTTP."""
