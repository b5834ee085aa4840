"""What a comparison finds to differ on purpose."""


def not_needed(times):
    """Prints how often each difference was seen, by what it is, and gives how many were not: those are to be taken out."""
    for what, seen in times.items():
        print(f"differs {seen} times: {what}")
        if seen == 0:
            print("FAILED: this is not so any more")
    return sum(seen == 0 for seen in times.values())
