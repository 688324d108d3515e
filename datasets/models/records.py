"""What happened, and what is true since: records and facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from datasets.exact import ExactJSONField
from datasets.models.dataset import Dataset
from datasets.models.lanes import Lane


class RecordQuerySet(models.QuerySet["Record"]):
    """Records as readers see them."""

    def current(self) -> RecordQuerySet:
        """Leave out superseded, unpersisted and refused records."""
        return self.filter(is_current=True)


class Record(models.Model):
    """One stored event; immutable but for the mark that a later one superseded it.

    No foreign key points here or leaves from here to `Batch`: the table is
    partitioned by ranges of batch in large installations.
    """

    pk = models.CompositePrimaryKey("batch_id", "ord")
    batch_id = models.BigIntegerField()
    ord = models.PositiveIntegerField(help_text="Place inside the batch.")
    dataset = models.ForeignKey(
        Dataset,
        on_delete=models.CASCADE,
        related_name="records",
        db_constraint=False,
        db_index=False,  # both indexes below begin with it
    )
    key = models.CharField(max_length=1500)
    subkey = models.CharField(max_length=1500, blank=True)
    event_time = models.DateTimeField()
    body = ExactJSONField()
    is_current = models.BooleanField(default=True)
    is_late = models.BooleanField(default=False)
    #: The batch whose record took this one's place, or already stood in it.
    superseded_by = models.BigIntegerField(null=True, blank=True)

    objects: ClassVar[models.Manager[Record]] = RecordQuerySet.as_manager()

    class Meta:
        # Ascending, although both are read newest first: what arrives in the order of
        # time is put at their ends, where pages fill; backwards they stay half empty.
        indexes = [
            # Reads of one key, newest first, and the search for a record's identity.
            models.Index(
                fields=["dataset", "key", "event_time", "batch_id", "ord"],
                condition=models.Q(is_current=True),
                name="record_of_key",
            ),
            # Reads of a whole dataset, newest first.
            models.Index(
                fields=["dataset", "event_time", "batch_id", "ord"],
                condition=models.Q(is_current=True),
                name="record_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"record {self.batch_id}.{self.ord}"


class FactQuerySet(models.QuerySet["Fact"]):
    """Facts as readers see them."""

    def own(self) -> FactQuerySet:
        """Leave out what was forwarded to lanes, of other datasets or other shards."""
        return self.filter(lane__dataset=models.F("dataset"), is_guest=False)


class Fact(models.Model):
    """The last values of one key: state of the lane that judges by them."""

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="facts")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="facts")
    key = models.CharField(max_length=1500)
    #: Per field: [value, previous value, event time], and what rules remember besides.
    fields = ExactJSONField()
    watermark = models.DateTimeField(
        null=True, help_text="The greatest event time of the key."
    )
    #: Of a key that another lane of the dataset judges; it was forwarded here.
    is_guest = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager[Fact]] = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("lane", "dataset", "key", name="fact_unique")
        ]

    def __str__(self) -> str:
        return self.key
