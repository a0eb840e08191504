"""The POW bot: finds the step that wastes citizens' time, proposes a fix, proves it, or takes it back."""
