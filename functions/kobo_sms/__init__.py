"""What the functions share: pure rules, adapters to AWS and KoboMobile, and the composition root."""
