"""A change to source: two trees of a repository, what one adds to the other, and what the target branch holds."""
