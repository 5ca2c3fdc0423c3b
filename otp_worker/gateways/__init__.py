"""The gateways, one file each.

Another one is one file here and one test module:

1. ``otp_worker/gateways/NAME.py``: a class that subclasses ``Gateway``, says its ``capabilities``, and makes
   an ``Outcome`` of every answer; a model that subclasses ``Account``, with ``kind = "NAME"`` and ``open``;
   and ``ACCOUNT = `` that model. It is found by its name. ``parsing.py`` has what most of them need.
2. ``otp_worker/devtools/simulator/profiles/NAME.py``: the vendor's API for one phone, its guesses marked; one
   line in ``PROFILES``.
3. ``tests/contract/gateways/test_NAME.py``: a subclass of ``AdapterContract`` with the vendor's outcome
   table, and what is the vendor's own.
"""
