"""The service: `app.py` wires it, `routes.py` and `pages.py` hold every route."""
