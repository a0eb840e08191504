from bot.model.event import Cost


def test_a_cost_since_another_counts_what_came_after_and_keeps_what_is_left():
    before, after = Cost(requests=3, writes=1, left=90, limit=100), Cost(requests=10, writes=4, left=80, limit=100)
    assert after.since(before) == Cost(requests=7, writes=3, left=80, limit=100)
