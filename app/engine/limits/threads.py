"""How the threads of a process that computes wait for each other: told by the environment, before torch is imported."""

# OpenMP's threads wait some microseconds awake and then asleep. Always awake, two processes on the same processors take
# each other's time: together they did an eighth of the work (docs/decisions/0008).
PATIENCE = {"GOMP_SPINCOUNT": "1000"}
