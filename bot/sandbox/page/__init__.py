"""The sandbox's page for people: what the loop does now, and the buttons of a reviewer."""
