"""What a command behind `exec` gets: a cache that holds nothing else, and an environment that leads nowhere else."""
