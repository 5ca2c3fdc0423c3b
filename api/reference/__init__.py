"""The description of the API that `/openapi.json` and `/docs` show, with an example of each call."""
