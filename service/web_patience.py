"""Asking what may hang, such as a database that no longer answers, and waiting only for so long."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from model.errors import Unavailable

SECONDS = 5.0
_THREADS = 2  # all that may hang at once; who asks further waits as long, and is told the same


class Patience:
    """Threads of their own, so that questions which hang keep no other request waiting."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="patience")

    async def ask[T](self, question: Callable[[], T]) -> T:
        """Ask in a thread, and wait for the answer.

        Raises
        ------
        Unavailable
            It took too long.
        """
        asked = asyncio.get_running_loop().run_in_executor(self._threads, question)
        try:
            return await asyncio.wait_for(asked, self._seconds)
        except TimeoutError:
            raise Unavailable(
                f"the database gave no answer within {self._seconds:g} s; look whether its server hangs"
            ) from None
