"""Files inside a page."""

import base64


def to_data_uri(media_type: str, content: bytes) -> str:
    """An address that holds the whole file.

    Args:
        media_type: such as ``image/png``.
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
