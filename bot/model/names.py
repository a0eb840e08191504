"""Identifiers as types, so that a branch is never taken for a commit."""

from typing import NewType

RecipeId = NewType("RecipeId", str)
"""A recipe's `id`, such as PASSPORT_BACKLOG."""
ChangeId = NewType("ChangeId", str)
"""Sixteen hexadecimal digits that name one proposed change everywhere."""
FeedName = NewType("FeedName", str)
"""A dotted feed name: source, programme, metric."""
ServiceName = NewType("ServiceName", str)
CommitSha = NewType("CommitSha", str)
"""Forty hexadecimal digits."""
BranchName = NewType("BranchName", str)
"""A branch without `refs/heads/`."""
PullNumber = NewType("PullNumber", int)
Login = NewType("Login", str)
TeamSlug = NewType("TeamSlug", str)
Digest = NewType("Digest", str)
"""`sha256:` and sixty-four hexadecimal digits of some exact bytes."""
