"""Reviews of pull requests, and requests for them."""

from bot.sandbox.forge import render, render_pulls, state_pulls, state_reviews
from bot.sandbox.forge.entities import Pull, Review, Role
from bot.sandbox.forge.exchange import Answer, Call, Operation
from bot.sandbox.forge.permissions import read, write
from bot.sandbox.forge.refusals import unprocessable
from bot.sandbox.forge.state_reviews import ReviewRequest


def _pull(call: Call) -> Pull:
    return state_pulls.find(call.repository, call.number)


def _review(call: Call) -> Review:
    return state_reviews.find(call.repository, _pull(call), int(call.path["review"]), call.who)


def _rendered(call: Call, review: Review) -> Answer:
    return Answer(content=render_pulls.review(call.view, call.repository, review))


def _list(call: Call) -> Answer:
    reviews = state_reviews.submitted(call.repository, _pull(call), call.who)
    return call.listed(reviews, lambda review: render_pulls.review(call.view, call.repository, review))


def _read(call: Call) -> Answer:
    return _rendered(call, _review(call))


def _request(call: Call) -> ReviewRequest:
    body = call.body
    if body.objects("comments"):
        raise unprocessable("Comments on lines are not kept by this server; put them into the body")
    return ReviewRequest(
        event=body.maybe_text("event"),
        body=body.maybe_text("body") or "",
        commit=body.maybe_text("commit_id"),
    )


def _create(call: Call) -> Answer:
    made = state_reviews.create(call.state, call.repository, _pull(call), call.who, _request(call))
    return _rendered(call, made)


def _submit(call: Call) -> Answer:
    request = ReviewRequest(event=call.body.text("event"), body=call.body.maybe_text("body") or "")
    done = state_reviews.submit(call.state, call.repository, _review(call), call.who, request)
    return _rendered(call, done)


def _edit(call: Call) -> Answer:
    done = state_reviews.edit(call.repository, _review(call), call.who, call.body.text("body"))
    return _rendered(call, done)


def _dismiss(call: Call) -> Answer:
    message = call.body.text("message")
    done = state_reviews.dismiss(call.state, call.repository, _review(call), call.account, message)
    return _rendered(call, done)


def _requested(call: Call) -> Answer:
    pull = _pull(call)
    users = [render.user(call.view, account) for account in pull.reviewers]
    teams = [render.team(call.view, team) for team in pull.teams]
    return Answer(content={"users": users, "teams": teams})


def _ask(call: Call) -> Answer:
    logins, slugs = _names(call)
    pull = state_reviews.ask(call.state, call.repository, _pull(call), call.account, logins=logins, slugs=slugs)
    return Answer(status=201, content=render_pulls.pull_listed(call.view, call.repository, pull))


def _unask(call: Call) -> Answer:
    logins, slugs = _names(call)
    pull = state_reviews.unask(call.state, call.repository, _pull(call), call.account, logins=logins, slugs=slugs)
    return Answer(content=render_pulls.pull_listed(call.view, call.repository, pull))


def _names(call: Call) -> tuple[list[str], list[str]]:
    return call.body.texts("reviewers") or [], call.body.texts("team_reviewers") or []


_ONE = "/repos/{owner}/{repo}/pulls/{number:int}"
_REVIEW = _ONE + "/reviews/{review:int}"
_ASKED = _ONE + "/requested_reviewers"
_READ, _WRITE = read("pull_requests"), write("pull_requests")
_ANYONE = write("pull_requests", role=Role.READ)
OPERATIONS = (
    Operation(method="GET", path=_ONE + "/reviews", handler=_list, need=_READ),
    Operation(method="POST", path=_ONE + "/reviews", handler=_create, need=_ANYONE),
    Operation(method="GET", path=_REVIEW, handler=_read, need=_READ),
    Operation(method="PUT", path=_REVIEW, handler=_edit, need=_ANYONE),
    Operation(method="POST", path=_REVIEW + "/events", handler=_submit, need=_ANYONE),
    Operation(method="PUT", path=_REVIEW + "/dismissals", handler=_dismiss, need=_WRITE),
    Operation(method="GET", path=_ASKED, handler=_requested, need=_READ),
    Operation(method="POST", path=_ASKED, handler=_ask, need=_WRITE),
    Operation(method="DELETE", path=_ASKED, handler=_unask, need=_WRITE),
)
