"""A mock of the KoboMobile SMS gateway, with an inbox page and a control API; see README.md in this folder."""
