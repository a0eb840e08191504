"""A recipe file → a Recipe, defaults filled in; its rules stay text here and no other file is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.model.errors import Diagnostic
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import FeedName, RecipeId, ServiceName
from bot.model.recipe import (
    Guard,
    GuardRole,
    JourneyPatch,
    NoData,
    OnDeadline,
    Recipe,
    RollbackMode,
    ServicePatch,
    Watch,
)
from bot.recipes.fields import Fields, fields_of
from bot.recipes.proof import read_success_test, read_test
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document, Path

_DEFAULT = Watch()
_COOLDOWN = timedelta(days=7)
_ROLES = {"guardrails": GuardRole.GUARDRAIL, "signals": GuardRole.SIGNAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """A recipe with the document that it was read from, for whoever has more to say about it."""

    document: Document
    recipe: Recipe


def read_recipe(path: str, content: bytes) -> RecipeFile | tuple[Diagnostic, ...]:
    """Read one recipe file's bytes, or return everything that is wrong with it."""
    document = parse(path, content)
    if not isinstance(document, Document):
        return document
    if faults := check_shape(document, SchemaName.RECIPE):
        return faults
    return RecipeFile(document=document, recipe=_recipe(path, content, fields_of(document.value)))


def _recipe(path: str, content: bytes, fields: Fields) -> Recipe:
    fix = fields.section("fix_recipe")
    return Recipe(
        id=RecipeId(fields.text("id")),
        version=fields.integer("version", 1),
        path=path,
        digest=digest_of(content),
        watch_feeds=tuple(FeedName(name) for name in fields.texts("watch_feeds")),
        bottleneck_rule=fields.text("bottleneck_rule"),
        service_patches=tuple(_service_patch(patch) for patch in fix.sections("service_patch")),
        journey_patches=tuple(_journey_patch(text) for text in fix.texts("journey_patch")),
        hitl_threshold=fields.level("hitl_threshold", Level.LOW),
        success_metric=fields.text("success_metric"),
        rollback_on=fields.text("rollback_on"),
        process_log=FeedName(fields.text("process_log")) if fields.has("process_log") else None,
        reversible=fields.flag("reversible", default=True),
        cooldown=fields.duration("cooldown", _COOLDOWN),
        watch=_watch(fields),
        silenced=_silenced(fields.section("lint")),
        high_impact=fields.flag("high_impact", default=False),
        urgent=fields.flag("urgent", default=False),
        guards=tuple(_guards(fields)),
        clear_when=fields.text("clear_when"),
    )


def guards_at(file: RecipeFile) -> Iterator[tuple[Guard, Path]]:
    """Yield the rules that watch beside the recipe's own, each with the place of its text in the document."""
    fields = fields_of(file.document.value)
    guards = iter(file.recipe.guards)
    for key in _ROLES:
        for index, entry in enumerate(fields.entries(key)):
            yield next(guards), (key, index) if isinstance(entry, str) else (key, index, "rule")


def _guards(fields: Fields) -> Iterator[Guard]:
    """Read the rules that watch beside `rollback_on`; a plain text is a rule with every default."""
    watch = fields.section("watch")
    for key, role in _ROLES.items():
        for index, entry in enumerate(fields.entries(key)):
            own = Fields(values={"rule": entry} if isinstance(entry, str) else entry)
            yield Guard(
                name=own.text("name", f"{role}_{index + 1}"),
                rule=own.text("rule"),
                role=role,
                mode=RollbackMode(own.text("mode", RollbackMode.AUTO)),
                no_data=NoData(own.text("no_data", NoData.HOLD)),
                grace=own.duration("grace", watch.duration("grace", _DEFAULT.grace)),
                arm_after=own.duration("arm_after", watch.duration("arm_after", _DEFAULT.arm_after)),
                test=read_test(own, "test"),
            )


def _service_patch(fields: Fields) -> ServicePatch:
    """Read a service's patch; `changes` is the management layer's word for `config`."""
    key = "changes" if fields.has("changes") else "config"
    return ServicePatch(service=ServiceName(fields.text("service")), config=fields.wanted(key))


def _journey_patch(text: str) -> JourneyPatch:
    journey, version = text.removeprefix("journeys/").split("@")
    return JourneyPatch(journey=journey, version=version)


def _silenced(fields: Fields) -> Mapping[str, str]:
    return {entry.text("id"): entry.text("reason") for entry in fields.sections("ignore")}


def _watch(recipe: Fields) -> Watch:
    fields = recipe.section("watch")
    return Watch(
        test=read_test(recipe, "rollback_test"),
        success_test=read_success_test(recipe),
        mode=RollbackMode(fields.text("mode", _DEFAULT.mode)),
        min_samples=fields.integer("min_samples", _DEFAULT.min_samples),
        coverage=fields.share("coverage", _DEFAULT.coverage),
        arm_after=fields.duration("arm_after", _DEFAULT.arm_after),
        deadline=fields.duration("deadline", _DEFAULT.deadline),
        recover_within=fields.duration("recover_within", _DEFAULT.recover_within),
        on_deadline=OnDeadline(fields.text("on_deadline", _DEFAULT.on_deadline)),
        no_data=NoData(fields.text("no_data", _DEFAULT.no_data)),
        grace=fields.duration("grace", _DEFAULT.grace),
    )
