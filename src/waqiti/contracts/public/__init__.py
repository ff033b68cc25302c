"""The bodies of the public API, as services answer them and as ``waqiti.client`` reads them."""
