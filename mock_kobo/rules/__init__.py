"""What KoboMobile accepts, answers and charges. Pure but for the faults' own draws."""
