"""The web archive: pages are plain functions Request -> Response behind a thin ASGI layer."""
