"""What a dataset's events look like: declared, guessed, and checked.

* `model`: the schema and its index columns; `document` reads it from Apperate's JSON
  Schema object.
* `checker`: one raw event in, a prepared record or a list of problems out.
* `cells`: the text cells of a CSV file as values of the schema's types.
* `inference`: a schema guessed from rows, for a person to correct.
"""

from datasets.schemas.cells import CellReader
from datasets.schemas.checker import Checker, Prepared
from datasets.schemas.document import read_schema
from datasets.schemas.inference import InferredField, InferredSchema, infer_schema
from datasets.schemas.model import (
    Field,
    FieldProblem,
    FieldType,
    Index,
    Schema,
    SchemaInvalid,
    apply_index,
    build_schema,
)
from datasets.schemas.names import (
    FIELDS_LIMIT,
    INDEX_BYTES_LIMIT,
    RESERVED_DATASETS,
    check_dataset_name,
)

__all__ = [
    "FIELDS_LIMIT",
    "INDEX_BYTES_LIMIT",
    "RESERVED_DATASETS",
    "CellReader",
    "Checker",
    "Field",
    "FieldProblem",
    "FieldType",
    "Index",
    "InferredField",
    "InferredSchema",
    "Prepared",
    "Schema",
    "SchemaInvalid",
    "apply_index",
    "build_schema",
    "check_dataset_name",
    "infer_schema",
    "read_schema",
]
