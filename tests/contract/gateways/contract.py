"""What holds for every adapter: one suite that each one's own test module runs against its simulator.

A module subclasses ``AdapterContract``, says how its adapter is opened and what its vendor answers, and
adds what is the vendor's own.
"""

from tests.contract.gateways.callbacks_contract import CallbackContract
from tests.contract.gateways.faults_contract import FaultContract
from tests.contract.gateways.sends_contract import SendContract


class AdapterContract(SendContract, FaultContract, CallbackContract):
    """All of it, run by each adapter's subclass; ``Adapter`` lists what that must say for itself."""
