"""The flows: wiring only. What a step does is in tasks/."""
