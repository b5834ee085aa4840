"""Reports the intended differences of a comparison."""


def not_needed(times):
    """Prints how often each intended difference occurred. Returns how many did not occur; these must be removed from
    the list."""
    for difference, count in times.items():
        print(f"intended difference, {count} times: {difference}")
        if count == 0:
            print("FAILED: this difference does not occur; remove it from the list")
    return sum(count == 0 for count in times.values())
