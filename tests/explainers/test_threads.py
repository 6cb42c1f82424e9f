from threadpoolctl import threadpool_info

from explainers.threads import on_one_thread


def threads_of_blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_one_thread_within_and_as_many_as_before_afterwards():
    """scipy's library counts too, though nothing may have loaded it before."""
    before = threads_of_blas()
    within = on_one_thread(threads_of_blas)()

    assert within
    assert set(within) == {1}
    assert threads_of_blas()[: len(before)] == before
