"""Step 3: finding and desired state → change, evidence, pull request."""
