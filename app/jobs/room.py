"""Limits on the results that a caller and a project keep: without a bound one key could fill the disk of all."""

from __future__ import annotations

from functools import partial

from ..errors import ProjectFull, TooManyJobs
from ..store import jobs
from ..web.dependencies import Services


async def refuse_without_room(services: Services, project: str, *, size: int, job: bool = True) -> None:
    """Raises TooManyJobs, and ProjectFull for `size` more bytes. job: a job is to be stored."""
    if job and services.caller:
        most = services.settings.caller_jobs
        kept = await services.store.read(partial(jobs.kept, project=project, caller=services.caller))
        if kept >= most:
            raise TooManyJobs(f"{kept:,} jobs of yours are stored; at most {most:,} are")
    most = services.settings.project_bytes
    held = await services.store.read(partial(jobs.bytes_kept, project=project))
    if held + size > most:
        raise ProjectFull(
            f"the project keeps {held:,} bytes and {size:,} more would be over the {most:,} that it may keep"
        )
