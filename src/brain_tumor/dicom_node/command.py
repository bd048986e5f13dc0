"""`brain-tumor dicom-node`: arguments, settings, and the node."""

import argparse
import logging
import threading
import warnings
from contextlib import closing
from pathlib import Path

from brain_tumor.arguments import Commands, add_command
from brain_tumor.classifier import load_classifier
from brain_tumor.configuration import ModelSettings, read_configuration, to_settings
from brain_tumor.dicom_node.durable_files import DATABASE, make_private
from brain_tumor.dicom_node.events import EventLog, log_thread_failures
from brain_tumor.dicom_node.settings import SECTION, NodeSettings
from brain_tumor.dicom_node.store import Store
from brain_tumor.extras import require_extra
from brain_tumor.output_lock import locked

STOPPED = 0
_EXAMPLES = ("--config brain-tumor.toml",)
_DESCRIPTION = """\
Receive MR images as a DICOM node, answer each series when it is complete, and send a structured report and a secondary
capture of it to an archive, until SIGTERM or Ctrl-C. What was received and not sent yet is on the disk: after a stop of
any kind the next start goes on with it. docs/hospital.md has an example of the file.

Exit status: 0 stopped, 2 wrong use, or a model, a configuration, a folder or an address that cannot be used."""


def add_dicom_node(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(
        commands, "dicom-node", "answer series that a PACS sends (extra: pacs)", _DESCRIPTION, _EXAMPLES
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        required=True,
        help="TOML file with the tables [dicom-node] and [model]; environment variables such as "
        "BRAIN_TUMOR_DICOM_NODE__PORT count more",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    tables = read_configuration(arguments.config)
    settings = to_settings(NodeSettings, SECTION, tables)
    model = to_settings(ModelSettings, "model", tables)
    require_extra("dicom-node", "pacs", "pynetdicom", "highdicom")
    from brain_tumor.dicom_node.answer import SeriesAnswerer, is_own
    from brain_tumor.dicom_node.node import Node, running

    # What libraries say may quote a data set. Without a handler Python would print it.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    log = EventLog()
    log_thread_failures(log)
    classifier = load_classifier(model.file, model.threads, model.engine)
    make_private(settings.folder)
    with locked([settings.folder / DATABASE]), closing(Store(settings.folder, settings.store_limits)) as store:
        node = Node(settings, store, SeriesAnswerer(classifier, settings.with_heat_map), is_own, log)
        try:
            with running(node):
                threading.Event().wait()
        except KeyboardInterrupt:  # SIGTERM too; the node has ended in order
            return STOPPED
    raise AssertionError  # nothing else ends the wait
