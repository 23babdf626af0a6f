"""One Rasa component: puts the pipeline's reading of a message into Rasa's message.

The model is trained by ``xiaoge train``, not by Rasa; ``xiaoge classify`` loads the same one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from nlu.understand.pipeline import Reading, default_pipeline

HELP_READING = ("repeat", "slower", "normal", "bigger", "aloud", "family")


def _before_all_else(reading: Reading) -> tuple[str, float] | None:
    """What a message is whatever else it may be: a fraud in progress, a wish about how it is talked, going on with a guide."""
    if "fraud_now" in reading.signals:
        return "fraud_now", reading.signals["fraud_now"]
    wish = max(
        (name for name in HELP_READING if name in reading.signals), key=reading.signals.__getitem__, default=None
    )
    if wish:
        return "help_reading", reading.signals[wish]
    if "guide_go_on" in reading.signals:
        return "go_on_guide", reading.signals["guide_go_on"]
    return None


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR],
    is_trainable=False,
)
class MatterReader(GraphComponent):
    """Sets intent, entities and the full reading (category, type, candidates, urgency) of each message."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MatterReader:
        """Called by Rasa."""
        return cls()

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_kwargs: Any,
    ) -> MatterReader:
        """Called by Rasa when it starts to serve: the first resident must not wait for the model to load."""
        default_pipeline().parse("你好，昨晚路灯坏了")
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message. The intent given to the rules is the conversational act (``nlu.corpus.ACTS``)."""
        pipeline = default_pipeline()
        for message in messages:
            reading = pipeline.parse(message.get("text") or "")
            name, confidence = _before_all_else(reading) or (reading.act, reading.act_confidence)
            message.set("intent", {"name": name, "confidence": confidence}, add_to_output=True)
            message.set(
                "entities",
                [
                    {"entity": e.kind, "start": e.start, "end": e.end, "value": e.value or e.text, "text": e.text}
                    for e in reading.entities
                ],
                add_to_output=True,
            )
            data = reading.as_dict()
            data["act"] = reading.act
            data["urgency"] = reading.urgency
            data["act_confidence"] = reading.act_confidence
            data["intent_confidence"] = reading.intent_confidence
            data["signals"] = reading.signals
            data["matters"] = [asdict(m) for m in reading.matters]
            message.set("reading", data, add_to_output=True)
        return messages

    def process_training_data(self, training_data: Any) -> Any:
        """Nothing to do: no other component of the engine is trained on text."""
        return training_data
