"""Which requests are replays: a payment is known by its key, everything else by its stored answer."""

from waqiti.foundation.http import Incoming, Replays
from waqiti.services.payment.api.orders import key_hash, read_orders
from waqiti.services.payment.api.paying import BATCH_PATH, PATH
from waqiti.services.payment.usecases.paying import Order
from waqiti.services.payment.usecases.replaying import Replaying


def replays(replaying: Replaying) -> Replays:
    """Return the question; a batch is a replay where every payment in it is."""

    async def replayed(incoming: Incoming) -> bool:
        if incoming.path == BATCH_PATH:
            orders = read_orders(incoming)
            return await replaying.are_accepted([order.key_hash for order in orders if isinstance(order, Order)])
        request = incoming.request_key()
        if incoming.path == PATH:
            return await replaying.are_accepted([key_hash(request)])
        return await replaying.is_answered(request)

    return replayed
