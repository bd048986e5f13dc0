"""The adapter of pynetdicom: connections that are let in, objects that arrive, results that leave."""

import logging
import ssl
import threading
import time
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from socketserver import BaseServer
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    HTJ2K,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from brain_tumor.dicom_node.admission import Admission, Refusal
from brain_tumor.dicom_node.completion import Completion
from brain_tumor.dicom_node.encryption import describe_failure, to_client_context, to_server_context
from brain_tumor.dicom_node.events import Event, EventLog
from brain_tumor.dicom_node.message_sizes import MessageSizes
from brain_tumor.dicom_node.receive import IMAGE_CLASSES, RESULT_CLASSES, Arrival, Receiver
from brain_tumor.dicom_node.settings import NodeSettings
from brain_tumor.dicom_node.statuses import StoreStatus
from brain_tumor.errors import BrainTumorError

_VERIFICATION = "1.2.840.10008.1.1"
# Source of (result, source, reason): DICOM PS3.8, 9.3.4. For an address it knows no reason of its own.
_REJECTIONS = {Refusal.CALLED_TITLE: (1, 1, 7), Refusal.CALLING_TITLE: (1, 1, 3), Refusal.ADDRESS: (1, 1, 1)}
# All that can be read. The sender offers some of them; of several the first here is agreed on.
_SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    *JPEGTransferSyntaxes,
    *JPEGLSTransferSyntaxes,
    *JPEG2000TransferSyntaxes,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    HTJ2K,
    RLELossless,
    DeflatedExplicitVRLittleEndian,
]
_MAX_PDU_BYTES = 128 * 2**10  # that the node asks for
# A request with 128 proposals of all syntaxes is the longest message in order; its own length field allows 4 GiB.
_MAX_ANY_PDU_BYTES = 2**20
# Connections that have not said yet who they are, above those that work.
_MAX_STRANGERS = 16
_READ_BYTES = 2**16
MAX_RESULTS_AT_ONCE = 50

# Its log quotes data sets and titles of strangers; the node has a log of its own.
logging.getLogger("pynetdicom").propagate = False
logging.getLogger("pynetdicom").addHandler(logging.NullHandler())
_config.LOG_HANDLER_LEVEL = "none"


class Listener:
    """Listens for connections, in threads of its own."""

    def __init__(self, settings: NodeSettings, receiver: Receiver, completion: Completion, log: EventLog) -> None:
        """Nothing listens yet.

        Raises:
            ConfigurationError: a file of a certificate cannot be used.
        """
        self._settings, self._receiver, self._completion, self._log = settings, receiver, completion, log
        self._admission = Admission(settings.ae_title, settings.senders)
        self._messages = MessageSizes(settings.max_object_bytes, _MAX_ANY_PDU_BYTES)
        entity = AE(settings.ae_title)
        entity.maximum_associations = settings.max_associations
        entity.maximum_pdu_size = _MAX_PDU_BYTES
        entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = settings.network_timeout_s
        entity.add_supported_context(_VERIFICATION)
        for sop_class in (*IMAGE_CLASSES, *RESULT_CLASSES):
            entity.add_supported_context(sop_class, _SYNTAXES)
        self._entity = entity
        self._context = to_server_context(settings.tls) if settings.tls else None
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._server.server_address[1]) if self._server else 0

    def start(self) -> None:
        """Begin to listen.

        Raises:
            BrainTumorError: the address or port cannot be used.
        """
        handlers: list[Any] = [
            (evt.EVT_REQUESTED, self._admit),
            (evt.EVT_PDU_RECV, self._measure),
            (evt.EVT_C_ECHO, lambda _: StoreStatus.SUCCESS.value),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_RELEASED, lambda event: self._completion.release(event.assoc)),
            (evt.EVT_CONN_CLOSE, lambda event: self._completion.lose(event.assoc)),
        ]
        host, port = self._settings.host, self._settings.port
        try:
            server: Any = self._entity.make_server(
                (host, port),
                ssl_context=self._context,
                evt_handlers=handlers,
                server_class=partial(_Server, self._log),  # type: ignore[arg-type] # anything that makes a server will do
                request_handler=_Handler,
            )
        except OSError as error:
            raise BrainTumorError(
                f"{host} port {port}: cannot be listened on ({error.strerror}); set host and port of dicom-node"
            ) from None
        self._server = server
        threading.Thread(target=server.serve_forever, name="listener", daemon=True).start()

    def stop(self) -> None:
        """Let nobody in any more and end what is open; what was not answered yet, its sender sends again."""
        if self._server is None:
            return
        connections = self._server.active_associations
        self._server.shutdown()
        for connection in connections:
            connection.abort()
        self._server = None

    def _admit(self, event: Any) -> None:
        requestor = event.assoc.requestor
        request = requestor.primitive
        calling, address = str(request.calling_ae_title), str(requestor.address_info.address)
        refusal = self._admission.refusal(str(request.called_ae_title), calling, address)
        if refusal:
            self._log.write(Event.CONNECTION_REFUSED, reason=refusal.value, address=address)
            event.assoc.acse.send_reject(*_REJECTIONS[refusal])
            event.assoc.kill()  # which waits until the rejection is sent

    def _measure(self, event: Any) -> None:
        """Keep a message from growing without end: pynetdicom collects it in memory until it is whole."""
        for item in getattr(event.pdu, "presentation_data_value_items", ()):
            value = item.presentation_data_value or b"\x03"
            header = value[0]  # bit 0: of the command, not of the data set; bit 1: the last of it
            fits = self._messages.add(event.assoc, len(value) - 1, bool(header & 1), bool(header & 2))
            # Requests wait for their answers; a sender that does not wait would fill the queue.
            if fits is None or event.assoc.dimse.msg_queue.qsize() > 1:
                self._log.write(Event.CONNECTION_ENDED, reason="too_much_at_once")
                event.assoc.abort()
                return
            if not fits:
                item.presentation_data_value = value[:1]

    def _store(self, event: Any) -> int:
        request, context = event.request, event.context
        if request.DataSet is None:
            return StoreStatus.CANNOT_UNDERSTAND.value
        arrival = Arrival(
            str(context.abstract_syntax),
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
            event.encoded_dataset(),
            event.assoc,
        )
        request.DataSet.close()  # frees its memory; the arrival has a copy
        try:
            return self._receiver.receive(arrival).value
        finally:
            self._messages.forget(event.assoc)


class _Server(ThreadedAssociationServer):
    """Closes connections at once where too many are open, before anything is read from them."""

    request_queue_size = 64  # with socketserver's 5, a burst of senders waits a second for each try of the system

    def __init__(self, log: EventLog, *given: Any, **named: Any) -> None:
        """Listen; given, named: as pynetdicom's."""
        self._log = log
        self._handshakes: set[ssl.SSLSocket] = set()  # connections that are not agreed on yet
        super().__init__(*given, **named)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        open_now = len(self.active_associations) + len(self._handshakes)
        if open_now >= self.ae.maximum_associations + _MAX_STRANGERS:
            return False
        if isinstance(request, ssl.SSLSocket):
            self._handshakes.add(request)
        return True

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; pynetdicom's own waits for the handshake meanwhile, and everybody with it."""
        listening: Any = self.socket
        connection, address = listening.accept()
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Agree on the encryption, in a thread of the connection's own, and hear what the sender wants."""
        if isinstance(request, ssl.SSLSocket):
            try:
                request.settimeout(self.ae.network_timeout)
                request.do_handshake()
            except OSError as error:
                address, reason = str(client_address[0]), describe_failure(error)
                self._log.write(Event.TLS_FAILED, peer="sender", address=address, reason=reason)
                self.shutdown_request(request)
                return
            finally:
                self._handshakes.discard(request)
        super().finish_request(request, client_address)

    def shutdown(self) -> None:
        """Stop listening; pynetdicom's own looks for the server in a list that AE.make_server() does not keep."""
        BaseServer.shutdown(self)
        for connection in list(self._handshakes):
            self.shutdown_request(connection)
        self.server_close()


class _Handler(RequestHandler):
    """Gives each connection a socket that neither waits nor reads without end."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        _bound_reading(association)
        return association


def _bound_reading(association: Association) -> None:
    connection: Any = association.dul.socket
    connection.recv = partial(_read_within, connection, association.network_timeout or 30.0)


def _read_within(connection: AssociationSocket, timeout_s: float, size: int) -> bytearray:
    """In place of AssociationSocket.recv, which reads up to 4 GiB that a length field promises, and waits for ever.

    Raises:
        OSError: too much is promised, or it does not come in time; the connection ends.
    """
    if size > _MAX_ANY_PDU_BYTES:
        raise OSError("longer than any message in order")
    deadline = time.monotonic() + timeout_s
    content = bytearray()
    plain = connection.socket
    while plain is not None and len(content) < size:
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        piece = plain.recv(min(size - len(content), _READ_BYTES))
        if not piece:
            break
        content += piece
    if plain is not None:
        plain.settimeout(timeout_s)  # for what is sent
    return content


class Uplink:
    """Sends results to the archive."""

    def __init__(self, settings: NodeSettings, log: EventLog) -> None:
        """Open no connection yet.

        Raises:
            ConfigurationError: a file of a certificate cannot be used.
        """
        self._settings, self._log = settings, log
        tls = settings.destination.tls
        self._tls = (to_client_context(tls, self._note), tls.name or settings.destination.host) if tls else None

    def send(self, files: Sequence[Path]) -> Generator[int | None, None, None]:
        """Send DICOM files over one connection.

        Args:
            files: of this program's making.

        Yields:
            A status for each file as it is answered: of PS3.4, B.2.3; None, and no more, where the archive cannot be
            reached or does not answer.
        """
        data_sets = [_read(file) for file in files[:MAX_RESULTS_AT_ONCE]]
        settings, destination = self._settings, self._settings.destination
        entity = AE(settings.ae_title)
        entity.connection_timeout = entity.network_timeout = settings.network_timeout_s
        entity.acse_timeout = entity.dimse_timeout = settings.network_timeout_s
        offers = {(str(item.SOPClassUID), str(item.file_meta.TransferSyntaxUID)) for item in data_sets if item}
        for sop_class, syntax in sorted(offers):
            # What is not compressed is put into the one form that every archive takes, where it takes no other.
            syntaxes = [syntax, ImplicitVRLittleEndian] if syntax == ExplicitVRLittleEndian else [syntax]
            entity.requested_contexts = [*entity.requested_contexts, build_context(sop_class, syntaxes)]
        try:
            association = entity.associate(
                destination.host,
                destination.port,
                ae_title=destination.ae_title,
                tls_args=self._tls,
                evt_handlers=[(evt.EVT_CONN_OPEN, lambda event: _bound_reading(event.assoc))],
            )
        except OSError:  # the name of the host is not known
            yield None
            return
        try:
            if not association.is_established:
                yield None
                return
            for number, data_set in enumerate(data_sets, 1):
                yield (status := _send(association, data_set, number))
                if status is None:
                    return
        finally:
            if association.is_established:
                association.release()

    def _note(self, error: OSError) -> None:
        self._log.write(Event.TLS_FAILED, peer="archive", reason=describe_failure(error))


def _read(file: Path) -> FileDataset | None:
    """A result; None where the disk has damaged it."""
    try:
        return dcmread(file)
    except (OSError, InvalidDicomError):
        return None


def _send(association: Association, data_set: Dataset | None, number: int) -> int | None:
    if data_set is None:
        return StoreStatus.CANNOT_UNDERSTAND.value
    try:
        answer = association.send_c_store(data_set, msg_id=number)
    except ValueError:  # the archive does not take such objects
        return StoreStatus.CLASS_NOT_SUPPORTED.value
    except RuntimeError:  # the connection has ended
        return None
    return int(answer.Status) if "Status" in answer else None
