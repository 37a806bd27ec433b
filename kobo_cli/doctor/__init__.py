"""What is wrong with a stack, or soon will be: looked for in AWS, at KoboMobile and on this machine."""
